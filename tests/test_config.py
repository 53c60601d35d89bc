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
class Picky:
    styles: int = 1

    def __post_init__(self) -> None:
        if self.styles < 1:
            raise ValueError(f"styles must be 1 or more; {self.styles} came.")


@dataclass(frozen=True, kw_only=True)
class Nested:
    picky: Picky = Picky()


def test_a_configs_own_sentence_stands_as_it_is():
    with pytest.raises(PlanError) as caught:
        build(Picky, {"styles": 0}, "nst")
    assert str(caught.value) == "[nst] styles must be 1 or more; 0 came."
    with pytest.raises(PlanError) as caught:
        build(Nested, {"picky": {"styles": 0}}, "train")
    assert str(caught.value) == "[train.picky] styles must be 1 or more; 0 came."


@dataclass(frozen=True, kw_only=True)
class Outer:
    inner: Config = Config()


def test_a_key_nobody_reads_in_a_section_within_a_section_is_an_error():
    assert build(Outer, {"inner": {"sizes": [3, 4]}}, "train").inner.sizes == (3, 4)
    with pytest.raises(PlanError, match=r"\[train.inner\] has no key 'size'. Did you mean 'sizes'"):
        build(Outer, {"inner": {"size": [3, 4]}}, "train")
