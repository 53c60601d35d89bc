"""How others name the tensors of a ResNet generator, told from names and shapes alone.

Their networks are one numbered list of layers, in which an activation or a padding takes a number
and has no tensor. Ours are named by place: ``start.conv.weight``, ``blocks.3.first.norm.bias``.

| layout | who writes it |
|---|---|
| pix2pix | pytorch-CycleGAN-and-pix2pix, PyTorch-CycleGAN, CUT without anti-aliasing |
| cut | CUT with anti-aliased sampling, down or up or both |
| pytorch-gan | PyTorch-GAN, which upsamples by repeating pixels |
| gandtr | gandtr: a dictionary around one of the first two |
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from otherlight.nets.resnet_variants import Build, Norm, Up

Layout = Literal["auto", "pix2pix", "cut", "pytorch-gan", "gandtr"]
Shapes = Mapping[str, tuple[int, ...]]

_BLOCK = re.compile(r"model\.(\d{1,4})\.(conv_block|block)\.\d\.")
_AFFINE = ("weight", "bias", "running_mean", "running_var")
_TRACKED = ("running_mean", "running_var", "num_batches_tracked")


class UnknownLayoutError(ValueError):
    """The tensors are those of no known layout; the text says what stands in the way."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a file's tensors make, and where each of them goes."""

    layout: Layout
    build: Build
    names: Mapping[str, str]
    """The file's name of every tensor that is used, to ours."""
    unused: tuple[str, ...]
    """What changes no output: biases that an instance norm takes out again, counters of batches,
    and the statistics of instance norms, which early releases of torch wrote and nobody reads."""


@dataclass(frozen=True)
class _Place:
    """One convolution: its layer in the file, that of its norm and blur, and its name here."""

    conv: str
    norm: str | None
    ours: str
    blur: str | None = None


def read_layout(shapes: Shapes, wanted: Layout = "auto") -> Reading:
    """Tell a generator by the names of its tensors and their shapes.

    Raises:
        UnknownLayoutError: it has no known layout, or not the wanted one, or tensors too many or
            too few.
    """
    word, blocks = _blocks(shapes)
    down = "blurred" if "model.7.filt" in shapes else "strided"
    up = _up(shapes, (12 if down == "blurred" else 10) + blocks)
    norm: Norm = "batch" if "model.2.weight" in shapes else "instance"
    build = Build(width=_width(shapes), blocks=blocks, norm=norm, down=down, up=up)
    if norm == "instance" and "model.1.bias" not in shapes:
        raise UnknownLayoutError("without biases and norms it may be normalised in any way")
    if up == "nearest" and word == "conv_block" and wanted != "pytorch-gan":
        raise UnknownLayoutError(
            "its upsampling may repeat pixels or blend them; say layout: pytorch-gan if it repeats"
        )
    places = list(_places(build, word, _drops(shapes, word, build)))
    names = {theirs: ours for place in places for theirs, ours in _named(place, norm)}
    idle = {name for place in places for name in _idle(place, norm)}
    _check_all(shapes, names, idle)
    plain: Layout = "pytorch-gan" if up == "nearest" else "pix2pix"
    layout = "cut" if "blurred" in (down, up) else plain
    unused = tuple(name for name in shapes if name in idle)
    return Reading(layout=layout, build=build, names=names, unused=unused)


def _blocks(shapes: Shapes) -> tuple[str, int]:
    """Say how residual blocks are called and count them."""
    found = {match.groups() for name in shapes if (match := _BLOCK.match(name))}
    words = {word for _, word in found}
    if len(words) != 1:
        unet = any(name.startswith("model.model.") for name in shapes)
        raise UnknownLayoutError(
            "it is a U-Net, and ResNet generators alone are read"
            if unet
            else f"a ResNet generator has model.10.conv_block or model.10.block; its tensors are "
            f"{first_names(shapes)}"
        )
    return words.pop(), len(found)


def _width(shapes: Shapes) -> int:
    shape = shapes.get("model.1.weight", ())
    if len(shape) != 4 or shape[1:] != (3, 7, 7):
        raise UnknownLayoutError(
            f"a generator begins with model.1.weight of N x 3 x 7 x 7; it has {shape or 'none'}"
        )
    return shape[0]


def _up(shapes: Shapes, after: int) -> Up:
    if f"model.{after}.filt" in shapes:
        return "blurred"
    return "transposed" if f"model.{after}.weight" in shapes else "nearest"


def _drops(shapes: Shapes, word: str, build: Build) -> bool:
    """Tell by the second convolution's number whether a dropout stands before it."""
    first = 12 if build.down == "blurred" else 10
    return len(shapes.get(f"model.{first}.{word}.6.weight", ())) == 4


def _places(build: Build, word: str, drops: bool) -> Iterator[_Place]:
    yield _Place("model.1", "model.2", "start")
    blurred = build.down == "blurred"
    stride = 4 if blurred else 3
    for step in range(2):
        at = 4 + stride * step
        blur = f"model.{at + 3}" if blurred else None
        yield _Place(f"model.{at}", f"model.{at + 1}", f"down.{step}.layer", blur)
    first = 4 + 2 * stride
    second = 6 if drops else 5
    for number in range(build.blocks):
        inside = f"model.{first + number}.{word}"
        yield _Place(f"{inside}.1", f"{inside}.2", f"blocks.{number}.first")
        yield _Place(f"{inside}.{second}", f"{inside}.{second + 1}", f"blocks.{number}.second")
    after = first + build.blocks
    stride, offset = (3, 0) if build.up == "transposed" else (4, 1)
    for step in range(2):
        at = after + stride * step + offset
        blur = f"model.{at - 1}" if build.up == "blurred" else None
        yield _Place(f"model.{at}", f"model.{at + 1}", f"up.{step}.layer", blur)
    yield _Place(f"model.{after + 2 * stride + 1}", None, "end")


def _named(place: _Place, norm: Norm) -> Iterator[tuple[str, str]]:
    """Pair the file's names with ours."""
    yield f"{place.conv}.weight", f"{place.ours}.conv.weight"
    if place.norm is None:
        yield f"{place.conv}.bias", f"{place.ours}.conv.bias"
    elif norm == "batch":
        yield from ((f"{place.norm}.{each}", f"{place.ours}.norm.{each}") for each in _AFFINE)
    if place.blur is not None:
        yield f"{place.blur}.filt", f"{place.ours.removesuffix('.layer')}.blur.kernel"


def _idle(place: _Place, norm: Norm) -> Iterator[str]:
    """Name what may be there and changes no output."""
    if place.norm is None:
        return
    if norm == "instance":
        yield f"{place.conv}.bias"
    yield from (f"{place.norm}.{each}" for each in _TRACKED[2 if norm == "batch" else 0 :])


def _check_all(shapes: Shapes, names: Mapping[str, str], idle: set[str]) -> None:
    missing = [name for name in names if name not in shapes]
    over = [name for name in shapes if name not in names and name not in idle]
    if missing:
        raise UnknownLayoutError(f"it lacks {first_names(missing)}")
    if over:
        raise UnknownLayoutError(f"it also holds {first_names(over)}, which has no place there")


def first_names(names: Shapes | list[str]) -> str:
    """Quote the first three names, shortened, and count the others.

    >>> first_names(["a", "b", "c", "d"])
    "'a', 'b', 'c' and 1 more"
    """
    every = list(names)
    shown = ", ".join(repr(name[:60]) for name in every[:3]) or "none"
    return shown + (f" and {len(every) - 3} more" if len(every) > 3 else "")
