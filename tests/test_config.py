"""Configs are read whole or not at all."""

from dataclasses import dataclass

import pytest

from otherlight.config import build, plain
from otherlight.errors import PlanError


@dataclass(frozen=True, kw_only=True)
class Config:
    identity_weight: float = 0.5
    sizes: tuple[int, int] = (1, 2)


def test_values_are_built_and_written_plain():
    made = build(Config, {"identity_weight": 1, "sizes": [3, 4]}, "cyclegan")
    assert made == Config(identity_weight=1.0, sizes=(3, 4))
    assert plain(made) == {"identity_weight": 1.0, "sizes": [3, 4]}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"identity_wieght": 1},
            "no key 'identity_wieght'. Did you mean 'identity_weight'",
        ),
        (
            {"identity_weight": "high"},
            r"\[cyclegan\] identity_weight: .*valid number.*; 'high' came",
        ),
    ],
)
def test_a_key_nobody_reads_and_a_wrong_type_are_errors(values: dict[str, object], message: str):
    with pytest.raises(PlanError, match=message):
        build(Config, values, "cyclegan")


@dataclass(frozen=True, kw_only=True)
class Outer:
    inner: Config = Config()


def test_a_key_nobody_reads_in_a_section_within_a_section_is_an_error():
    assert build(Outer, {"inner": {"sizes": [3, 4]}}, "train").inner.sizes == (3, 4)
    with pytest.raises(PlanError, match=r"\[train.inner\] has no key 'size'. Did you mean 'sizes'"):
        build(Outer, {"inner": {"size": [3, 4]}}, "train")
