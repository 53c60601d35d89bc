"""What conditions share: pixels in space, softness, and the way from light to an image.

Light is added up in linear units; an image is the square root of what the sensor took up, which
is close to the curve of a display.
"""

from dataclasses import dataclass
from statistics import NormalDist

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from otherlight.world.project import Packed
from otherlight.world.shapes import Material
from otherlight.world.view import View

_SIGNALS = {Material.RED: "red", Material.YELLOW: "yellow", Material.GREEN: "green"}

Light = Float32[np.ndarray, "height width 3"]
"""Linear light by pixel: red, green, blue."""

Plain = Float32[np.ndarray, "height width"]
"""One number by pixel."""

Picture = UInt8[np.ndarray, "height width 3"]
"""A finished image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """Where the surface of every pixel is, relative to the camera, and which way it looks."""

    right: Plain
    up: Plain
    forward: Plain
    normal: tuple[Plain, Plain, Plain]
    ground: Plain
    sky: Plain


def space_of(view: View, farthest: float = 400.0) -> Space:
    """Find the surface behind every pixel; the sky lies at the farthest."""
    inverse = np.maximum(view.inverse_depth(), 1.0 / farthest)
    forward = 1.0 / inverse
    lens, face = view.lens, view.sampled()
    across = (np.arange(lens.width, dtype=np.float32) + 0.75 - lens.across) / lens.focal
    down = (lens.down - np.arange(lens.height, dtype=np.float32) - 0.75) / lens.focal
    normal = view.normal.T.copy()
    material = view.material.astype(np.uint8)[face]
    return Space(
        right=across[None, :] * forward, up=down[:, None] * forward, forward=forward,
        normal=(normal[0][face], normal[1][face], normal[2][face]),
        ground=(material == Material.GROUND).astype(np.float32),
        sky=(material == Material.SKY).astype(np.float32),
    )  # fmt: skip


def rows_of(space: Space, first: int) -> Space:
    """Keep the rows from ``first`` down, without copying."""
    right, up, forward = space.normal
    return Space(
        right=space.right[first:], up=space.up[first:], forward=space.forward[first:],
        normal=(right[first:], up[first:], forward[first:]),
        ground=space.ground[first:], sky=space.sky[first:],
    )  # fmt: skip


def shown(table: Float32[np.ndarray, "faces 3"], view: View) -> Light:
    """Look a colour up by face and bring the raster down to the image's size."""
    full = np.take(table, view.number, axis=0)
    size = (view.lens.width, view.lens.height)
    return np.asarray(cv2.resize(full, size, interpolation=cv2.INTER_AREA), np.float32)


def covered(faces: Bool[np.ndarray, " faces"], view: View) -> Plain:
    """Say which share of every pixel shows one of some faces; as soft at edges as ``shown``."""
    full = faces.astype(np.float32)[view.number]
    size = (view.lens.width, view.lens.height)
    return np.asarray(cv2.resize(full, size, interpolation=cv2.INTER_AREA), np.float32)


def grained(view: View, space: Space, packed: Packed) -> Plain:
    """Read the ground's unevenness, fixed to the ground; it fades with distance."""
    grain, travelled = packed.scene.grain, packed.scene.camera.travelled(view.seconds)
    along = ((space.forward + travelled) * 18).astype(np.int32) & 127
    aside = (space.right * 18).astype(np.int32) & 127
    return grain[along, aside] * space.ground * np.minimum(1.0, 9.0 / space.forward)


def on_road(packed: Packed, view: View, space: Space) -> tuple[Plain, Plain]:
    """Say where every pixel's surface is: metres right of the road's middle, and along the road."""
    camera, bend = packed.scene.camera, np.float32(0.5 * packed.scene.bend)
    right = space.right - bend * space.forward * np.abs(space.forward) + np.float32(camera.right)
    return right, space.forward + np.float32(camera.travelled(view.seconds))


def signals_lit(packed: Packed, view: View) -> Bool[np.ndarray, " faces"]:
    """Find the faces of traffic lights that are lit now."""
    lit = np.zeros(len(view.thing), np.bool_)
    for material, name in _SIGNALS.items():
        on = np.array([thing.state(view.seconds) == name for thing in packed.scene.things])
        lit |= (view.material == material) & on[view.thing] & (view.thing >= 0)
    return lit


def footprint(packed: Packed, view: View, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the low corners (right, forward) of things on the bent road, and their sizes."""
    low = view.place[index][:, [0, 2]] + packed.low[index]
    size = packed.high[index] - packed.low[index]
    middle = low[:, 1] + size[:, 1] / 2
    low[:, 0] += 0.5 * packed.scene.bend * middle * np.abs(middle)
    return low, size


def footprints(view: View, reach: np.ndarray, size: np.ndarray, shift: np.ndarray) -> Plain:
    """Cover the ground under things: 1 where their footprint, drawn out by a shift, lies.

    ``reach`` holds (right, forward) from the camera of each footprint's low corners, ``size`` its
    extent, ``shift`` how far its top's shadow falls, all in metres.
    """
    lens = view.lens
    mask = np.zeros((lens.height, lens.width), np.uint8)
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    base = reach[:, None] + unit * size[:, None]
    hull = np.concatenate([base, base + shift[:, None]], axis=1)
    height = float(view.plane[1, 1])
    hull[..., 1] = np.maximum(hull[..., 1], 0.9)
    scale = lens.focal / hull[..., 1]
    across = lens.across + hull[..., 0] * scale
    down = lens.down + scale / (height * lens.focal)
    corners = np.clip(np.stack([across, down], axis=-1), -4000, 4000).astype(np.float32)
    for outline in corners:
        cv2.fillConvexPoly(mask, cv2.convexHull(outline).astype(np.int32), 255)  # pyright: ignore
    return cv2.blur(mask, (3, 3)).astype(np.float32) * (1 / 255)


def under(packed: Packed, view: View) -> Plain:
    """Cover the ground right under everything that stands on it and is labelled."""
    things = packed.scene.things
    near = (view.place[:, 2] > -5) & (view.place[:, 2] < 80)
    alive = np.array([t.label is not None and t.at[1] == 0 for t in things])
    low, size = footprint(packed, view, np.flatnonzero(near & alive))
    return footprints(view, low - 0.1, size + 0.2, size * 0)


def glowing(light: Light, shares: tuple[tuple[float, float], ...]) -> Light:
    """Spread bright light as a lens does: (radius in hundredths of the width, share) each."""
    height, width = light.shape[:2]
    total = np.zeros_like(light)
    for radius, share in shares:
        sigma = radius * width / 100
        # A wide blur of a small image is the same as a wide one of a large image, but cheap.
        coarse = max(1, int(sigma / 1.5))
        small = light
        if coarse > 1:
            size = (max(1, width // coarse), max(1, height // coarse))
            small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), sigma / coarse, borderType=cv2.BORDER_CONSTANT)
        total += share * cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return total


def vignette(width: int, height: int, strength: float) -> Float32[np.ndarray, "height width 1"]:
    """Darken towards the corners."""
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] ** 2
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    return (1.0 - np.float32(strength * 0.5) * (across + down))[..., None]


def graded(light: Light, contrast: float, richness: float) -> Light:
    """Bend light as a camera's picture style does, about a middle grey of .18."""
    grey = light.mean(axis=2, keepdims=True)
    toned = np.maximum(grey + richness * (light - grey), 1e-5)
    return np.float32(0.18) * (toned * np.float32(1 / 0.18)) ** np.float32(contrast)


def developed(light: Light, noise: tuple[float, float], chance: np.random.Generator) -> Picture:
    """Turn light into an image: noise of the sensor (read, shot, in display units), then 8 bits."""
    picture = np.sqrt(np.maximum(light, 0.0))
    read, shot = noise
    # 256 steps of the normal distribution cannot be told from it after rounding, at a tenth of
    # the cost.
    grain = _NORMAL[np.frombuffer(chance.bytes(light.size), np.uint8)].reshape(light.shape)
    # In square-root units shot noise is the same everywhere and read noise grows in the dark.
    picture += grain * (shot + (0.12 * read) / (picture + 0.12))
    picture *= 255
    return np.clip(np.rint(picture, out=picture), 0, 255, out=picture).astype(np.uint8)


def _steps() -> Float32[np.ndarray, " 256"]:
    """Invert the normal distribution at the middles of 256 equal shares."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse((index + 0.5) / 256) for index in range(256)], np.float32)


_NORMAL = _steps()
