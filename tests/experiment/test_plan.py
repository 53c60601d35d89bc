"""A plan reads like a recipe, in written order, later wins, and nothing in it is left unread."""

from pathlib import Path

import pytest

from otherlight.errors import PlanError
from otherlight.experiment.plan import Plan, read_plan
from otherlight.experiment.plan_files import lay_over

VERBS = ("make", "use")


def written(folder: Path, text: str, name: str = "demo.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def plan_of(folder: Path, text: str, *words: str) -> Plan:
    return read_plan(written(folder, text), (), words, verbs=VERBS)


GOOD = """\
about: One sentence.
seed: 3
variables: {images: 1200, light: day}
parts: {data: [zebra, apple], rest: [last]}
steps:
  zebra: {make: {light: "${light}", images: "${images}", list: [1, 2], text: "${name} ${images}"}}
  apple: {use: {set: "${zebra.output}", again: "${zebra.make.images}", deep: {rate: 1e-4}}}
  last: {use: {sets: ["${apple.output}/x", "${zebra.output}"]}}
"""


def test_steps_stand_in_written_order_and_name_the_outputs_above(tmp_path: Path):
    plan = plan_of(tmp_path, GOOD)
    assert list(plan.steps) == ["zebra", "apple", "last"]
    assert plan.steps["apple"].options["set"] == "runs/demo/zebra"
    assert plan.steps["last"].options["sets"] == ["runs/demo/apple/x", "runs/demo/zebra"]
    assert plan.steps["last"].uses == ("zebra", "apple")
    assert plan.steps["zebra"].output == Path("runs/demo/zebra")


def test_a_lone_variable_keeps_its_type_and_one_in_a_text_becomes_text(tmp_path: Path):
    plan = plan_of(tmp_path, GOOD)
    assert plan.steps["zebra"].options["images"] == 1200
    assert plan.steps["apple"].options["again"] == 1200
    assert plan.steps["zebra"].options["text"] == "demo 1200"
    assert plan.steps["apple"].options["deep"] == {"rate": 0.0001}


def test_the_head_has_defaults_and_variables_too(tmp_path: Path):
    plan = plan_of(tmp_path, 'to: "${folder}/out-${seed}"\nmake: {}')
    assert (plan.name, plan.seed, plan.about) == ("demo", 0, "")
    assert plan.to == tmp_path / "out-0"


def test_a_plan_of_one_step_is_its_verb(tmp_path: Path):
    plan = plan_of(tmp_path, "make: {images: 5}", "make.make.images=6")
    assert {name: step.verb for name, step in plan.steps.items()} == {"make": "make"}
    assert plan.steps["make"].options == {"images": 6}


def test_overlays_lie_over_in_order_and_lists_are_replaced_whole(tmp_path: Path):
    first = written(
        tmp_path, "variables: {images: 7}\nsteps: {zebra: {make: {list: [9]}}}", "a.yaml"
    )
    second = written(
        tmp_path, "seed: 4\nvariables: {images: 8}\nsteps: {extra: {make: {}}}", "b.yaml"
    )
    path = written(tmp_path, GOOD)
    plan = read_plan(path, (first, second), verbs=VERBS)
    assert list(plan.steps) == ["zebra", "apple", "last", "extra"]
    assert plan.steps["zebra"].options["list"] == [9]
    assert (plan.steps["zebra"].options["images"], plan.seed) == (8, 4)
    assert read_plan(path, (second, first), verbs=VERBS).steps["apple"].options["again"] == 7
    assert (plan.name, plan.to) == ("demo", Path("runs/demo+a+b"))


def test_an_overlay_takes_a_step_away_with_null_also_from_its_part(tmp_path: Path):
    overlay = written(tmp_path, "steps: {last: null, zebra: {make: null, use: {}}}", "a.yaml")
    text = GOOD.replace('"${zebra.make.images}"', "1")
    plan = read_plan(
        written(tmp_path, text.replace("rest: [last]", "rest: [last, apple]")),
        (overlay,),
        ["variables=null"],
        verbs=VERBS,
    )
    assert plan.parts["rest"] == ("apple",)
    assert plan.steps["zebra"].verb == "use"


@pytest.mark.parametrize(
    ("under", "over", "result"),
    [
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": [3]}, {"a": [3]}),
        ({"a": [3]}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": "${x}"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
    ],
)
def test_later_wins_whatever_its_type(under: object, over: object, result: object):
    assert lay_over(under, over) == result


def test_sections_shared_by_an_anchor_do_not_change_together(tmp_path: Path):
    text = "steps:\n  one: {make: &same {images: 1}}\n  two: {make: *same}\n"
    plan = plan_of(tmp_path, text, "two.make.images=2")
    assert [step.options["images"] for step in plan.steps.values()] == [1, 2]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("images=5", 5),
        ("images=5.5", 5.5),
        ("images=1e-3", 0.001),
        ("images=yes", True),
        ("images=null", None),
        ("images=", None),
        ("images=[1, two]", [1, "two"]),
        ("images={a: 1}", {"a": 1}),
        ("images='5'", "5"),
        ("images=a=b", "a=b"),
        ("images=${seed}", 3),
        ("variables.images=5", 5),
        ("zebra.make.images=5", 5),
        ("steps.zebra.make.images=5", 5),
    ],
)
def test_overrides_are_typed_as_yaml(tmp_path: Path, word: str, value: object):
    assert plan_of(tmp_path, GOOD, word).steps["zebra"].options["images"] == value


def test_parts_and_single_steps_run_in_written_order(tmp_path: Path):
    plan = plan_of(tmp_path, GOOD)
    assert [step.name for step in plan.select("data")] == ["zebra", "apple"]
    assert [step.name for step in plan.select(only="apple")] == ["apple"]
    assert [step.name for step in plan.select()] == ["zebra", "apple", "last"]


@pytest.mark.parametrize(
    ("part", "only", "message"),
    [
        ("dota", None, "The plan 'demo' has no part 'dota'. Did you mean 'data'?"),
        (None, "aple", "The plan 'demo' has no step 'aple'. Did you mean 'apple'?"),
        ("data", "last", "The part 'data' must hold the step 'last'; it does not."),
    ],
)
def test_unknown_parts_and_steps_are_refused(
    tmp_path: Path, part: str | None, only: str | None, message: str
):
    with pytest.raises(PlanError) as caught:
        plan_of(tmp_path, GOOD).select(part, only)
    assert str(caught.value) == message


BAD = {
    "misspelt top key": ("sede: 1\nmake: {}", ":1: [plan] has no key 'sede'. Did you mean 'seed'?"),
    "misspelt verb": (
        "steps:\n  a:\n    mkae: {}",
        ":3: [a] has no verb 'mkae'. Did you mean 'make'?",
    ),
    "two verbs": (
        "steps:\n  a: {make: {}, use: {}}",
        ":2: A step has exactly one verb; [a] has make and use.",
    ),
    "no verb": ("steps:\n  a: {}", ":2: A step has exactly one verb; [a] has none."),
    "no step": ("name: x", "A plan has at least one step; none came."),
    "step of another kind": ("steps:\n  a: 5", ":2: A step is one verb with its options; [a] is 5"),
    "options of another kind": (
        "steps:\n  a: {make: 5}",
        ":2: The options of a verb are a mapping; 5 came.",
    ),
    "section of another kind": (
        "steps: [a]",
        ":1: [steps] must be a mapping of names; ['a'] came.",
    ),
    "key twice": (
        "make:\n  a: 1\n  b: 2\n  a: 3",
        ":4: A key stands once in its section; 'a' stood in line 2 already.",
    ),
    "step twice": (
        "steps:\n  a: {make: {}}\n  a: {make: {}}",
        ":3: A key stands once in its section; 'a' stood in line 2 already.",
    ),
    "dotted key": (
        "make:\n  a.b: 1",
        ":2: Keys of a plan file hold no dots; 'a.b' came. Write it nested: a: {b: ...}.",
    ),
    "not yaml": ("make: {a: [}", ":1: A plan must be YAML; "),
    "not a mapping": ("- a\n- b", ":1: A plan must be a mapping of keys to values; it is not."),
    "step name": (
        "steps:\n  a/b: {make: {}}",
        ":2: A step's name is a folder's name, of letters, digits, - and _; 'a/b' is not.",
    ),
    "step named as a variable": (
        "variables:\n  a: 1\nsteps:\n  a: {make: {x: '${a}'}}",
        ":4: A step has a name of its own; 'a' is a variable or the plan's.",
    ),
    "variable named as the plan's": (
        "variables:\n  name: 1\nmake: {}",
        ":2: A variable has a name of its own; 'name' is the plan's.",
    ),
    "variable that nothing reads": (
        "variables:\n  images: 1\n  imagse: 2\nmake: {a: '${images}'}",
        ":3: [variables] has a key 'imagse' that nothing reads; no value holds ${imagse}. "
        "Did you mean 'images'?",
    ),
    "unknown variable": (
        "variables: {images: 1}\nmake:\n  a: ${images}\n  b: ${imagse}",
        ":4: There is no variable ${imagse}; 'imagse' is unknown. Did you mean 'images'?",
    ),
    "unknown part of a step": (
        "steps:\n  a: {make: {}}\n  b: {make: {x: '${a.outptu}'}}",
        ":3: There is no variable ${a.outptu}; 'outptu' is unknown. Did you mean 'output'?",
    ),
    "step below": (
        "steps:\n  a: {make: {x: '${b.output}'}}\n  b: {make: {}}",
        ":2: ${b.output} must come from a step above; [b] stands here or further down. Move it up.",
    ),
    "own output": ("steps:\n  a: {make: {x: '${a.output}'}}", ":2: ${a.output} must come from a"),
    "variable that needs itself": (
        "variables: {a: '${b}', b: '${a}'}\nmake: {}",
        ":1: A variable cannot be filled in: Recursive",
    ),
    "broken variable": ("make:\n  a: ${b", ":2: A variable is written ${name}; no viable"),
    "value left to overlays": (
        "make:\n  a: ???",
        ":2: A value written ??? must come from an overlay or key=value; make.make.a did not.",
    ),
    "part of an unknown step": (
        "parts:\n  all: [mak]\nmake: {}",
        ":2: The part 'all' has a step 'mak' that the plan does not have. Did you mean 'make'?",
    ),
    "part of another kind": (
        "parts:\n  all: make\nmake: {}",
        ":2: A part is a list of steps; [all] is 'make'.",
    ),
    "seed of another kind": ("seed: day\nmake: {}", ":1: seed must be a whole number; 'day' came."),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_plan_is_refused_at_its_line(tmp_path: Path, name: str):
    text, message = BAD[name]
    with pytest.raises(PlanError) as caught:
        plan_of(tmp_path, text)
    assert message in str(caught.value)
    assert "demo.yaml" in str(caught.value) or name == "no step"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("sede=1", "sede=1: [plan] has no key 'sede'. Did you mean 'seed'?"),
        ("zbra.make.images=1", "[plan] has no key 'zbra'. Did you mean 'zebra'?"),
        ("steps.zbra.make.images=1", "[steps] has no key 'zbra'. Did you mean 'zebra'?"),
        ("variables.imgs=1", "[variables] has no key 'imgs'. Did you mean 'images'?"),
        ("zebra.mak.images=1", "zebra.mak.images=1: [zebra] has no verb 'mak'. Did you mean"),
        ("=1", "An override is key=value, with dots between names; '=1' came."),
        ("seed", "An override is key=value, with dots between names; 'seed' came."),
        ("seed=[1", "seed=[1: the value must be YAML; '[1' is not."),
        ("zebra.make.list.0=1", "Give the whole list: steps.zebra.make.list=[...]."),
        ("seed=day", "seed=day: seed must be a whole number; 'day' came."),
    ],
)
def test_a_wrong_override_is_refused_by_name(tmp_path: Path, word: str, message: str):
    with pytest.raises(PlanError) as caught:
        plan_of(tmp_path, GOOD, word)
    assert message in str(caught.value)


def test_a_complaint_about_an_overlay_names_the_overlay(tmp_path: Path):
    overlay = written(tmp_path, "\nsteps:\n  last:\n    use: {x: '${nobody}'}", "over.yaml")
    with pytest.raises(PlanError, match=r"over\.yaml:4: There is no variable \$\{nobody\}"):
        read_plan(written(tmp_path, GOOD), (overlay,), verbs=VERBS)


def test_a_plan_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(PlanError, match=r"A plan must be a text file; .*none\.yaml cannot be read"):
        read_plan(tmp_path / "none.yaml", verbs=VERBS)


def test_what_is_shown_reads_back_as_the_same_plan(tmp_path: Path):
    from otherlight.experiment.plan_run import as_yaml

    plan = plan_of(tmp_path, GOOD)
    again = plan_of(tmp_path, as_yaml(plan))
    assert again.shown() == plan.shown()
    assert "${" not in as_yaml(plan)
