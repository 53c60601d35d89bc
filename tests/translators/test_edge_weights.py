"""Edge networks are read from files by any known names, and looked at before they are believed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from otherlight.errors import CheckpointError
from otherlight.nets.edge_operator import SobelEdges
from otherlight.nets.edges import Architecture, edge_network
from otherlight.records.files import sha256_of
from otherlight.training.checkpoint import load_state
from otherlight.translators import edge_weights
from otherlight.translators.adain import AdaINConfig
from otherlight.translators.borrowed import licences_of, of_file
from otherlight.translators.cyclegan import CycleGANConfig
from otherlight.translators.edge_probe import edge_contrast, probe_image
from otherlight.translators.edge_weights import BUILT_IN, edge_facts, edges_of, fill_edges
from otherlight.translators.hedgan import HEDGANConfig
from otherlight.translators.nst_recipes import NSTConfig
from otherlight.translators.wct2 import WCT2Config

WEIGHTS = Path(edge_weights.__file__).parent / "weights"


def stored(architecture: str) -> dict[str, torch.Tensor]:
    state, _ = load_state(WEIGHTS / f"edges_{architecture}.safetensors")
    return {name: value.float() for name, value in state.items()}


def like_pytorch_hed(name: str, prefix: str) -> str:
    part, *rest = name.split(".")
    words = ("One", "Two", "Thr", "Fou", "Fiv")
    if part == "stages":
        stage, layer = int(rest[0]), int(rest[1])
        return f"{prefix}Vgg{words[stage]}.{2 * layer + (stage > 0)}.{rest[2]}"
    if part == "sides":
        return f"{prefix}Score{words[int(rest[0])]}.{rest[1]}"
    return f"{prefix}Combine.0.{rest[0]}"


def like_caffe(name: str, fusion: str) -> str:
    part, *rest = name.split(".")
    down = "_down" if part == "narrows" else ""
    if part in ("stages", "narrows"):
        return f"conv{int(rest[0]) + 1}_{int(rest[1]) + 1}{down}.{rest[2]}"
    if part == "sides":
        return f"score_dsn{int(rest[0]) + 1}.{rest[1]}"
    return f"{fusion}.{rest[0]}"


LAYOUTS: dict[str, tuple[Architecture, Callable[[str], str]]] = {
    "pytorch-hed": ("hed", lambda name: like_pytorch_hed(name, "net")),
    "older pytorch-hed": ("hed", lambda name: like_pytorch_hed(name, "module")),
    "caffe hed": ("hed", lambda name: like_caffe(name, "score_final")),
    "rcf": ("rcf", lambda name: like_caffe(name, "score_final")),
    "rcf, newer": ("rcf", lambda name: like_caffe(name, "score_fuse")),
    "on several devices": ("rcf", lambda name: "module." + like_caffe(name, "score_fuse")),
    "our own": ("rcf", lambda name: name),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_weights_are_found_under_every_known_layout(tmp_path: Path, layout: str, ending: str):
    architecture, rename = LAYOUTS[layout]
    state = stored(architecture)
    renamed = {rename(name): value for name, value in state.items()}
    assert len(renamed) == len(state)
    file = tmp_path / f"edges{ending}"
    save_file(renamed, file) if ending == ".safetensors" else torch.save(renamed, file)
    look, known = edges_of(str(file), architecture), edges_of(BUILT_IN, architecture)
    image, _ = probe_image()
    assert torch.equal(look(image), known(image))


@pytest.mark.parametrize("architecture", ["hed", "rcf"])
def test_the_networks_that_come_along_are_small_and_find_edges(architecture: Architecture):
    file = WEIGHTS / f"edges_{architecture}.safetensors"
    assert file.stat().st_size < 1_000_000
    assert edge_facts(BUILT_IN, architecture).span == 255
    assert edge_contrast(edges_of(BUILT_IN, architecture)) > 0.3
    assert all(not p.requires_grad for p in parameters(edges_of(BUILT_IN, architecture)))


def parameters(net: object) -> list[nn.Parameter]:
    assert isinstance(net, nn.Module)
    return list(net.parameters())


def test_the_operator_finds_the_edges_of_the_test_image():
    assert edge_contrast(SobelEdges()) > 0.3
    assert isinstance(edges_of("operator", "hed"), SobelEdges)


def rescaled(tmp_path: Path) -> Path:
    """Weights that want images of 0..1, as if they had been trained on such."""
    state = stored("hed")
    state["stages.0.0.weight"] = state["stages.0.0.weight"] * 255
    file = tmp_path / "rescaled.pth"
    torch.save(state, file)
    return file


def test_the_scale_that_weights_want_is_found_out(tmp_path: Path):
    file = str(rescaled(tmp_path))
    assert edge_facts(file, "hed").span == 1
    torch.testing.assert_close(
        edges_of(file, "hed")(probe_image()[0]), edges_of(BUILT_IN, "hed")(probe_image()[0])
    )


def test_under_the_wrong_scale_edges_are_clearly_weaker_and_it_is_told(tmp_path: Path):
    file = rescaled(tmp_path)
    with pytest.raises(CheckpointError, match=r"so it is 1; 255 came. Say edges_span: 1, or auto"):
        edge_facts(str(file), "hed", 255)
    torch.save(stored("hed"), file)
    with pytest.raises(
        CheckpointError, match=r"so it is 255; 1 came. Say edges_span: 255, or auto"
    ):
        edge_facts(str(file), "hed", 1)
    assert edge_facts(str(file), "hed", 255).span == 255


def test_weights_that_find_nothing_are_refused(tmp_path: Path):
    chance = torch.Generator().manual_seed(0)
    state = {
        name: torch.rand(v.shape, generator=chance) * 1e-3 for name, v in stored("hed").items()
    }
    torch.save(state, tmp_path / "random.pth")
    with pytest.raises(CheckpointError, match="must find the edges of a test image"):
        edge_facts(str(tmp_path / "random.pth"), "hed")


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("taken-over"),)


def test_no_code_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"conv1_1.weight": Hostile()}, tmp_path / "hostile.pth")
    with pytest.raises(CheckpointError, match="load with weights only"):
        edge_facts(str(tmp_path / "hostile.pth"), "hed")
    assert not (tmp_path / "taken-over").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"strange.weight": torch.zeros(1)}, "'strange.weight' is none of them"),
        ({"fusion.weight": torch.zeros(1)}, "finite weights of a whole HED"),
        ([1, 2], "must be a state dictionary, tensors by their names"),
        ({"state_dict": {"fusion.bias": 3}}, "must be a state dictionary, tensors by their names"),
    ],
)
def test_files_of_something_else_are_refused(tmp_path: Path, content: object, message: str):
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=message):
        edge_facts(str(tmp_path / "other.pth"), "hed")


def changed(how: str) -> dict[str, torch.Tensor]:
    state = stored("hed")
    if how == "nan":
        state["fusion.bias"] = state["fusion.bias"] * float("nan")
    elif how == "missing":
        del state["sides.2.bias"]
    else:
        state["sides.2.weight"] = torch.zeros(1, 3, 1, 1)
    return state


@pytest.mark.parametrize("how", ["nan", "missing", "misshapen"])
def test_torn_weights_are_refused(tmp_path: Path, how: str):
    torch.save(changed(how), tmp_path / "torn.pth")
    with pytest.raises(CheckpointError, match=r"finite weights|do not fit"):
        edge_facts(str(tmp_path / "torn.pth"), "hed")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"\x80\x02}q\x00."])
def test_rubbish_is_told_in_a_sentence(tmp_path: Path, content: bytes):
    (tmp_path / "rubbish.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"weights only|whole HED"):
        edge_facts(str(tmp_path / "rubbish.pth"), "hed")


def test_a_run_names_weights_of_others_and_what_is_known_of_their_licence(tmp_path: Path):
    file = tmp_path / "theirs.safetensors"
    save_file(stored("hed"), file)
    digest = sha256_of(file)
    unknown = (f"weights of {file} (sha256 {digest}): licence not known to us, look it up",)
    hedgan = HEDGANConfig(edges=str(file))
    assert licences_of(hedgan) == licences_of(hedgan.at_size(64)) == unknown
    assert licences_of(HEDGANConfig()) == licences_of(HEDGANConfig(edges="operator")) == ()
    assert licences_of(CycleGANConfig()) == ()
    for config in (NSTConfig, AdaINConfig, WCT2Config):
        assert licences_of(config(weights=str(file))) == unknown
        assert licences_of(config(weights="random")) == ()
        (said,) = licences_of(config(weights="torchvision"))
        assert said.startswith("vgg19 of torchvision, whose code is BSD-3-Clause")
    assert licences_of(WCT2Config(weights="random", decoder=str(file))) == unknown
    assert of_file("vgg.pth", f"d01eb7cb{'0' * 56}").endswith(
        "Visual Geometry Group, Oxford: CC BY 4.0"
    )
    assert "not there any more" in licences_of(NSTConfig(weights=str(tmp_path / "none.pth")))[0]


def test_a_hostile_header_is_told_in_a_sentence(tmp_path: Path):
    file = tmp_path / "edges.safetensors"
    save_file(stored("hed"), file, {"about": "[" * 100_000})
    with pytest.raises(CheckpointError, match="says of itself, its entry 'about', must be"):
        edge_facts(str(file), "hed")


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(CheckpointError, match="built-in, operator or a file of weights"):
        edge_facts(str(tmp_path / "none.pth"), "hed")
    with pytest.raises(CheckpointError, match="built-in, operator or a file of weights"):
        edge_facts("x" * 5000, "hed")


def test_weights_that_change_during_a_run_are_told(tmp_path: Path):
    file = rescaled(tmp_path)
    facts = edge_facts(str(file), "hed")
    torch.save(stored("hed"), file)
    with pytest.raises(CheckpointError, match="has changed since it began"):
        fill_edges(edge_network("hed", facts.width), str(file), "hed", facts.sha256)
