"""gandtr's plans want two sets and set what gandtr set."""

from pathlib import Path

import pytest

from otherlight.cli.verbs import VERBS
from otherlight.experiment.plan import read_plan
from otherlight.experiment.plan_check import check_plan
from otherlight.translators import TRANSLATORS
from otherlight.translators.edge_config import EdgeGANConfig
from otherlight.translators.train import TrainConfig

FOLDER = Path(__file__).parents[2] / "plans/gandtr"
SETS = ("translator.train.source=day", "translator.train.target=night")


@pytest.mark.parametrize("name", ["hedgan", "hedngan", "rcfgan", "rcfngan"])
def test_a_plan_holds_gandtrs_values(name: str):
    plan = read_plan(FOLDER / f"{name}.yaml", (), SETS, verbs=VERBS)
    step = check_plan(plan, VERBS)["translator"]
    config = step.config(TrainConfig)
    assert config.method == name
    assert config.length(7, 7) == 50_000
    assert (config.pairs.batch, config.pairs.crop_size, config.pairs.flip) == (10, 256, False)
    options = step.config(TRANSLATORS[name].config)
    assert isinstance(options, EdgeGANConfig)
    assert (options.norm, options.first_weights, options.edge_weight) == ("batch", "kaiming", 5.0)
    assert (options.width, options.blocks, options.learning_rate) == (64, "auto", 2e-4)
