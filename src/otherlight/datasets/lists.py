"""Text lists of image paths, one a line: unlabelled images, such as one domain to learn from."""

from pathlib import Path, PurePosixPath

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import key_of, read_text, there_is
from otherlight.datasets.samples import Content, Sample, Tally
from otherlight.errors import DatasetError


def read_lists(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Read one list; paths are relative to ``images``, else to the list's folder."""
    if not source.is_file():
        raise DatasetError(f"Expected a text file of image paths at {source}; there is none.")
    root = (images or source.parent).resolve()
    names = parse_list(read_text(source), str(source))
    again = len(names) - len(set(names))
    tally.note("path that the list has already", str(source), again)
    samples = [_sample(root, name, source, config, tally) for name in dict.fromkeys(names)]
    kept = [sample for sample in samples if sample is not None]
    files = [source, *(sample.file for sample in kept if config.pixels)]
    return Content(classes=(), samples=kept, count=len(kept), files=files)


def parse_list(text: str, at: str) -> list[str]:
    r"""Read the paths; blank lines are left out.

    >>> parse_list("8a/b3/ab/ab38a\n\ntrain/b.jpg\n", "train_day.txt")
    ['8a/b3/ab/ab38a', 'train/b.jpg']

    Raises:
        DatasetError: a path leads out of the folder of images, or there is none.
    """
    names: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        name = line.strip()
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise DatasetError(
                f"Paths of a list must be relative and stay inside the folder of images; "
                f"{name[:80]!r} came in {at}, line {number}. Say where that is with --images."
            )
        if name:
            names.append(path.as_posix())
    if not names:
        raise DatasetError(f"A list must name at least one image; {at} names none.")
    return names


def _sample(
    root: Path, name: str, source: Path, config: ImportConfig, tally: Tally
) -> Sample | None:
    file = root / name
    if config.pixels and not there_is(file):
        tally.images += 1
        tally.drop_images("path without image file", str(file))
        return None
    key = key_of(file, name)
    return Sample(image=key, file=file, at=str(source), labelled=False)
