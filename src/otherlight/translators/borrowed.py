"""Weights that others trained: what a run says of whose they are and of their licence."""

from pathlib import Path

from otherlight.records.files import sha256_of
from otherlight.translators.protocols import BorrowingConfig

_TORCHVISION = (
    "of torchvision, whose code is BSD-3-Clause; of the weights' own licence it says nothing"
)
_OXFORD = "of the Visual Geometry Group, Oxford: CC BY 4.0"
_KNOWN = {
    "397923af": f"vgg16 {_TORCHVISION}",
    "88682ab5": f"vgg16_features {_TORCHVISION}",
    "dcbb9e9d": f"vgg19 {_TORCHVISION}",
    "b8a52dc0": f"squeezenet1_1 {_TORCHVISION}",
    "00b39a1b": f"vgg16 {_OXFORD}",
    "d01eb7cb": f"vgg19 {_OXFORD}",
}
"""What files of these SHA-256 (their first digits) are."""


def licences_of(config: object) -> tuple[str, ...]:
    """Ask a method's settings whose weights they use; most use none."""
    return config.borrowed() if isinstance(config, BorrowingConfig) else ()


def of_file(file: str, sha256: str | None = None) -> str:
    """Say what is known of the licence of a file of weights; its hash is worked out if not given.

    A file that is not there stops nothing here: a run that is done can do without it.
    """
    if sha256 is None:
        if not Path(file).is_file():
            return f"weights of {file} (not there any more): licence not known to us, look it up"
        sha256 = sha256_of(Path(file))
    known = _KNOWN.get(sha256[:8], "licence not known to us, look it up")
    return f"weights of {file} (sha256 {sha256}): {known}"


def of_trunk(backbone: str, weights: str) -> tuple[str, ...]:
    """Say it of a backbone's ``weights`` as options give them: a file, torchvision or random."""
    if weights in ("", "random"):
        return ()
    return (f"{backbone} {_TORCHVISION}",) if weights == "torchvision" else (of_file(weights),)
