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
