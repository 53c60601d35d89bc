"""A folder of images and no labels: a target domain to learn from."""

from pathlib import Path

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.listing import list_images
from otherlight.datasets.samples import Content, Sample, Tally
from otherlight.errors import DatasetError


def read_folder(source: Path, images: Path | None, config: ImportConfig, tally: Tally) -> Content:
    """Take every image under a folder, however deep, as unlabelled."""
    del config, tally
    if images is not None and images.resolve() != source.resolve():
        raise DatasetError(
            f"A folder of images is its own source; --images {images} came beside {source}. "
            f"Leave one out."
        )
    root = source.resolve()
    names = list_images(root)
    samples = [
        Sample(image=name, file=root / name, at=str(root / name), labelled=False) for name in names
    ]
    return Content(
        classes=(),
        samples=samples,
        count=len(samples),
        files=[root / name for name in names],
    )
