"""The training loop of every recogniser, in one place and in full view."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from otherlight.config import plain
from otherlight.errors import DatasetError, DivergedError
from otherlight.images.tensors import Images, to_images
from otherlight.recognisers import learner as learners
from otherlight.recognisers.augment import mirror, zoom
from otherlight.recognisers.draws import draw
from otherlight.recognisers.fit_config import FitConfig, Ingredient
from otherlight.recognisers.frames import Frames
from otherlight.recognisers.learner import Learner
from otherlight.recognisers.optimisers import set_rates
from otherlight.recognisers.photometric import relight
from otherlight.recognisers.predict import predict
from otherlight.recognisers.protocols import Truth, View
from otherlight.recognisers.score import score
from otherlight.recognisers.table import method_named
from otherlight.recognisers.weights import About, save_weights, weights_file
from otherlight.records.files import holding, sha256_of
from otherlight.records.progress import task
from otherlight.records.run import RunRecord, begin_run, describe_run, finish_run
from otherlight.sets import ImageSet
from otherlight.training.average import follow
from otherlight.training.devices import (
    autocast,
    choose_device,
    instruction_set,
    resolve_precision,
    threads,
)
from otherlight.training.interrupt import stoppable
from otherlight.training.prefetch import prefetch
from otherlight.training.runlog import RunLog
from otherlight.training.seeding import torch_generator


@dataclass(frozen=True, kw_only=True)
class Run:
    """A fitted recogniser: its folder with ``model.safetensors``, and its record."""

    folder: Path
    record: RunRecord


@dataclass(frozen=True, kw_only=True)
class Course:
    """What is to be learnt from: images, which of them each step sees, and in what light."""

    frames: Frames
    order: Int[np.ndarray, "steps batch"]
    view: View | None
    seed: int


def fit(
    train: Sequence[Ingredient],
    val: ImageSet,
    config: FitConfig,
    seed: int,
    to: Path,
    view: View | None = None,
) -> Run:
    """Fit a recogniser for a fixed number of optimiser steps, then score it on ``val``.

    Goes on where a killed run stopped, to the same bytes; what is done is not done again. Results
    in ``run.json``: AP50 over the classes that have truth in ``val``, and that of each class.

    Raises:
        DatasetError: images are unlabelled, or ingredients know different classes.
        DivergedError: a loss became nan; the last checkpoint is kept.
        BusyError: ``to`` holds another run.
    """
    classes = _classes(train, config)
    with holding(to), threads(config.threads):
        record = begin_run(to, _describe(train, val, config, classes, seed))
        if not record.done:
            sets = [one.images for one in train]
            shares = [one.share for one in train]
            course = Course(
                frames=Frames(
                    sets,
                    classes,
                    (config.width, config.height),
                    ignore_below=config.ignore_below,
                    memory_gb=config.memory_gb,
                ),
                order=draw([len(one) for one in sets], shares, config.steps, config.batch, seed),
                view=view,
                seed=seed,
            )
            learner = _learn(course, config, classes, to)
            save_weights(to, learner.average, _about(config, classes))
            table = predict(to, val, device=config.device)
            results = score(table, val, classes, config.ignore_below).plain()
            record = finish_run(to, record, config.steps, results)
        learners.forget(to)
    return Run(folder=to, record=record)


def _learn(course: Course, config: FitConfig, classes: tuple[str, ...], to: Path) -> Learner:
    """Take all steps that are not taken yet."""
    device = choose_device(config.device)
    precision = resolve_precision(config.precision, device)
    learner = learners.begin(config, classes, course.seed)
    network, optimisers = learner.detector.network, learner.optimisers
    done = learners.resume(learner, to)
    log = RunLog(to, resumed_at=done, tensorboard=config.tensorboard)
    batches = prefetch(course.frames.batch, course.order[done:], threads=2, ahead=4)
    with stoppable() as stop, task(f"fitting {config.name}", config.steps) as advance:
        advance(done)
        for step, batch in enumerate(batches, start=done + 1):
            images = to_images(batch.pixels.to(device))
            if course.view is not None:
                images = course.view(images, batch.names)
            images, truth = _augment(images, batch.truth, config, course.seed, step)

            set_rates(optimisers, config, step)
            with autocast(device, precision):
                losses = learner.detector.losses(images, truth)
            torch.stack(list(losses.values())).sum().backward()
            length = clip_grad_norm_(network.parameters(), config.clip)
            for optimiser in optimisers.values():
                optimiser.step()
                optimiser.zero_grad()
            follow(learner.average, network, step, config.average)

            saving = step % config.checkpoint_every == 0 or stop.asked
            if saving or step % config.log_every == 0 or step == config.steps:
                log.write(step, _finite({**losses, "gradient": length}, step, to))
            if saving:
                learners.save(learner, step, to)
            if stop.asked:
                raise KeyboardInterrupt
            advance(1)
    return learner


def _about(config: FitConfig, classes: tuple[str, ...]) -> About:
    return About(
        name=config.name,
        options=dict(config.options),
        classes=classes,
        width=config.width,
        height=config.height,
    )


def _augment(
    images: Images, truth: Sequence[Truth], config: FitConfig, seed: int, step: int
) -> tuple[Images, Sequence[Truth]]:
    """Mirror, zoom and change the light, by chance that the seed and the step alone decide."""
    chance = torch_generator(seed, "augment", step)
    if config.flip:
        images, truth = mirror(images, truth, config.flip, chance)
    if config.zoom:
        images, truth = zoom(images, truth, config.zoom, chance)
    if config.photometric.share:
        images = relight(images, config.photometric, torch_generator(seed, "light", step))
    return images, truth


def _finite(values: Mapping[str, Tensor], step: int, to: Path) -> dict[str, float]:
    numbers = {name: float(value.detach()) for name, value in values.items()}
    for name, number in numbers.items():
        if not math.isfinite(number):
            raise DivergedError(
                f"Losses must stay finite; {name!r} became {number} by step {step} of {to}. Lower "
                f"learning_rate and matrix_rate, or say precision: fp32, in a new folder."
            )
    return numbers


def _classes(train: Sequence[Ingredient], config: FitConfig) -> tuple[str, ...]:
    """The classes to learn: those asked for, else those that all ingredients share."""
    if not train or not sum(len(one.images) for one in train):
        raise DatasetError("There must be images to learn from; none came. Check the filters.")
    first = train[0].images
    for one in train:
        if not len(one.images):
            raise DatasetError(
                f"Every ingredient must hold images; {one.images.name!r} is empty. Check its "
                f"filter."
            )
        if not config.classes and one.images.classes != first.classes:
            raise DatasetError(
                f"Ingredients must know the same classes; {first.name!r} has "
                f"{', '.join(first.classes)} and {one.images.name!r} has "
                f"{', '.join(one.images.classes)}. Name the classes to learn: classes: [...]."
            )
    return config.classes or first.classes


def _describe(
    train: Sequence[Ingredient],
    val: ImageSet,
    config: FitConfig,
    classes: Sequence[str],
    seed: int,
) -> RunRecord:
    """Describe the run; weights to start from count by their bytes, not by where they lie."""
    inputs = {f"train {index}": one.images.hash for index, one in enumerate(train)}
    inputs["val"] = val.hash
    lights = {light for one in train for light in one.images.column("translator") if light}
    inputs |= {f"light {index}": light for index, light in enumerate(sorted(lights))}
    if config.init is not None:
        inputs["init"] = sha256_of(weights_file(config.init))
    settings = {
        **plain(config),
        "init": config.init is not None,
        "classes": list(classes),
        "shares": [one.share for one in train],
    }
    if audits := [one.images.counts["audit"] for one in train if "audit" in one.images.counts]:
        settings["audits"] = audits
    return describe_run(
        "recogniser",
        settings,
        seed,
        inputs,
        (method_named(config.name).licence,),
        instruction_set(),
    )
