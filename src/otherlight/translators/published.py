"""Weights that are published, by name: where they lie, their hash, their licence.

Only weights whose hash is known are fetched by name alone: tomorrow an address may hold others.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

_GANDTR = "http://ptak.felk.cvut.cz/personal/jenicto2/download/iccv23_gan"


@dataclass(frozen=True, kw_only=True)
class Published:
    """One file of weights: in this package, or at an address."""

    address: str
    """An http address, or the name of a file that goes with the package."""
    sha256: str | None
    """Of the whole file; None where nobody has published it and it was not fetched yet."""
    licence: str
    about: str

    @property
    def file(self) -> Path | None:
        """Say where it lies if it goes with the package."""
        if self.address.startswith(("http://", "https://")):
            return None
        return Path(str(files("otherlight.translators"))) / "weights" / self.address


PUBLISHED: dict[str, Published] = {
    "cyclegan": Published(
        address=f"{_GANDTR}/cyclegan_generator_X.pth",
        sha256=None,
        licence="not stated for the weights; MIT for their code",
        about="day to night, on photographs of buildings (Mohwald et al. 2023)",
    ),
    "hedngan": Published(
        address=f"{_GANDTR}/hedngan_generator_X.pth",
        sha256=None,
        licence="not stated for the weights; MIT for their code",
        about="day to night, on photographs of buildings (Mohwald et al. 2023)",
    ),
}

EMBEDDERS = (
    "gem_vgg16_cyclegan",
    "gem_vgg16_hedngan",
    "gem_resnet101_cyclegan",
    "gem_resnet101_hedngan",
)
"""Names under which gandtr publishes retrieval embedders."""
