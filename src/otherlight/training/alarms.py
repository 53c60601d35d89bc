"""Alarms: what a training run shows of itself when it goes wrong, and what is likely to mend it.

Figures of a check (`otherlight.translators.watch`) stand in the rows of the log; a rule bounds one
of them. docs/translators.md has the measurements that the bounds rest on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

WARM = 100
"""Steps before which no alarm is raised: networks start anywhere."""
_BETTER = 0.1
"""Share of the way to its bound that a figure must come nearer between checks to be waited for."""
_RECENT = 10

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A figure, the bound that it must keep to, and what to say when it does not."""

    figure: str
    least: float | None = None
    most: float | None = None
    says: str

    def outside(self, value: float) -> float:
        """How far a value lies outside of the bound, in shares of the bound's scale; 0 inside."""
        below = 0.0 if self.least is None else max(0.0, self.least - value)
        above = 0.0 if self.most is None else max(0.0, value - self.most)
        return below + above


@dataclass(frozen=True, kw_only=True)
class Raised:
    """An alarm of a run: at which step first, and whether the last check shows it still."""

    alarm: str
    since: int
    standing: bool
    sentence: str


RULES: dict[str, Rule] = {
    "unchanged": Rule(
        figure="changed",
        least=0.1,
        says="The output equals its input: it changed by {value:.0%} of what lies between the "
        "tones of the two domains. Look whether source and target are two domains at all; raise "
        "learning_rate, lower identity_weight and cycle_weight, or say precision: fp32.",
    ),
    "collapsed": Rule(
        figure="dependent",
        least=0.1,
        says="The output does not depend on its input: its edges fit other images as well as its "
        "own (by {value:.2f} of correlation). Raise cycle_weight, lower learning_rate, or learn "
        "from more images.",
    ),
    "inverted": Rule(
        figure="upright",
        least=0.0,
        says="Light and dark are inverted: what was brighter than its surroundings became darker "
        "(correlation {value:.2f}). Start again with another seed; raise identity_weight, or say "
        "skip: true.",
    ),
    "saturated": Rule(
        figure="undecided",
        least=0.02,
        says="The discriminator is saturated: its loss stayed below {value:.3f}, and the "
        "generator learns little from it. Lower discriminator_width or discriminator_depth, or "
        "say discriminator_norm: spectral.",
    ),
    "checkerboard": Rule(
        figure="grid",
        most=3.0,
        says="Up-sampling leaves a checkerboard, {value:.1f} times as strong as any in the "
        "images themselves. Say upsampling: nearest, and train longer.",
    ),
    "smeared": Rule(
        figure="sharpness",
        least=0.5,
        says="Sharpness is lost: edges have {value:.0%} of the strength that source or target "
        "have, whichever is softer. Say skip: true, raise cycle_weight, or train longer.",
    ),
    "hazy": Rule(
        figure="contrast",
        least=0.5,
        says="Contrast is lost: it is {value:.0%} of what source or target have, whichever is "
        "duller. Say discriminator_norm: spectral or match_colours: true, lower identity_weight, "
        "or train longer.",
    ),
    "copied": Rule(
        figure="copied",
        most=0.05,
        says="Content of the target is copied in: outputs resemble one image of the target more "
        "than their own source (by {value:.2f} of correlation); alarms/copied.png shows them. "
        "Raise cycle_weight, lower discriminator_depth, or let both sets show alike scenes.",
    ),
}


def raise_alarms(rows: Sequence[Row], last: bool = False) -> dict[str, str]:
    """Say what is wrong at the newest row, by the name of its rule.

    A figure must lie outside of its bound at two checks running, and not be on its way back; at
    the end of a run what lies outside is told as it is. Rows without a figure are passed over.
    """
    if not rows or rows[-1]["step"] < WARM:
        return {}
    alarms: dict[str, str] = {}
    for name, rule in RULES.items():
        values = [float(row[rule.figure]) for row in rows if rule.figure in row]
        if rule.figure not in rows[-1] or len(values) < 2:
            continue
        before, now = (rule.outside(value) for value in values[-2:])
        waits = now <= (1.0 - _BETTER) * before and not last
        if before and now and not waits:
            alarms[name] = rule.says.format(value=values[-1])
    return alarms


def undecided(rows: Sequence[Row]) -> dict[str, float]:
    """The largest of a discriminator's last 10 losses, as a figure; none before there are as many.

    A critic's loss (Wasserstein) is no likelihood and may be negative: then there is none.
    """
    losses = [float(row["discriminator"]) for row in rows[-_RECENT:] if "discriminator" in row]
    if len(losses) < _RECENT or min(losses) < 0.0:
        return {}
    return {"undecided": max(losses)}


def raised(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Sum up the alarms of a whole log, in the order in which they were first raised."""
    checks = [row for row in rows if "alarms" in row]
    first: dict[str, Raised] = {}
    for row in checks:
        for name, sentence in row["alarms"].items():
            since = first[name].since if name in first else int(row["step"])
            standing = name in checks[-1]["alarms"]
            first[name] = Raised(alarm=name, since=since, standing=standing, sentence=sentence)
    return [asdict(alarm) for alarm in first.values()]
