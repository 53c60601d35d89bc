"""What weather needs to know of a scene: where the sky is, and how far things are.

Where depth is known it is used. Else both are guessed from a road scene's usual build: a level
road seen from a car, sky without edges reaching down from the top. The guess is wrong for the top
of what stands near, for indoor images and for cameras that look down.
"""

import math

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from otherlight.images.dense import Metres
from otherlight.images.tensors import Tones

Plain = Float32[np.ndarray, "height width"]
"""One number by pixel."""

LEFT = math.log(20.0)
"""At the distance called visibility a black thing keeps 5 % of its contrast."""
FAR = 1000.0
"""Metres from which everything counts as the sky."""

_CAMERA_HEIGHT, _HOUSES = 1.5, 7.0
"""Metres: a camera over the road, and how far above the camera the tops of things reach."""
HORIZON, FOCAL = 0.48, 0.9
"""In shares of the image's height, and of its longer side: a camera that sees 58 degrees."""
_GUESSED_FAR, _NEAREST = 120.0, 0.1
_TILE = 256
GAMMA = 2.2


def linear(tones: Tones) -> Tones:
    """Turn tones into light, which adds up."""
    return np.power(tones, np.float32(GAMMA))


def displayed(light: Tones) -> Tones:
    """Turn light back into tones."""
    return np.power(np.maximum(light, np.float32(0.0)), np.float32(1.0 / GAMMA))


def lightness(tones: Tones) -> Plain:
    """Weigh red, green and blue as the eye does (Rec. 601)."""
    return np.asarray(cv2.cvtColor(tones, cv2.COLOR_RGB2GRAY), np.float32)


def sky_of(tones: Tones, depth: Metres | None) -> Plain:
    """Say which share of each pixel is sky, 0..1."""
    known = None if depth is None else filled(depth)
    if known is not None:
        return soft((known >= FAR).astype(np.float32), 0.2)
    sharp = lightness(tones)
    grey = soft(sharp, 0.8)
    edges = np.maximum(_steps(grey, 0), _steps(grey, 1))
    bars = _beside_bars(sharp)
    edges[bars] = 0.0
    met = np.maximum.accumulate(edges, axis=0)
    # In a hazy image edges are fainter, and all is bright.
    clearness = float(np.clip(grey.std() / 0.2, 0.3, 1.0))
    brightest = max(float(np.percentile(grey, 98)), 0.05)
    bright = 1.0 - _falls(grey, 0.7 * brightest, 0.85 * brightest)
    blue = 1.0 - _falls(soft(tones[..., 2] - tones[..., 0], 0.8), 0.05, 0.12)
    like = np.maximum(bright, blue)
    # A blue sign on an even wall is no sky: nothing but sky lies over sky.
    over = np.minimum.accumulate(np.where(bars[:, None], np.float32(1.0), like), axis=0)
    free = _falls(met, 0.03 * clearness, 0.07 * clearness) * np.minimum(like, over)
    rows = rows_of(grey.shape[0])
    return guided(free * _falls(rows, 0.5, 0.65), sharp, 0.015, 4e-4).clip(0.0, 1.0)


def distance_of(tones: Tones, depth: Metres | None, sky: Plain) -> Plain:
    """Say how far the surface of each pixel is, in metres; the sky is at `FAR`."""
    known = None if depth is None else filled(depth)
    if known is not None:
        return np.clip(known, _NEAREST, FAR).astype(np.float32)
    height, width = sky.shape
    # Below the horizon lies road; above it, what is no sky is no higher than houses.
    below = (rows_of(height) - HORIZON) * (height / (FOCAL * max(height, width)))
    slope = np.where(below > 0, below / _CAMERA_HEIGHT, -below / _HOUSES)
    inverse = np.repeat(np.maximum(slope, 1.0 / _GUESSED_FAR), width, axis=1).astype(np.float32)
    inverse = guided(inverse, lightness(tones), 0.06).clip(1.0 / _GUESSED_FAR, 1.0)
    return 1.0 / (inverse * (1.0 - sky) + sky / np.float32(FAR))


def ground_of(tones: Tones, sky: Plain) -> Plain:
    """Guess which share of each pixel is road: grey, even, and low in the image."""
    grey = lightness(tones)
    colourful = soft(tones.max(axis=2) - tones.min(axis=2), 1.0)
    edges = soft(np.maximum(_steps(grey, 0), _steps(grey, 1)), 1.5)
    low = 1.0 - _falls(rows_of(grey.shape[0]), HORIZON + 0.02, HORIZON + 0.16)
    share = _falls(edges, 0.02, 0.10) * _falls(colourful, 0.10, 0.25) * low * (1.0 - sky)
    return guided(share.astype(np.float32), grey, 0.03).clip(0.0, 1.0)


def overcast(light: Tones, sky: Plain, cloud: Float32[np.ndarray, " 3"], dull: float) -> Tones:
    """Draw clouds over a scene: a share ``dull`` of its colour goes, and most of its sky."""
    grey = light.mean(axis=2, keepdims=True)
    light = grey + np.float32(1.0 - dull) * (light - grey)
    return light + (np.float32(0.8) * sky)[..., None] * (cloud - light)


def veiled(
    light: Tones, distance: Plain, visibility: float, air: Float32[np.ndarray, " 3"]
) -> Tones:
    """Put the air's light before a scene, by Koschmieder's law (1924)."""
    clear = np.exp(np.float32(-LEFT / visibility) * distance)[..., None]
    return light * clear + air * (np.float32(1.0) - clear)


def filled(depth: Metres) -> Metres | None:
    """Give unknown pixels the depth of the nearest known one; none if nothing is known.

    Nothing lies behind the camera: what is below 0 is unknown too.
    """
    unknown = ~(depth >= 0)
    if unknown.all():
        return None
    if not unknown.any():
        return depth
    _, labelled = cv2.distanceTransformWithLabels(
        unknown.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    label = np.asarray(labelled, np.int64)
    value = np.zeros(int(label.max()) + 1, np.float32)
    value[label[~unknown]] = depth[~unknown]
    return value[label]


def soft(plain: Plain, hundredths: float) -> Plain:
    """Blur by a share of the image's longer side, in hundredths."""
    sigma = max(0.3, hundredths * max(plain.shape) / 100)
    return np.asarray(cv2.GaussianBlur(plain, (0, 0), sigma), np.float32)


def guided(plain: Plain, guide: Plain, share: float, even: float = 2e-3) -> Plain:
    """Smooth but for a guide's edges (guided filter, He et al. 2013); ``share`` of the side."""
    side = 2 * max(1, round(share * max(plain.shape))) + 1

    def mean(values: Plain) -> Plain:
        return np.asarray(cv2.blur(values, (side, side)), np.float32)

    middle, centre = mean(guide), mean(plain)
    slope = (mean(guide * plain) - middle * centre) / (mean(guide * guide) - middle**2 + even)
    return mean(slope) * guide + mean(centre - slope * middle)


def patches(chance: np.random.Generator, height: int, width: int, cells: int) -> Plain:
    """Draw soft unevenness, about -1..1, with so many patches along the longer side."""
    longer = max(height, width)
    size = (max(2, cells * width // longer + 2), max(2, cells * height // longer + 2))
    drawn = chance.uniform(-1.0, 1.0, (size[1], size[0])).astype(np.float32)
    return np.asarray(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def on_road(chance: np.random.Generator, height: int, width: int, metres: float) -> Plain:
    """Draw unevenness, about -1..1, that lies on a level road in patches of so many metres.

    They shrink with distance, and fade where they are too small to be seen. 0 over the horizon.
    """
    tile = chance.uniform(-1.0, 1.0, (_TILE, _TILE)).astype(np.float32)
    below = (rows_of(height) - HORIZON) * (height / (FOCAL * max(height, width)))
    ahead = _CAMERA_HEIGHT / np.maximum(below, 1.0 / _GUESSED_FAR)
    across = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / (FOCAL * max(height, width))
    places = (np.repeat(ahead, width, axis=1), across[None, :] * ahead)
    along, aside = (np.mod(place / metres, _TILE).astype(np.float32) for place in places)
    found = cv2.remap(tile, aside, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    fades = np.minimum(1.0, 12.0 * metres / ahead) * (below > 0)
    return (np.asarray(found, np.float32).reshape(height, width) * fades).astype(np.float32)


def rows_of(height: int) -> Float32[np.ndarray, "height 1"]:
    """Say where the middle of each row lies: 0 at the top, 1 at the bottom."""
    return ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]


def _steps(plain: Plain, axis: int) -> Plain:
    """Measure how much the values change from each pixel to the next, downwards or across."""
    moved = np.roll(plain, 1, axis)
    # What is rolled in from the other side is no neighbour.
    first = (slice(0, 1), slice(None)) if axis == 0 else (slice(None), slice(0, 1))
    moved[first] = plain[first]
    return np.abs(plain - moved)


def _beside_bars(grey: Plain) -> Bool[np.ndarray, " height"]:
    """Find the rows on and beside black bars, whose rim is no edge of the scene."""
    near = 2 * math.ceil(0.04 * max(grey.shape)) + 1
    bars = (grey.max(axis=1) < 0.03).astype(np.float32)
    return np.convolve(bars, np.ones(near), "same")[: len(bars)] > 0


def _falls(values: Plain, start: float, end: float) -> Plain:
    """Fall from 1 to 0 between two values."""
    return np.clip((end - values) / (end - start), 0.0, 1.0).astype(np.float32)
