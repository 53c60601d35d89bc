"""Translate a whole set, keeping its labels: geometry does not move, so boxes stay true.

Every image goes through the network alone, on one thread, and several go at once: so no pixel
depends on how many, and reading, computing and writing overlap.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

import pyarrow as pa
import torch

from otherlight import __version__
from otherlight.errors import DatasetError, ImageError, PlanError
from otherlight.images.dense import read_depth, sized
from otherlight.images.files import encode, read_pixels
from otherlight.images.tensors import Images, stack, to_array, to_images, to_pixels
from otherlight.records.crew import cores
from otherlight.records.files import digest, holding, sha256_of, write_bytes
from otherlight.records.progress import task
from otherlight.records.run import begin_run, describe_run, finish_run
from otherlight.sets import ImageSet, read_set, write_set
from otherlight.sets.columns import IMAGES
from otherlight.training.devices import choose_device, instruction_set
from otherlight.training.prefetch import prefetch
from otherlight.translators import DepthAware, Referenced, Translator, context_for
from otherlight.translators.layouts import Layout
from otherlight.translators.model_file import Loaded, load_translator
from otherlight.translators.protocols import Depth

Format = Literal["same", "jpg", "png"]
_KEPT = {".jpg": ".jpg", ".jpeg": ".jpg", ".png": ".png"}


class How(TypedDict, total=False):
    """How it is carried out: no pixel depends on ``threads``."""

    format: Format
    device: str
    threads: int
    seed: int
    layout: Layout


def translate(
    source: ImageSet,
    with_: str | Path,
    to: Path,
    *,
    options: Mapping[str, Any] | None = None,
    reference: ImageSet | None = None,
    reverse: bool = False,
    **how: Unpack[How],
) -> ImageSet:
    """Write every image of a set in another light under ``to``, with its labels and its key.

    ``with_`` is a run folder, a model file, the weights of a generator that others trained, whose
    ``layout`` tells itself, or the name of a training-free method, whose settings are ``options``.
    Columns such as ``timeofday`` go on describing the scene that was captured.
    Killed, it goes on with the same command.

    Raises:
        PlanError: the translator is one-way, or lacks its reference.
        ImageError: images cannot be read; all the others are done.
    """
    _check_files(source)
    seed, device = how.get("seed", 0), choose_device(how.get("device", "auto"))
    loaded = load_translator(with_, options or {}, device, seed, how.get("layout", "auto"))
    _check_direction(loaded, reverse)
    if _wants_depth(loaded.translator):
        _check_depths(source, loaded.method)
    config = {
        "with": str(with_),
        "translator": loaded.identity,
        "options": dict(loaded.options),
        "reverse": reverse,
        "format": how.get("format", "same"),
    }
    inputs = {"source": source.hash} | ({"reference": reference.hash} if reference else {})
    licences = (loaded.licence, *loaded.borrowed)
    record = describe_run("translation", config, seed, inputs, licences, instruction_set())
    with holding(to):
        record = begin_run(to, record)
        if record.done:
            return read_set(to)
        _fit(loaded, reference)
        if reference is not None:
            loaded = replace(loaded, identity=_with_reference(loaded, reference))
        work = _Work(loaded, source, to, device, reverse, seed, how.get("format", "same"))
        images = work.table(how.get("threads") or cores())
        made_by = {
            "command": "translate",
            "version": __version__,
            "config": {**config, "translator": loaded.identity},
            "seed": seed,
            "source": str(source.root.resolve()),
        }
        translated = write_set(
            replace(
                source,
                name=f"{source.name} {'back ' if reverse else ''}by {Path(with_).name}",
                images=images,
                root=to,
                parents=({"name": source.name, "hash": source.hash},),
                made_by=made_by,
                counts={},
            ),
            to,
        )
        finish_run(to, record, len(source))
        return translated


@dataclass(frozen=True)
class _Work:
    """One translation: what every image needs."""

    loaded: Loaded
    source: ImageSet
    to: Path
    device: torch.device
    reverse: bool
    seed: int
    format: Format

    def table(self, threads: int) -> pa.Table:
        """Translate what is not done yet; return the images' rows."""
        rows = self.source.images.to_pylist()
        done: list[dict[str, Any]] = []
        torn: list[ImageError] = []
        with _one_thread_each(), task("translating", len(rows)) as advance:
            for row in prefetch(self._try_one, self._named(rows), threads, 2 * threads):
                torn.append(row) if isinstance(row, ImageError) else done.append(row)
                advance(1)
        if torn:
            raise ImageError(
                f"{len(torn)} of {len(rows)} images could not be translated; the first: {torn[0]} "
                f"The others are done and kept."
            )
        return pa.Table.from_pylist(done, IMAGES)

    def _named(self, rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Path]]:
        """Give each image its file: its key, with another ending after it where that differs."""
        keys = {row["image"] for row in rows}
        for row in rows:
            name, suffix = row["image"], Path(row["image"]).suffix.lower()
            wanted = _KEPT.get(suffix, ".png") if self.format == "same" else f".{self.format}"
            while _KEPT.get(Path(name).suffix.lower()) != wanted or (
                name in keys and name != row["image"]
            ):
                name += wanted
            yield row, self.to / "images" / name

    def _try_one(self, item: tuple[dict[str, Any], Path]) -> dict[str, Any] | ImageError:
        try:
            return self._one(*item)
        except ImageError as error:
            return error

    def _one(self, row: dict[str, Any], file: Path) -> dict[str, Any]:
        captured = self.source.root / row["file"]
        if not file.exists():
            pixels = to_images(stack([read_pixels(captured)]))
            write_bytes(file, encode(to_array(to_pixels(self._show(pixels, row))[0]), file.suffix))
        places = {
            key: str((self.source.root / row[key]).resolve())
            for key in ("depth", "flow", "mask")
            if row[key] is not None
        }
        return {
            **row,
            **places,
            "file": str(file.resolve()),
            "sha256": sha256_of(file),
            "channels": 3,
            "bits": 8,
            "parent": self.source.name,
            "parent_sha256": sha256_of(captured),
            "translator": self.loaded.identity,
            "method_version": f"{self.loaded.method} {__version__}",
            "direction": "reverse" if self.reverse else "forward",
            "seed": self.seed,
        }

    def _show(self, images: Images, row: dict[str, Any]) -> Images:
        context = context_for(self.seed, [row["image"]], self._depth(images, row))
        shown = self.loaded.translator.translate(
            images.to(self.device), context, reverse=self.reverse
        ).cpu()
        assert shown.shape == images.shape, "a translator must keep the size, or labels lie"
        return shown

    def _depth(self, images: Images, row: dict[str, Any]) -> Depth | None:
        """Read what the set knows of an image's depth, for translators that make use of it."""
        if row["depth"] is None or not _wants_depth(self.loaded.translator):
            return None
        kind = dict(row["attributes"] or ()).get("depth")
        metres = read_depth(self.source.root / row["depth"], kind)
        height, width = images.shape[2:]
        return torch.from_numpy(sized(metres, width, height))[None, None]


def _wants_depth(translator: Translator) -> bool:
    return isinstance(translator, DepthAware) and translator.wants_depth


def _check_depths(source: ImageSet, method: str) -> None:
    named = [source.root / file for file in source.column("depth") if file is not None]
    missing = [file for file in named if not file.is_file()]
    if missing:
        raise DatasetError(
            f"Every depth map of {source.name} must lie where the set says; {missing[0]} does not, "
            f"one of {len(missing)}. Put the files back, or let {method} guess: "
            f"options.use_depth=false."
        )


def _check_files(source: ImageSet) -> None:
    missing = [file for file in source.files() if not file.is_file()]
    if missing:
        raise DatasetError(
            f"Every image of {source.name} must lie where the set says; {missing[0]} does not, "
            f"one of {len(missing)}. Put the files back or import the set again."
        )


def _check_direction(loaded: Loaded, reverse: bool) -> None:
    if reverse and not loaded.translator.reversible:
        raise PlanError(
            f"{loaded.method!r} goes one way, from its source to its target; reverse was asked "
            f"for. Train a two-way method such as cyclegan, or leave reverse out."
        )


def _fit(loaded: Loaded, reference: ImageSet | None) -> None:
    translator = loaded.translator
    if not isinstance(translator, Referenced):
        if reference is not None:
            raise PlanError(
                f"{loaded.method!r} takes no reference set; {reference.name!r} came. Leave it out."
            )
        return
    if reference is None:
        raise PlanError(
            f"{loaded.method!r} needs a reference set of the target's light; none came. Add "
            f"--reference SET."
        )
    if not len(reference):
        raise DatasetError(
            f"A reference must hold at least one image; {reference.name!r} is empty. Check its "
            f"filter."
        )
    _check_files(reference)
    decoded = prefetch(read_pixels, reference.files(), cores())
    translator.fit(to_images(stack([pixels])) for pixels in decoded)


def _with_reference(loaded: Loaded, reference: ImageSet) -> str:
    """Tell apart in the lineage what one method made after different references."""
    return digest({"translator": loaded.identity, "reference": reference.hash})


@contextmanager
def _one_thread_each() -> Generator[None]:
    """Let each image be computed by one thread, so that its sums have one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
