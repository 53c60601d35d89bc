"""The training loop of every learned translator, in one place and in full view.

A run folder holds ``run.json``, ``log.jsonl``, ``samples/``, ``state.safetensors`` (all a resumed
run needs) and, at the end, ``model.safetensors`` (what translating needs); with ``keep`` such files
of earlier steps in ``checkpoints/``, and after an alarm of copied content ``alarms/copied.png``.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

import torch

from otherlight.config import build, plain
from otherlight.errors import DivergedError, PlanError
from otherlight.records.files import holding
from otherlight.records.progress import task, tell
from otherlight.records.run import RunRecord, begin_run, describe_run, finish_run
from otherlight.sets import ImageSet
from otherlight.training.alarms import raise_alarms, raised, undecided
from otherlight.training.checkpoint import load_state, save_state
from otherlight.training.devices import choose_device, instruction_set
from otherlight.training.interrupt import stoppable
from otherlight.training.runlog import RunLog, read_log
from otherlight.training.schedule import constant_then_linear
from otherlight.training.seeding import torch_generator
from otherlight.translators import Learned, Method, Translator, method_of
from otherlight.translators.borrowed import licences_of
from otherlight.translators.model_file import save_model
from otherlight.translators.pairs import Pairs, PairsConfig
from otherlight.translators.protocols import SizedConfig
from otherlight.translators.samples import write_samples
from otherlight.translators.watch import Watch, is_due


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What is learned and for how long; the defaults are CycleGAN's (appendix 7.1)."""

    method: str = "cyclegan"
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Settings of the method."""
    pairs: PairsConfig = field(default_factory=PairsConfig)
    steps: int | None = None
    epochs: float | None = None
    """Length, if steps is not given; the method's paper's if neither is."""
    pairs_per_epoch: int | None = None
    """The larger set's images, if not given."""
    decay_from: float | None = None
    """Share of the steps after which the learning rate falls linearly to 0; the method's paper's
    if not given."""
    samples: int = 4
    """Fixed images of each domain in the sample grids."""
    keep: int = 0
    """Checkpoints of what translates, evenly spaced and the last among them, to choose from."""

    def __post_init__(self) -> None:
        if self.steps is not None and self.epochs is not None:
            raise PlanError("A length is given in steps or in epochs; both came. Give one.")
        if self.keep < 0:
            raise PlanError(f"keep is a number of checkpoints, 0 or more; {self.keep} came.")

    def length(self, source: int, target: int, usual: float = 200.0) -> int:
        """Count the optimiser steps for two sets of these sizes; ``usual`` is in epochs."""
        if self.steps is not None:
            return self.steps
        epochs = usual if self.epochs is None else self.epochs
        per_epoch = self.pairs_per_epoch or max(source, target)
        return math.ceil(epochs * per_epoch / self.pairs.batch)


class How(TypedDict, total=False):
    """How a run is carried out; nothing of it changes what is learned (but the device)."""

    device: str
    threads: int
    cache_bytes: int
    log_every: int
    sample_every: int
    checkpoint_seconds: float
    tensorboard: bool


def train(
    config: TrainConfig,
    source: ImageSet,
    target: ImageSet,
    to: Path,
    seed: int = 0,
    **how: Unpack[How],
) -> RunRecord:
    """Train a translator, or go on where the same command was stopped.

    Raises:
        DivergedError: a loss is no longer finite; the last good checkpoint stays.
        KeyboardInterrupt: it was asked to stop, and did so after writing a checkpoint.
    """
    device = choose_device(how.get("device", "auto"))
    method = method_of(config.method)
    options = build(method.config, config.options, config.method)
    if isinstance(options, SizedConfig):
        options = options.at_size(config.pairs.shorter_side())
    steps = config.length(len(source), len(target), method.epochs)
    if config.decay_from is None:
        config = replace(config, decay_from=method.decay_from)
    described = {
        **plain(config),
        "options": plain(options),
        "pairs": plain(config.pairs),
        "steps": steps,
        "device": device.type,
    }
    record = describe_run(
        "translator",
        described,
        seed,
        {"source": source.hash, "target": target.hash},
        licences=(method.licence, source.licence, target.licence, *licences_of(options)),
        instruction_set=instruction_set(),
    )
    with holding(to):
        record = begin_run(to, record)
        if record.done:
            return record
        with device:
            translator = _built(method, options, config.method, seed)
        if not isinstance(translator, Learned):
            raise PlanError(f"{config.method!r} is not trained; translate with it as it is.")
        cache = how.get("cache_bytes", 2 * 1024**3)
        pairs = Pairs(source, target, config.pairs, seed, cache, paired=method.paired)
        watch = Watch(pairs, method.paired, to)
        about = {"method": config.method, "options": plain(options), "seed": seed}
        about["run"] = record.hash
        # As they were when the run began: its files may be gone since.
        borrowed = record.licences[3:]
        about |= {"licences": borrowed} if borrowed else {}
        _Loop(config, translator, pairs, watch, steps, device, to, about).run(**how)
        save_model(to / "model.safetensors", translator, about)
        return finish_run(to, record, steps, {"alarms": raised(read_log(to))})


def _built(method: Method, options: Any, name: str, seed: int) -> Translator:
    """Build a method; what its parts refuse is what its options asked for."""
    try:
        return method.build(options, torch_generator(seed, "weights"))
    except ValueError as error:
        raise PlanError(f"[{name}] {str(error).rstrip('.')}.") from error


@dataclass(frozen=True)
class _Loop:
    """The things that a loop holds in its hands."""

    config: TrainConfig
    translator: Learned
    pairs: Pairs
    watch: Watch
    steps: int
    device: torch.device
    to: Path
    about: Mapping[str, Any]
    """What a model file says of itself."""

    def run(self, **how: Unpack[How]) -> None:
        """Step, log, show, save; until the steps are done or somebody asks to stop."""
        log_every, sample_every = how.get("log_every", 20), how.get("sample_every", 500)
        rates = [group["lr"] for o in self.translator.optimisers for group in o.param_groups]
        done = self._resume()
        log = RunLog(self.to, done, how.get("tensorboard", False))
        saved_at = time.monotonic()
        batches = self.pairs.batches(done, self.steps, how.get("threads", 2))
        with stoppable() as stop, task("training", self.steps) as advance:
            advance(done)
            for step, (source, target) in enumerate(batches, start=done + 1):
                self._set_rates(rates, step - 1)
                losses = self.translator.step(source.to(self.device), target.to(self.device))
                advance(1)

                save = stop.asked or step == self.steps
                save |= time.monotonic() - saved_at >= how.get("checkpoint_seconds", 60.0)
                if save or step % log_every == 0:
                    values = {name: float(loss) for name, loss in losses.items()}
                    self._check(values, step)
                    if step % log_every == 0 or step == self.steps:
                        due = is_due(step, log_every, self.steps)
                        self._look(log, step, values) if due else log.write(step, values)
                # These before the checkpoint: a run killed between makes them again.
                if step % sample_every == 0 or step == self.steps:
                    write_samples(self.translator, self.pairs, self.config.samples, self.to, step)
                if step in self._kept():
                    file = self.to / "checkpoints" / f"{step:07}.safetensors"
                    save_model(file, self.translator, self.about)
                if save:
                    self._save(step)
                    saved_at = time.monotonic()
                if stop.asked and step < self.steps:
                    raise KeyboardInterrupt

    def _set_rates(self, rates: list[float], step: int) -> None:
        assert self.config.decay_from is not None
        share = constant_then_linear(step, self.steps, self.config.decay_from)
        groups = [group for o in self.translator.optimisers for group in o.param_groups]
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate * share

    def _check(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            if not math.isfinite(value):
                raise DivergedError(
                    f"Every loss must stay finite; {name!r} was {value} at step {step} of "
                    f"{self.steps}. The last good checkpoint is kept in {self.to}; lower "
                    f"learning_rate or set precision: fp32, and train into another folder."
                )

    def _kept(self) -> set[int]:
        """The steps after which what translates is kept."""
        keep = self.config.keep
        return {round(place * self.steps / keep) for place in range(1, keep + 1)}

    def _look(self, log: RunLog, step: int, values: Mapping[str, float]) -> None:
        """Log the losses with what the fixed images show; tell an alarm when it is first raised."""
        figures = self.watch.look(self.translator, step) | undecided([*log.rows, values])
        told = {name for row in log.rows for name in row.get("alarms", {})}
        row = {"step": step, **values, **figures}
        alarms = raise_alarms([*log.rows, row], last=step == self.steps)
        if "copied" in alarms:
            self.watch.show_copied()
        log.write(step, {**values, **figures}, alarms)
        for name in alarms.keys() - told:
            tell(f"Alarm at step {step}: {alarms[name]}")

    def _resume(self) -> int:
        path = self.to / "state.safetensors"
        if not path.exists():
            return 0
        state, about = load_state(path)
        self.translator.load_state(state)
        return int(about["step"])

    def _save(self, step: int) -> None:
        save_state(self.to / "state.safetensors", self.translator.state(), {"step": step})
