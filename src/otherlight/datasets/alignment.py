"""Where two pictures show the same: corners matched, an affine map by RANSAC, then refined.

Corners and their codes are ORB's (Rublee et al., ICCV 2011), the map is found by RANSAC (Fischler
and Bolles, 1981) and refined by following corners (Lucas and Kanade, 1981) to a fraction of a
pixel, which a look at local differences needs.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

Picture = UInt8[np.ndarray, "height width 3"]
Way = Float[np.ndarray, "2 3"]

_CORNERS = 500
_RATIO = 0.85
"""Lowe's test: the best match must be nearer than this share of the second best."""
_LEAST = 8
_STRETCH, _TURN = 0.3, 0.03
_COVER = 0.6


class Features(NamedTuple):
    """Corners of one picture and their codes; codes None where there are too few."""

    points: Float[np.ndarray, "corners 2"]
    codes: Any


class Alignment(NamedTuple):
    """An affine map from source to target pixels, and how many corners agree on it."""

    way: Way
    agreeing: int


def features_of(picture: Picture) -> Features:
    """Find corners and their codes."""
    import cv2

    orb: Any = cv2.ORB.create(_CORNERS, fastThreshold=7)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    corners, codes = orb.detectAndCompute(grey, None)
    points = np.array([corner.pt for corner in corners], np.float32).reshape(-1, 2)
    return Features(points, codes if len(points) >= _LEAST else None)


def align(mine: Features, theirs: Features) -> Alignment | None:
    """Find the affine map that most matched corners agree on; None where few match."""
    import cv2

    if mine.codes is None or theirs.codes is None:
        return None
    nearest = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(mine.codes, theirs.codes, 2)
    pairs = [
        (match[0].queryIdx, match[0].trainIdx)
        for match in nearest
        if len(match) == 2 and match[0].distance < _RATIO * match[1].distance
    ]
    if len(pairs) < _LEAST:
        return None
    source, target = (np.array(side) for side in zip(*pairs, strict=True))
    return _fit(mine.points[source], theirs.points[target], within=2.0)


def _fit(source: Any, target: Any, within: float) -> Alignment | None:
    import cv2

    found: Any = cv2.estimateAffine2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=within, maxIters=500
    )
    way, agree = found
    if way is None or int(agree.sum()) < _LEAST:
        return None
    return Alignment(np.asarray(way, np.float64), int(agree.sum()))


def is_crop(way: Way) -> bool:
    """Say whether a map only moves and stretches a little, as cropping and resizing do."""
    stretch = np.abs(np.diag(way[:, :2]) - 1).max()
    turn = max(abs(way[0, 1]), abs(way[1, 0]))
    return bool(stretch < _STRETCH and turn < _TURN)


def is_still(way: Way, picture: Picture) -> bool:
    """Say whether a map leaves every corner of the picture within two pixels of its place."""
    height, width = picture.shape[:2]
    ends = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float)
    return bool(np.abs(ends @ way.T - ends[:, :2]).max() <= 2.0)


def refine(source: Picture, target: Picture, way: Way) -> Way:
    """Follow corners from the mapped source to the target, and correct the map by them."""
    import cv2

    grey, there = (cv2.cvtColor(i, cv2.COLOR_BGR2GRAY) for i in (source, target))
    height, width = there.shape
    for _ in range(2):
        moved = cv2.warpAffine(grey, way, (width, height))
        covered = cv2.warpAffine(np.full_like(grey, 255), way, (width, height))
        covered = cv2.erode((covered == 255).astype(np.uint8), np.ones((9, 9), np.uint8))
        corners: Any = cv2.goodFeaturesToTrack(moved, 150, 0.005, 7, mask=covered)
        if corners is None or len(corners) < _LEAST:
            return way
        followed: Any = corners.copy()
        followed, found, _ = cv2.calcOpticalFlowPyrLK(
            moved, there, corners, followed, winSize=(15, 15), maxLevel=1
        )
        kept = found.ravel() == 1
        better = _fit(corners[kept], followed[kept], within=0.7) if kept.sum() >= _LEAST else None
        if better is None:
            return way
        way = better.way @ np.vstack([way, [0, 0, 1]])
    return way


def common_part(source: Picture, target: Picture, way: Way) -> tuple[Any, Any] | None:
    """Cut out what both show, on the target's pixels; None where that is a small part."""
    import cv2

    height, width = target.shape[:2]
    stretch, move = np.diag(way[:, :2]), way[:, 2]
    first = np.ceil(np.maximum(move + 0.5, 0)).astype(int)
    end = np.minimum(stretch * source.shape[1::-1] + move - 0.5, (width, height))
    last = np.floor(end).astype(int)
    if ((last - first) < _COVER * np.array([width, height])).any():
        return None
    moved = cv2.warpAffine(source, way, (width, height), flags=cv2.INTER_LINEAR)
    part = slice(first[1], last[1]), slice(first[0], last[0])
    return np.ascontiguousarray(moved[part]), np.ascontiguousarray(target[part])
