"""`otherlight info` of runs and of files of weights: networks, layers, shapes, parameters."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from otherlight.cli.app import app
from otherlight.records.run import describe_run, finish_run
from otherlight.training.checkpoint import save_state
from otherlight.training.seeding import torch_generator
from otherlight.translators import TRANSLATORS
from otherlight.translators.model_file import save_model
from translators.originals import trained


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that trained a translator, and the weights of another's generator."""
    folder = tmp_path_factory.mktemp("weights")
    method = TRANSLATORS["cyclegan"]
    config = method.config(width=4, blocks=11, discriminator_width=4)
    about = {"method": "cyclegan", "options": {}}
    translator = method.build(config, torch_generator(0))
    save_model(folder / "run" / "model.safetensors", translator, about)
    finish_run(folder / "run", describe_run("translator", {}, 0, {}), 7)
    state = {"network.norm.weight": torch.ones(3), "network.norm.running_mean": torch.ones(3)}
    save_state(folder / "fixed.safetensors", state, {"name": "compact"})
    torch.save(trained(width=4, blocks=2).state_dict(), folder / "latest_net_G_A.pth")
    torch.save([1], folder / "list.pth")
    (folder / "torn.safetensors").write_bytes(b"\0" * 20)
    return folder


@pytest.fixture
def asked(
    weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.chdir(weights)
        with pytest.raises(SystemExit) as end:
            app(["info", *words], prog_name="otherlight")
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


def test_a_run_is_told_with_its_networks(asked: Any):
    code, out, _ = asked("run")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["kind", "translator"]
    # 588 + 288 + 1,152 and back, 11 blocks of twice 2,304, a last layer of 588 and 3 biases.
    at = lines.index("generator_target: 54,747 parameters")
    assert lines[at + 1].split() == ["layers.1", "weight", "4", "x", "3", "x", "7", "x", "7", "588"]
    layers = [line.split()[0] for line in lines[at + 1 :] if line.startswith("  ")]
    assert layers.index("layers.10.layers.1") < layers.index("layers.11.layers.1")
    assert any("bias 3" in line for line in lines)
    data = json.loads(asked("run", "--json")[1])
    assert data["steps"] == 7
    assert set(data["networks"]) == {"generator_target", "generator_source"}
    assert data["networks"]["generator_source"]["parameters"] == 54_747


def test_files_of_weights_are_told(asked: Any):
    code, out, _ = asked("latest_net_G_A.pth", "--json")
    assert code == 0
    data = json.loads(out)
    assert (data["layout"], data["blocks"], data["norm"]) == ("pix2pix", 2, "instance")
    (network,) = data["networks"].values()
    assert network["parameters"] == 588 * 2 + 2 * (288 + 1152) + 4 * 2304 + 3
    code, out, _ = asked("fixed.safetensors")
    assert "name  compact" in out
    assert "network: 3 parameters" in out
    assert out.splitlines()[-1].split() == ["norm", "weight", "3,", "running_mean", "3", "3"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("list.pth", "holds a list"),
        ("torn.safetensors", "must be a whole safetensors file"),
        ("none.pth", "has neither"),
    ],
)
def test_what_holds_no_weights_ends_in_a_sentence(asked: Any, name: str, message: str):
    code, _, said = asked(name)
    assert code == 1
    assert message in said


def test_a_run_is_told_without_torch(weights: Path):
    code = (
        "import sys\nsys.argv = ['otherlight', 'info', 'run']\n"
        "from otherlight.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert 'torch' not in sys.modules, 'torch was loaded'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=weights, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
