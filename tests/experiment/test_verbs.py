"""Every verb's options are checked down to the settings of its method, and are in the docs."""

from pathlib import Path

import pytest

from otherlight.cli.verbs import VERBS
from otherlight.errors import PlanError
from otherlight.experiment.plan import read_plan
from otherlight.experiment.plan_check import ReadyStep, check_plan, keys_of, names_of

DOCS = (Path(__file__).parents[2] / "docs/plans.md").read_text()
PLAN = """\
seed: 5
steps:
  day: {world: {images: 4, width: 64, height: 48}}
  night: {world: {condition: night, images: 4, width: 64, height: 48}}
  translator:
    train:
      source: ${day.output}
      target: ${night.output}
      steps: 1
      device: cpu
      pairs: {load_size: 40, crop_size: 32}
      cyclegan: {width: 4, blocks: 1}
  dark: {translate: {set: "${day.output}", with: gamma, options: {gamma: 2.0}}}
  files: {export: {format: yolo, set: "${dark.output}"}}
  again: {import: {format: yolo, source: "${files.output}", timeofday: night}}
  detector: {fit: {train: "${day.output}", val: "${day.output}", options: {width: 8}}}
  score: {evaluate: {set: "${night.output}", with: "${detector.output}"}}
  verdict:
    compare:
      source: {train: "${day.output}", val: "${day.output}"}
      target: {pool: "${night.output}", test: "${night.output}"}
      recogniser: {name: compact, steps: 5, options: {width: 8}}
      arms:
        source: [{set: "${day.output}"}]
        gamma: {role: cheap, ingredients: [{set: "${day.output}", with: gamma}]}
        cyclegan: [{set: "${day.output}", with: "${translator.output}"}]
  page: {report: {run: "${verdict.output}"}}
"""


def checked(folder: Path, text: str, *words: str) -> dict[str, ReadyStep]:
    path = folder / "all.yaml"
    path.write_text(text)
    return check_plan(read_plan(path, (), words, to=folder / "out", verbs=VERBS), VERBS)


def test_a_plan_of_every_verb_is_checked_without_running(tmp_path: Path):
    from otherlight.recognisers import FitConfig
    from otherlight.translators.train import How, TrainConfig

    ready = checked(tmp_path, PLAN)
    assert ready["translator"].config(TrainConfig).steps == 1
    assert ready["translator"].config(How) == {"device": "cpu"}
    assert ready["translator"].options.seed == 5
    assert ready["detector"].config(FitConfig).options == {"width": 8}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("width: 4, blocks", "widht: 4, blocks", ":12: [cyclegan] has no key 'widht'. Did you"),
        ("crop_size", "corp_size", ":11: [pairs] has no key 'corp_size'. Did you mean"),
        ("device: cpu", "divice: cpu", ":10: [train] has no key 'divice'. Did you mean 'device'?"),
        ("device: cpu", "threads: few", ":10: [train] threads: Input should be a valid integer"),
        ("device: cpu", "method: cyclegna", ":6: There is no translator 'cyclegna'. Did you mean"),
        ("device: cpu", "method: 5", ":6: There is no translator 5. Known: "),
        ("device: cpu", "options: {}", ":10: [train] has no key 'options'."),
        ("device: cpu", "epochs: 2", ":6: A length is given in steps or in epochs; both came."),
        ("{gamma: 2.0}", "{gama: 2.0}", ":13: [gamma] has no key 'gama'. Did you mean 'gamma'?"),
        ("{gamma: 2.0}", "{gamma: x}", ":13: [gamma] gamma: Input should be a valid number"),
        ("format: yolo, set", "format: ylo, set", ":14: There is no format 'ylo'. Did you mean"),
        ("timeofday: night", "timeofday: late", ":15: [import] timeofday is one of day, night"),
        ("width: 8}}}", "widht: 8}}}", ":16: [compact] has no key 'widht'. Did you mean 'width'?"),
        ("val: \"${day.output}\", o", "name: x, o", ":16: There is no recogniser 'x'."),
        ("steps: 5, options", "stesp: 5, options", ":22: [recogniser] has no key 'stesp'."),
        ("{width: 8}}\n", "{widht: 8}}\n", ":22: [compact] has no key 'widht'. Did you mean"),
        ("with: gamma}", "with: gamma, options: {gama: 1}}", ":25: [gamma] has no key 'gama'."),
        ("with: \"${translator.output}\"}", "share: 0}", ":26: [ingredients] share: Input"),
        ("condition: night", "condition: nihgt", ":4: A world is rendered in a known condition;"),
        ("run: ", "rnu: ", ":27: [report] has no key 'rnu'."),
    ],
)  # fmt: skip
def test_a_misspelt_setting_is_refused_at_its_line(
    tmp_path: Path, old: str, new: str, message: str
):
    assert old in PLAN
    with pytest.raises(PlanError) as caught:
        checked(tmp_path, PLAN.replace(old, new, 1))
    assert f"all.yaml{message}" in str(caught.value)


@pytest.mark.parametrize("verb", VERBS)
def test_every_key_of_a_verb_is_documented_under_it(verb: str):
    page = DOCS[DOCS.index(f"### `{verb}`") :].split("\n### ")[0]
    example = {"format": "yolo", "recogniser": {"name": "compact"}}
    sections = VERBS[verb].sections(example)
    keys = {*names_of(VERBS[verb].options)}
    keys |= {key for section in sections if not section.path for key in keys_of(section)}
    assert not [key for key in sorted(keys) if f"`{key}`" not in page]


def test_the_shipped_plans_are_right():
    folder = Path(__file__).parents[2] / "src/otherlight/experiment/plans"
    demo, *overlays = (folder / name for name in ("demo.yaml", "demo-all-cheap.yaml"))
    for quick in ([], [folder / "demo-quick.yaml"]):
        assert check_plan(read_plan(demo, [*overlays, *quick], verbs=VERBS), VERBS)
