"""The verdict in sentences: what the page and the terminal say first."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from otherlight.experiment.frozen import Frozen
from otherlight.experiment.judge import METRIC

WORDS = {
    "helps": "Helps",
    "harms": "Harms",
    "no_evidence": "No evidence",
    "cannot_say": "Cannot say",
    "no_verdict": "No verdict",
}
_NEAR_ZERO = 0.05


def summarise(verdict: Mapping[str, Any], frozen: Frozen) -> dict[str, Any]:
    """The first word, its sentences, what to warn of and what to be glad of."""
    judged = frozen.plan.judged()
    rows = {row["arm"]: row for row in verdict["rows"]}
    first = rows[judged[0]]["verdict"] if judged else "cannot_say"
    if verdict["leaks"]["pairs"]:
        first = "no_verdict"
    word = "Smoke run" if frozen.plan.smoke else WORDS[first]
    return {
        "verdict": "cannot_say" if frozen.plan.smoke else first,
        "word": word,
        "sentence": " ".join(_headline(rows[arm], verdict, frozen) for arm in judged)
        or "No arm of role learned was compared.",
        "warnings": _warnings(verdict, frozen),
        "good_news": _good_news(verdict),
        "gap": [
            *({"arm": arm, "text": _gap(arm, gap)} for arm, gap in verdict["gap"].items()),
            *(
                {"arm": arm, "text": _labels(arm, found)}
                for arm, found in verdict["labels"].items()
            ),
        ],
        "worth": [_worth(arm, worth) for arm, worth in verdict["worth"].items()],
        "guards": _guards(verdict, frozen),
    }


def points(value: float | None, sign: bool = True) -> str:
    """A share as points of AP.

    >>> points(0.1234), points(-0.02), points(None)
    ('+12.3', '-2.0', 'unknown')
    """
    if value is None:
        return "unknown"
    return f"{100 * value:+.1f}" if sign else f"{100 * value:.1f}"


def _headline(row: Mapping[str, Any], verdict: Mapping[str, Any], frozen: Frozen) -> str:
    test, seeds = verdict["tests"]["target"], len(frozen.plan.seeds)
    level = 1 - 0.05 / row["family"]
    begin = {
        "helps": f"Training with {row['arm']} helps on {test['name']}",
        "harms": f"Training with {row['arm']} harms on {test['name']}",
        "no_evidence": f"There is no evidence that {row['arm']} helps or harms on {test['name']}",
        "cannot_say": f"Nothing can be said of {row['arm']} on {test['name']}",
    }[row["verdict"]]
    text = (
        f"{begin}: {points(row['estimate'])} points of {row['metric']} against {row['reference']} "
        f"({level:.3g} interval {points(row['low'])} to {points(row['high'])}; {seeds} seeds, "
        f"{test['groups']} groups of test images)."
    ).replace("0.95 interval", "95 % interval")
    if row["verdict"] == "no_evidence":
        text += f" A run of this size would have shown {points(row['mde'], False)} points or more."
    return text


def _warnings(verdict: Mapping[str, Any], frozen: Frozen) -> list[str]:
    warnings: list[str] = []
    if frozen.plan.smoke:
        warnings.append(
            "This is a smoke run: everything ran, at a size that says nothing about any method."
        )
    if verdict["leaks"]["pairs"]:
        warnings.append(f"No verdict: {verdict['leaks']['sentence']}")
    if verdict["exploratory"]:
        warnings.append(
            "Exploratory: this plan was changed after its test set had been looked at, so the "
            "interval promises less than it says."
        )
    double = verdict["at_these_steps"]
    if double and double["verdict"] == "helps":
        warnings.append(
            f"At {frozen.steps} steps: twice as many steps without any translation gain "
            f"{points(double['estimate'])} points on source validation, so a longer run may "
            f"change the verdict."
        )
    return [*warnings, *_near_zero(verdict), *verdict["cautions"]]


def _near_zero(verdict: Mapping[str, Any]) -> list[str]:
    """Say so where no arm finds anything: then no translation can show what it is worth."""
    found = verdict["figures"]["target"]
    means = {arm: fmean(figures[METRIC]) for arm, figures in found.items()}
    best = max(means, key=lambda arm: means[arm])
    if means[best] >= _NEAR_ZERO:
        return []
    return [
        f"Every arm is near zero on {verdict['tests']['target']['name']}: the best, {best}, "
        f"reaches {points(means[best], False)} points. Recognisers that find next to nothing "
        f"cannot show what translation is worth; train them longer, or on more images."
    ]


def _good_news(verdict: Mapping[str, Any]) -> list[str]:
    return [
        f"{arm} beats every cheap arm, each at 5 %: it is worth its cost."
        for arm, worth in verdict["worth"].items()
        if worth["verdict"] == "worth_its_cost"
    ]


def _labels(arm: str, found: Mapping[str, Any]) -> str:
    """How many labelled target images an arm is worth; the curve's ends are what was tried.

    Where the verdict is stored, not-a-number and infinity are null.
    """
    begin = f"{arm} is worth"
    if found["verdict"] == "cannot_say":
        return f"{arm}: how many labelled target images it is worth cannot be said."
    if found["verdict"] == "more":
        return f"{begin} more than the {found['most']} labelled target images that were tried."
    if found["verdict"] == "fewer":
        return f"{begin} fewer than {found['least']} labelled target images, the fewest tried."
    low = f"{found['low']:.0f}" if found["low"] else f"fewer than {found['least']}"
    high = f"more than {found['most']}" if found["high"] is None else f"{found['high']:.0f}"
    if found["images"] is None:
        return f"{begin} between {low} and {high} labelled target images (95 % interval)."
    return (
        f"{begin} about {found['images']:.0f} labelled target images (95 % interval {low} to "
        f"{high})."
    )


def _gap(arm: str, gap: Mapping[str, Any]) -> str:
    if gap["verdict"] == "no_gap":
        return f"{arm}: no gap to close, since the oracle does not beat source beyond its interval."
    if gap["verdict"] == "cannot_say":
        return f"{arm}: the share of the gap cannot be said."
    return (
        f"{arm} closes {gap['share']:.0%} of the gap between source and oracle (95 % interval "
        f"{gap['low']:.0%} to {gap['high']:.0%}, Fieller)."
    )


def _worth(arm: str, worth: Mapping[str, Any]) -> dict[str, str]:
    parts = [
        f"{row['reference']} by {points(row['estimate'])} ({points(row['low'])} to "
        f"{points(row['high'])})"
        for row in worth["rows"]
    ]
    begin = {
        "worth_its_cost": f"{arm} beats every cheap arm: ",
        "not_shown": f"It is not shown that {arm} beats every cheap arm: against ",
        "cannot_say": f"Whether {arm} beats the cheap arms cannot be said: against ",
    }[worth["verdict"]]
    kind = "helps" if worth["verdict"] == "worth_its_cost" else "no_evidence"
    return {"verdict": kind, "text": begin + ", ".join(parts) + "."}


def _guards(verdict: Mapping[str, Any], frozen: Frozen) -> list[str]:
    lines: list[str] = []
    margin = frozen.plan.margin
    for arm in frozen.plan.judged():
        guards = verdict["guards"][arm]
        harmed = [label for label, guard in guards.items() if guard == "harmed"]
        open_ = [label for label, guard in guards.items() if guard == "harm_not_excluded"]
        if harmed:
            lines.append(f"{arm} harms {', '.join(harmed)} (Holm over its classes).")
        if open_:
            lines.append(
                f"{arm}: harm of more than {margin:g} points is not excluded for "
                f"{', '.join(open_)}."
            )
        unknown = [label for label, guard in guards.items() if guard == "cannot_say"]
        if unknown:
            lines.append(f"{arm}: whether it harms {', '.join(unknown)} cannot be said.")
        if not harmed and not open_ and not unknown:
            lines.append(f"{arm} harms no class by more than {margin:g} points.")
        kept = verdict["source_domain"].get(arm)
        if kept:
            lines.append(_source_line(arm, kept, verdict))
    return lines


def _source_line(arm: str, kept: Mapping[str, Any], verdict: Mapping[str, Any]) -> str:
    name = verdict["tests"]["source"]["name"]
    begin = {
        "non_inferior": f"On the source domain ({name}) {arm} keeps what source can do",
        "not_shown": f"On the source domain ({name}) it is not shown that {arm} keeps what source "
        f"can do",
        "cannot_say": f"What {arm} does to the source domain ({name}) cannot be said",
    }[kept["verdict"]]
    return (
        f"{begin}: {points(kept['estimate'])} points, at least {points(kept['lower'])} "
        f"(one-sided 95 %), margin {100 * kept['margin']:g}."
    )
