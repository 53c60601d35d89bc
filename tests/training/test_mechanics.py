"""The mechanics every training run leans on."""

import os
import signal
import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.optim import Adam

from otherlight.errors import CheckpointError, PlanError
from otherlight.training.checkpoint import (
    generator_state,
    load_generator,
    load_module,
    load_optimiser,
    load_state,
    module_state,
    optimiser_state,
    save_state,
)
from otherlight.training.devices import (
    choose_device,
    has_fast_bf16,
    resolve_precision,
    threads,
)
from otherlight.training.interrupt import stoppable
from otherlight.training.prefetch import prefetch
from otherlight.training.runlog import RunLog, read_log
from otherlight.training.seeding import seed_everything, seed_of, torch_generator


def trained(steps: int) -> tuple[nn.Module, Adam]:
    seed_everything(0)
    net = nn.Linear(3, 2)
    optimiser = Adam(net.parameters(), 0.1)
    learn(net, optimiser, range(steps))
    return net, optimiser


def learn(net: nn.Module, optimiser: Adam, steps: range) -> None:
    for step in steps:
        optimiser.zero_grad()
        net(torch.rand(4, 3, generator=torch_generator(0, "step", step))).square().mean().backward()
        optimiser.step()


def test_a_resumed_optimiser_goes_on_as_if_nothing_had_happened(tmp_path: Path):
    net, optimiser = trained(3)
    state = module_state("net", net) | optimiser_state("adam", optimiser)
    save_state(tmp_path / "a.safetensors", state, {"step": 3})
    again, fresh = trained(0)
    loaded, about = load_state(tmp_path / "a.safetensors")
    load_module("net", again, loaded)
    load_optimiser("adam", fresh, loaded)
    learn(again, fresh, range(about["step"], 6))
    wanted, _ = trained(6)
    assert all(
        torch.equal(a, b) for a, b in zip(again.parameters(), wanted.parameters(), strict=True)
    )


def test_equal_states_are_equal_bytes(tmp_path: Path):
    for name in ("a", "b"):
        net, optimiser = trained(2)
        state = module_state("net", net) | optimiser_state("adam", optimiser)
        save_state(tmp_path / name, state, {"b": 1, "a": 2})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_generator_goes_on_where_it_was():
    chance = torch.Generator().manual_seed(5)
    torch.rand(3, generator=chance)
    kept = generator_state("chance", chance)
    wanted = torch.rand(3, generator=chance)
    other = torch.Generator()
    load_generator("chance", other, kept)
    assert torch.equal(torch.rand(3, generator=other), wanted)


def test_weights_that_do_not_fit_are_named():
    state = module_state("net", nn.Linear(4, 2))
    with pytest.raises(
        CheckpointError, match="weights of 'net' do not fit this network: .*size mismatch"
    ):
        load_module("net", nn.Linear(3, 2), state)


def test_a_torn_checkpoint_is_named(tmp_path: Path):
    path = tmp_path / "a.safetensors"
    save_state(path, {"weight": torch.ones(100)}, {})
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(CheckpointError, match="must be a whole safetensors file"):
        load_state(path)
    with pytest.raises(CheckpointError, match="There must be a checkpoint"):
        load_state(tmp_path / "b.safetensors")


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ('{"step": 4', "it cannot be read .Expecting ',' delimiter: line 1 column 11"),
        ("", "it cannot be read .Expecting value"),
        ("[" * 100_000, "it cannot be read .maximum recursion|it cannot be read .Exp"),
        ("[4]", "it is a list"),
        ("null", "it is a NoneType"),
    ],
)
def test_a_checkpoint_whose_facts_are_torn_is_named(tmp_path: Path, about: str, reason: str):
    path = tmp_path / "a.safetensors"
    save_file({"weight": torch.ones(2)}, path, {"about": about})
    with pytest.raises(CheckpointError, match=rf"a.safetensors says of itself, .*; ({reason})"):
        load_state(path)


def test_a_resumed_log_drops_what_will_be_written_again(tmp_path: Path):
    log = RunLog(tmp_path)
    for step in (1, 2, 3):
        log.write(step, {"loss": step / 2})
    with log.path.open("a") as file:
        file.write('{"step": 4, "lo')
    RunLog(tmp_path, resumed_at=2).write(3, {"loss": 9.0})
    assert [(row["step"], row["loss"]) for row in read_log(tmp_path)] == [
        (1, 0.5),
        (2, 1.0),
        (3, 9.0),
    ]


def test_the_first_ctrl_c_asks_and_the_second_insists():
    with stoppable() as request:
        os.kill(os.getpid(), signal.SIGINT)
        assert request.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_outside_the_main_thread_signals_are_left_alone():
    asked: list[bool] = []

    def work() -> None:
        with stoppable() as request:
            asked.append(request.asked)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert asked == [False]


def test_prefetch_keeps_order_and_brings_an_error_out_at_its_place():
    def reciprocal(value: int) -> float:
        return 1 / value

    got = prefetch(reciprocal, [1, 2, 0, 4], threads=3, ahead=2)
    assert [next(got), next(got)] == [1.0, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(got)


def test_threads_that_work_ahead_compute_alone_and_leave_others_their_count():
    with threads(2):
        assert set(prefetch(lambda _: torch.get_num_threads(), range(8), threads=3)) == {1}
        assert torch.get_num_threads() == 2
        torch.rand(1 << 20).square().sum()
        assert torch.get_num_threads() == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [("gpu", "A device is auto, cpu"), ("cuda", "must be present")],
)
def test_a_device_must_be_known_and_present(name: str, message: str):
    if name == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has one")
    with pytest.raises(PlanError, match=message):
        choose_device(name)


def test_auto_precision_follows_the_hardware():
    device = choose_device("cpu")
    assert resolve_precision("auto", device) == ("bf16" if has_fast_bf16(device) else "fp32")
    assert resolve_precision("fp32", device) == "fp32"


def test_seeds_differ_by_purpose():
    seeds = {seed_of(0, "pair", step) for step in range(100)} | {
        seed_of(1, "pair", 0),
        seed_of(0, "x"),
    }
    assert len(seeds) == 102
