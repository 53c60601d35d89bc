"""Hostile sources of every format: an import ends well or by a sentence, soon, and in its place.

OTHERLIGHT_FUZZ=1000 tries so many sources of each layout, at random, instead of the same few.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from otherlight.datasets import FORMATS, ImportConfig, bdd100k_bulk, import_set
from otherlight.errors import OtherlightError

from .fuzzing.deadline import soon
from .fuzzing.mutations import spoiled
from .fuzzing.seeds import SEEDS, Seed, bdd100k_columns
from .fuzzing.trees import Tree, listing, planted, write_tree

# Pillow and FFmpeg say more of torn files than an import needs to.
pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning:PIL", "ignore::hypothesis.errors.HypothesisWarning"
)

_MANY = int(os.environ.get("OTHERLIGHT_FUZZ", "0"))
_SECONDS = 20
_WITNESS = Path("/tmp/otherlight-was-here")
_CASES = [(name, seed) for name, seeds in SEEDS.items() for seed in seeds]


def test_every_format_is_fuzzed():
    assert set(SEEDS) == set(FORMATS)


@pytest.mark.parametrize(("name", "seed"), _CASES)
def test_the_seeds_import(name: str, seed: Seed, tmp_path: Path):
    tree, source = planted(seed)
    write_tree(tree, tmp_path / "in")
    got = import_set(name, tmp_path / "in" / source, tmp_path / "out")
    assert len(got)
    assert listing(tmp_path / "out")


@pytest.mark.parametrize(("name", "seed"), _CASES)
def test_spoiled_sources(name: str, seed: Seed, monkeypatch: pytest.MonkeyPatch):
    tree, source = planted(seed)
    if seed is bdd100k_columns:
        monkeypatch.setattr(bdd100k_bulk, "LARGE", 0)
    configs = st.sampled_from(
        (
            ImportConfig(),
            ImportConfig(skip_unreadable=True),
            ImportConfig(pixels=False),
            ImportConfig(sequence="folder", shared_labels=True, image_format="png", fps=3.0),
        )
    )

    @settings(
        max_examples=_MANY or 12,
        derandomize=not _MANY,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if _MANY else (Phase.generate,),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    @given(spoiled(tree), configs)
    def attempt(changed: Tree, config: ImportConfig) -> None:
        with TemporaryDirectory() as place:
            write_tree(changed, Path(place) / "in")
            try_import(name, Path(place), source, config)

    attempt()


def try_import(name: str, place: Path, source: str, config: ImportConfig) -> None:
    """Import place/in into place/out; nothing but a sentence comes out of it, nothing else is."""
    before = listing(place)
    said = "done"
    try:
        with soon(_SECONDS):
            import_set(name, place / "in" / source, place / "out", config=config)
    except OtherlightError as error:
        said = str(error)
    assert said.strip()
    assert len(said) < 40_000
    inside = str(place / "out") + "/"
    after = {file: at for file, at in listing(place).items() if not file.startswith(inside)}
    assert after == before
    assert not _WITNESS.exists()
