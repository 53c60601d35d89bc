"""Weights of others: told by name, equal to the original network, and nothing else let in."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from otherlight.errors import CheckpointError, PlanError
from otherlight.nets.resnet_generator import ResNetGenerator
from otherlight.nets.resnet_variants import VariantGenerator
from otherlight.records.files import sha256_of
from otherlight.records.run import read_run
from otherlight.sets import ImageSet
from otherlight.training.seeding import torch_generator
from otherlight.translate import translate
from otherlight.translators import context_for
from otherlight.translators.foreign import Foreign
from otherlight.translators.model_file import Loaded, load_translator
from translators.originals import Original, trained

CPU = torch.device("cpu")
PIX2PIX: dict[str, Any] = {"width": 4, "blocks": 2}
BUILDS: dict[str, tuple[str, dict[str, Any]]] = {
    "CycleGAN, 9 blocks": ("pix2pix", {"width": 4, "blocks": 9}),
    "CycleGAN, 6 blocks, dropout": ("pix2pix", {"width": 4, "blocks": 6, "dropout": True}),
    "pix2pix, batch norm": ("pix2pix", {**PIX2PIX, "norm": "batch"}),
    "pix2pix, batch norm, dropout": ("pix2pix", {**PIX2PIX, "norm": "batch", "dropout": True}),
    "CUT": ("cut", {"width": 4, "blocks": 9, "blur_down": True, "up": "blurred"}),
    "CUT, 6 blocks, dropout": (
        "cut",
        {"width": 4, "blocks": 6, "blur_down": True, "up": "blurred", "dropout": True},
    ),
    "CUT, blurred down alone": ("cut", {**PIX2PIX, "blur_down": True}),
    "CUT, blurred up alone": ("cut", {**PIX2PIX, "up": "blurred"}),
    "CUT, batch norm": (
        "cut",
        {**PIX2PIX, "norm": "batch", "blur_down": True, "up": "blurred"},
    ),
    "PyTorch-GAN": ("pytorch-gan", {"width": 4, "blocks": 9, "up": "nearest", "word": "block"}),
    "PyTorch-GAN with transposed": ("pix2pix", {**PIX2PIX, "word": "block"}),
}


def noise(*size: int, batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, *size, generator=torch_generator(3)) * 2 - 1


def saved(path: Path, held: Any, old: bool = False) -> Path:
    torch.save(held, path, _use_new_zipfile_serialization=not old)
    return path


def loaded(path: Path, **how: Any) -> Loaded:
    return load_translator(path, {}, CPU, **how)


def show(found: Loaded, images: Tensor) -> Tensor:
    names = [str(place) for place in range(len(images))]
    return found.translator.translate(images, context_for(0, names))


@pytest.mark.parametrize("name", BUILDS)
def test_the_output_is_the_original_networks(name: str, tmp_path: Path):
    layout, build = BUILDS[name]
    original = trained(**build)
    found = loaded(saved(tmp_path / "latest_net_G_A.pth", original.state_dict()))
    assert found.options["layout"] == layout
    assert found.options["blocks"] == build["blocks"]
    for size in ((32, 48), (20, 24)):
        with torch.no_grad():
            wanted = original(noise(*size))
        assert wanted.std() > 0.05, "an output that says nothing proves nothing"
        torch.testing.assert_close(show(found, noise(*size)), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("up", ["transposed", "blurred", "nearest"])
def test_any_size_comes_back_as_it_came(up: str, tmp_path: Path):
    word = "block" if up == "nearest" else "conv_block"
    original = Original(4, 1, up=up, word=word, blur_down=up == "blurred")
    found = loaded(saved(tmp_path / "net.pth", original.state_dict()))
    for size in ((61, 47), (9, 33), (5, 6), (1, 9), (2, 2)):
        shown = show(found, noise(*size))
        assert shown.shape == noise(*size).shape
        assert shown.isfinite().all()


def test_the_papers_own_architecture_is_run_by_our_own_network(tmp_path: Path):
    for build, kind in (
        (PIX2PIX, ResNetGenerator),
        ({**PIX2PIX, "up": "blurred"}, VariantGenerator),
    ):
        found = loaded(saved(tmp_path / "net.pth", trained(**build).state_dict())).translator
        assert isinstance(found, Foreign)
        assert isinstance(found.net, kind)


def test_each_image_is_translated_as_if_alone(tmp_path: Path):
    found = loaded(saved(tmp_path / "net.pth", trained(**PIX2PIX, norm="batch").state_dict()))
    images = noise(32, 40, batch=3)
    alone = torch.cat([show(found, image) for image in images.split(1)])
    torch.testing.assert_close(show(found, images), alone, atol=1e-5, rtol=0)


def gandtr(original: Original, **changed: Any) -> dict[str, Any]:
    """The dictionary that gandtr keeps a network in."""
    model = {"architecture": "official_resnet_generator", "no_antialias": True, "n_blocks": 2}
    data = {"transforms": "pil2np | totensor | normalize", "mean_std": [[0.5] * 3, [0.5] * 3]}
    runtime = {"wrappers": "", "data": {**data, **changed}}
    params = OrderedDict(model={**model, **changed}, runtime=runtime)
    state = original.state_dict()
    return {
        "type": "SingleNetwork",
        "frozen": False,
        "network_params": params,
        "model_state": state,
    }


@pytest.mark.parametrize("norm", ["instance", "batch"])
@pytest.mark.parametrize("outer", [False, True])
def test_gandtrs_dictionary(norm: str, outer: bool, tmp_path: Path):
    original = trained(**PIX2PIX, norm=norm)
    held = {"net": gandtr(original)} if outer else gandtr(original)
    found = loaded(saved(tmp_path / "generator_X_best.pth", held), layout="gandtr")
    assert found.options["layout"] == "gandtr"
    with torch.no_grad():
        wanted = original(noise(32, 40))
    torch.testing.assert_close(show(found, noise(32, 40)), wanted, atol=1e-5, rtol=0)


def test_gandtrs_dictionary_must_describe_a_generator_fed_as_ours_are(tmp_path: Path):
    original = trained(**PIX2PIX)
    other = saved(tmp_path / "a.pth", gandtr(original, architecture="hed_interpolation"))
    with pytest.raises(CheckpointError, match="a.pth holds 'hed_interpolation'. Point to a gener"):
        loaded(other)
    scaled = saved(tmp_path / "b.pth", gandtr(original, mean_std=[[0.4] * 3, [1.0] * 3]))
    with pytest.raises(
        CheckpointError, match=r"mean .5 and deviation .5; .*b.pth asks for \[\[0.4"
    ):
        loaded(scaled)


def test_files_of_all_ages_half_precision_parallel_and_safetensors(tmp_path: Path):
    original = trained(**PIX2PIX)
    state = original.state_dict()
    with torch.no_grad():
        wanted = original(noise(32, 40))
    files = {
        "old": saved(tmp_path / "old.pth", state, old=True),
        "parallel": saved(tmp_path / "p.pt", {f"module.{k}": v for k, v in state.items()}),
        "double": saved(tmp_path / "d.PTH", {k: v.double() for k, v in state.items()}),
    }
    save_file(state, tmp_path / "s.safetensors")
    for path in (*files.values(), tmp_path / "s.safetensors"):
        torch.testing.assert_close(show(loaded(path), noise(32, 40)), wanted, atol=1e-5, rtol=0)
    half = saved(tmp_path / "half.pth", {k: v.half() for k, v in state.items()})
    torch.testing.assert_close(show(loaded(half), noise(32, 40)), wanted, atol=0.02, rtol=0)


def test_statistics_of_instance_norms_are_left_out_and_counted(tmp_path: Path):
    state = trained(**PIX2PIX).state_dict()
    biases = sum(name.endswith(".bias") for name in state) - 1
    for number in (2, 5, 8):
        state[f"model.{number}.running_mean"] = torch.ones(4)
        state[f"model.{number}.num_batches_tracked"] = torch.tensor(7)
    found = loaded(saved(tmp_path / "net.pth", state))
    assert found.options["unused"] == biases + 6
    plain = loaded(saved(tmp_path / "plain.pth", trained(**PIX2PIX).state_dict()))
    assert torch.equal(show(found, noise(32, 40)), show(plain, noise(32, 40)))


def test_the_lineage_is_the_files_hash_and_says_the_layout(tmp_path: Path):
    path = saved(tmp_path / "net.pth", trained(**PIX2PIX).state_dict())
    found = loaded(path)
    assert found.identity == sha256_of(path)
    assert found.method == "pix2pix weights"
    assert found.licence == "unknown"
    assert not found.translator.reversible


def test_a_whole_set_is_translated_and_says_by_what(day: ImageSet, tmp_path: Path):
    path = saved(tmp_path / "latest_net_G_A.pth", trained(**PIX2PIX).state_dict())
    shown = translate(day, path, tmp_path / "night", layout="pix2pix")
    assert set(shown.column("translator")) == {sha256_of(path)}
    assert {each.split()[0] for each in shown.column("method_version")} == {"pix2pix"}
    assert shown.boxes.equals(day.boxes)
    assert read_run(tmp_path / "night").config["options"]["blocks"] == 2
    with pytest.raises(PlanError, match="'pix2pix weights' goes one way"):
        translate(day, path, tmp_path / "back", reverse=True)


def changed(**tensors: Tensor | None) -> dict[str, Tensor]:
    state: dict[str, Any] = trained(**PIX2PIX).state_dict()
    state |= {name.replace("__", "."): value for name, value in tensors.items()}
    return {name: value for name, value in state.items() if value is not None}


def pairs_of(net: str) -> dict[str, Tensor]:
    return {f"{net}.{number}.weight": torch.zeros(4, 4) for number in range(5)}


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        (changed(model__4__weight=None), "it lacks 'model.4.weight'"),
        (
            changed(model__99__weight=torch.zeros(2)),
            "also holds 'model.99.weight', which has no pl",
        ),
        (
            changed(model__2__weight=torch.zeros(4)),
            "it lacks 'model.2.bias', 'model.2.running_mean'",
        ),
        (
            changed(model__4__weight=torch.zeros(2, 2)),
            r"'model.4.weight' in .* must be \(8, 4, 3, 3\)",
        ),
        (changed(model__1__weight=torch.zeros(4, 1, 7, 7)), "N x 3 x 7 x 7; it has .4, 1, 7, 7"),
        (
            changed(model__4__weight=torch.full((8, 4, 3, 3), torch.nan)),
            "'model.4.weight' in .* nan",
        ),
        (pairs_of("features"), "its tensors are 'features.0.weight', .* and 2 more"),
        (pairs_of("model.model.model"), "it is a U-Net, and ResNet generators alone are read"),
        ({}, "its tensors are none"),
        (
            {k: v for k, v in changed().items() if "bias" not in k or k == "model.18.bias"},
            "without biases and norms",
        ),
        (trained(**PIX2PIX, up="nearest").state_dict(), "say layout: pytorch-gan if it repeats"),
        ([1, 2], "holds a list. Save a generator's"),
        ({"a": 3}, "'a' in .* is a int. Save"),
        ({1: torch.zeros(2)}, "'1' in .* is "),
        ({"a": torch.zeros(3).to_sparse()}, "a sparse or quantised tensor"),
        ({"a": torch.zeros(1).expand(10**9)}, "bytes for 4,000,000,000 bytes of tensors"),
        ({"x" * 5000: torch.zeros(2), "\0": torch.zeros(1)}, "known layout"),
        (
            torch.nn.Conv2d(3, 3, 3),
            "also holds torch.nn.modules.conv.Conv2d. Nothing of it was run",
        ),
        ({"model.1.weight": torch.zeros(2), "run": eval}, "also holds .*eval"),
    ],
)
def test_what_is_no_generator_is_told(held: Any, sentence: str, tmp_path: Path):
    for old in (False, True):
        path = saved(tmp_path / "net.pth", held, old)
        with pytest.raises(CheckpointError, match=sentence) as told:
            loaded(path)
        assert len(str(told.value)) < 600


def test_a_layout_that_is_asked_for_must_be_there(tmp_path: Path):
    path = saved(tmp_path / "net.pth", trained(**PIX2PIX).state_dict())
    assert loaded(path, layout="pix2pix").options["layout"] == "pix2pix"
    with pytest.raises(
        CheckpointError, match="said to have the layout 'cut'; its tensors have 'pix"
    ):
        loaded(path, layout="cut")
    nearest = saved(tmp_path / "n.pth", trained(**PIX2PIX, up="nearest").state_dict())
    assert loaded(nearest, layout="pytorch-gan").options["up"] == "nearest"


def test_torn_and_foreign_files_are_told(tmp_path: Path):
    whole = saved(tmp_path / "whole.pth", trained(**PIX2PIX).state_dict()).read_bytes()
    old = saved(tmp_path / "old.pth", trained(**PIX2PIX).state_dict(), old=True).read_bytes()
    path = tmp_path / "torn.pth"
    for data in (
        b"",
        b"\0" * 64,
        b"PK\3\4",
        *(w[:cut] for w in (whole, old) for cut in (9, 999, -9)),
    ):
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match="torn.pth"):
            loaded(path)
    with pytest.raises(CheckpointError, match=r"Expected a file of weights at .*none.pth"):
        loaded(tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match="brings its own options; 'gamma' came"):
        load_translator(tmp_path / "whole.pth", {"gamma": 2}, CPU)


def test_a_compressed_archive_is_refused_before_it_unfolds(tmp_path: Path):
    import zipfile

    saved(tmp_path / "a.pth", trained(**PIX2PIX).state_dict())
    packed = tmp_path / "packed.pth"
    with (
        zipfile.ZipFile(tmp_path / "a.pth") as plain,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for each in plain.infolist():
            archive.writestr(each.filename, plain.read(each))
    with pytest.raises(CheckpointError, match="packed.pth is compressed, and may unfold"):
        loaded(packed)
