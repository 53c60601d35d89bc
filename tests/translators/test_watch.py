"""The watch: silent over the world's own truth, and loud over every failure planted in it."""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from otherlight.images.files import read_pixels
from otherlight.images.tensors import Images, stack, to_images
from otherlight.records.progress import teller
from otherlight.records.run import read_run
from otherlight.sets import ImageSet
from otherlight.training.alarms import raise_alarms, raised
from otherlight.training.runlog import read_log
from otherlight.translators import Context
from otherlight.translators.cyclegan import CycleGAN
from otherlight.translators.pairs import Pairs, PairsConfig
from otherlight.translators.train import TrainConfig, train
from otherlight.translators.watch import Watch, is_due
from otherlight.world import WorldConfig, render_world

SIZE = (128, 72)
WHOLE = PairsConfig(fit="whole", load_size=SIZE)
LIGHTS = ("night", "fog", "rain", "overcast", "snow", "sunset")


class Planted:
    """A translator that does what a test wants."""

    reversible = False

    def __init__(self, show: Callable[[Images], Images]) -> None:
        self.show = show

    def translate(self, images: Images, context: Context, *, reverse: bool = False) -> Images:
        del context, reverse
        return self.show(images).clamp(-1.0, 1.0)

    def state(self) -> dict[str, Tensor]:
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        del state


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ImageSet]:
    """One street in every light, and other streets by night and in the other lights."""
    root = tmp_path_factory.mktemp("world")

    def rendered(name: str, condition: str, pool: str) -> ImageSet:
        config = WorldConfig(
            images=6, condition=condition, pool=pool, width=SIZE[0], height=SIZE[1],
            frames_per_sequence=1,
        )  # fmt: skip
        return render_world(config, root / name, workers=1)

    return (
        {"day": rendered("day", "day", "street")}
        | {light: rendered(light, light, "street") for light in LIGHTS}
        | {f"{light} pool": rendered(f"{light}-pool", light, "elsewhere") for light in LIGHTS}
    )


def truth(world: dict[str, ImageSet], light: str) -> Callable[[Images], Images]:
    """Show a street's image in another light, as the world does."""
    day, other = (
        [to_images(stack([read_pixels(file)])) for file in world[name].files()]
        for name in ("day", light)
    )

    def show(image: Images) -> Images:
        return other[int(torch.stack([(image - each).abs().mean() for each in day]).argmin())]

    return show


def watch_over(
    show: Callable[[Images], Images], world: dict[str, ImageSet], light: str, to: Path
) -> tuple[dict[str, float], Watch]:
    watch = Watch(Pairs(world["day"], world[f"{light} pool"], WHOLE, 0), False, to)
    return watch.look(Planted(show), step=6), watch


def alarms_of(figures: dict[str, float]) -> list[str]:
    return list(raise_alarms([{"step": 200, **figures}, {"step": 300, **figures}], last=True))


@pytest.mark.parametrize("light", LIGHTS)
def test_the_worlds_own_truth_raises_no_alarm(
    light: str, world: dict[str, ImageSet], tmp_path: Path
):
    figures, _ = watch_over(truth(world, light), world, light, tmp_path)
    assert alarms_of(figures) == [], figures


def board(image: Images) -> Images:
    rows, columns = (torch.arange(side) for side in image.shape[-2:])
    return 0.06 * (((rows[:, None] + columns) % 2) * 2.0 - 1.0)


def planted(world: dict[str, ImageSet]) -> dict[str, Callable[[Images], Images]]:
    night = truth(world, "night")
    pool = [to_images(stack([read_pixels(file)])) for file in world["night pool"].files()]
    constant = night(pool[0])
    return {
        "unchanged": lambda image: image + 0.005,
        "collapsed": lambda image: constant,
        "inverted": lambda image: -image * 0.6 - 0.2,
        "checkerboard": lambda image: night(image) + board(image),
        "smeared": lambda image: F.avg_pool2d(night(image), 9, 1, 4, count_include_pad=False),
        "hazy": lambda image: 0.3 * night(image),
        "copied": lambda image: 0.25 * night(image) + 0.75 * pool[2],
    }


@pytest.mark.parametrize(
    "alarm",
    ["unchanged", "collapsed", "inverted", "checkerboard", "smeared", "hazy", "copied"],
)
def test_a_planted_failure_raises_its_alarm(alarm: str, world: dict[str, ImageSet], tmp_path: Path):
    figures, watch = watch_over(planted(world)[alarm], world, "night", tmp_path)
    assert alarm in alarms_of(figures), figures
    if alarm == "copied":
        watch.show_copied()
        shown = read_pixels(tmp_path / "alarms" / "copied.png")
        assert shown.shape == (SIZE[1], 3 * SIZE[0], 3)
        nearest = read_pixels(world["night pool"].files()[2])
        assert (shown[:, 2 * SIZE[0] :] == nearest).all()


def test_the_pair_of_a_paired_method_is_no_copy(world: dict[str, ImageSet], tmp_path: Path):
    watch = Watch(Pairs(world["day"], world["night"], WHOLE, 0), True, tmp_path)
    assert "copied" not in watch.look(Planted(truth(world, "night")), step=6)


def test_one_image_and_images_of_other_sizes_are_looked_at_too(
    world: dict[str, ImageSet], tmp_path: Path
):
    one = world["day"].where("image = '000000_00.jpg'")
    config = PairsConfig(fit="whole", load_size=0)
    watch = Watch(Pairs(one, world["night pool"], config, 0), False, tmp_path)
    figures = watch.look(Planted(lambda image: image), step=1)
    assert figures["changed"] == 0.0
    assert "dependent" not in figures
    assert all(torch.tensor(list(figures.values())).isfinite())


def test_checks_are_rare_and_early():
    due = [step for step in range(1, 10_001) if is_due(step, 20, 10_001)]
    assert due[:6] == [20, 40, 80, 160, 320, 500]
    assert len(due) < 10_000 / 300
    assert is_due(7, 20, 7)


def small(steps: int) -> TrainConfig:
    options = {"width": 4, "blocks": 1, "discriminator_width": 4, "discriminator_depth": 1}
    return TrainConfig(options=options, pairs=WHOLE, steps=steps, samples=1)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that learns nothing and returns what came, inverted."""

    def step(self: CycleGAN, source: Images, target: Images) -> dict[str, Tensor]:
        del self, source, target
        return {"adversarial": torch.tensor(1.0), "discriminator": torch.tensor(0.001)}

    def translate(
        self: CycleGAN, images: Images, context: Context, *, reverse: bool = False
    ) -> Images:
        del self, context, reverse
        return -images

    monkeypatch.setattr(CycleGAN, "step", step)
    monkeypatch.setattr(CycleGAN, "translate", translate)


@pytest.mark.usefixtures("broken")
def test_an_alarm_is_told_once_and_kept_in_log_and_record(
    world: dict[str, ImageSet], tmp_path: Path
):
    told: list[str] = []
    token = teller.set(told.append)
    try:
        train(small(400), world["day"], world["night pool"], tmp_path / "run", log_every=10)
    finally:
        teller.reset(token)
    assert [sentence[:29] for sentence in told] == [
        "Alarm at step 160: Light and ",
        "Alarm at step 250: The discri",
    ]
    checks: list[dict[str, Any]] = [row for row in read_log(tmp_path / "run") if "alarms" in row]
    assert [row["step"] for row in checks] == [10, 20, 40, 80, 160, 250, 320, 400]
    assert {"changed", "dependent", "upright", "grid", "copied"} <= checks[0].keys()
    assert checks[3]["alarms"] == {}
    assert set(checks[4]["alarms"]) == {"inverted"}
    assert set(checks[5]["alarms"]) == {"inverted", "saturated"}
    kept = read_run(tmp_path / "run").results["alarms"]
    assert kept == raised(read_log(tmp_path / "run"))
    assert [alarm["since"] for alarm in kept] == [160, 250]
    assert all(alarm["standing"] for alarm in kept)


@pytest.mark.usefixtures("broken")
def test_a_resumed_run_does_not_tell_an_alarm_again(
    world: dict[str, ImageSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    told: list[str] = []
    token = teller.set(told.append)
    step = CycleGAN.step
    taken: list[int] = []

    def step_and_stop(self: CycleGAN, source: Images, target: Images) -> dict[str, Tensor]:
        taken.append(1)
        if len(taken) == 255:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, source, target)

    monkeypatch.setattr(CycleGAN, "step", step_and_stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            train(small(300), world["day"], world["night pool"], tmp_path / "run", log_every=10)
        assert len(told) == 2
        train(small(300), world["day"], world["night pool"], tmp_path / "run", log_every=10)
    finally:
        teller.reset(token)
    assert len(told) == 2
    assert len(read_run(tmp_path / "run").results["alarms"]) == 2
