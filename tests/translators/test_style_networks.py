"""AdaIN and WCT2: what they learn, what they remember, and the files they take weights from."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from otherlight.errors import CheckpointError, PlanError
from otherlight.losses.style import statistics
from otherlight.nets.vgg import VGG, layer_names
from otherlight.nets.wavelet_codec import WaveletDecoder
from otherlight.training.seeding import torch_generator
from otherlight.translators import context_for
from otherlight.translators.adain import AdaIN, AdaINConfig, restyled
from otherlight.translators.backbones import Weights, load_trunk
from otherlight.translators.frozen_encoder import padded
from otherlight.translators.wct2 import WCT2, WCT2Config

SQUEEZENET = (
    Path(__file__).parents[3] / "shared/weights/squeezenet1_1_imagenet_features.safetensors"
)


def picture(seed: int, height: int = 32, width: int = 40) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch_generator(seed)) * 2 - 1


def test_restyled_features_have_the_styles_statistics():
    content, style = picture(0) * 3 + 1, statistics(picture(1) - 2)
    torch.testing.assert_close(statistics(restyled(content, style)), style, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("build", [AdaIN, WCT2])
def test_a_decoder_learns_to_paint(build: type[AdaIN] | type[WCT2]):
    if build is AdaIN:
        config = AdaINConfig(backbone="squeezenet", weights="random", learning_rate=1e-3)
        translator = AdaIN(config, torch_generator(0))
    else:
        translator = WCT2(WCT2Config(backbone="vgg16", weights="random"), torch_generator(0))
    source, target = picture(0, 16, 16) * 0.3, picture(1, 16, 16) * 0.3 - 0.5
    first, *_, last = [
        sum(float(v) for v in translator.step(source, target).values()) for _ in range(12)
    ]
    assert last < 0.8 * first


def test_a_published_decoder_is_used_as_it_is(tmp_path: Path):
    theirs = WaveletDecoder("vgg16")
    renamed = {"conv3_3": "conv3_3_2", "conv2_2": "conv2_2_2", "conv1_2": "conv1_2_2"}
    state = {
        f"{renamed.get(name, name)}.{part}": value.clone()
        for name, layer in theirs.layers.items()
        for part, value in layer.state_dict().items()
    }
    torch.save(state, tmp_path / "decoder.pth")
    config = WCT2Config(backbone="vgg16", weights="random", decoder=str(tmp_path / "decoder.pth"))
    translator = WCT2(config, torch_generator(0))
    translator.step(picture(0, 16, 16), picture(1, 16, 16))
    for key, value in theirs.state_dict().items():
        assert torch.equal(translator.decoder.state_dict()[key], value)
    torch.save({"conv4_1.weight": torch.zeros(2, 2)}, tmp_path / "decoder.pth")
    with pytest.raises(CheckpointError, match=r"decoder.pth must hold WCT2's decoder"):
        WCT2(config, torch_generator(0)).step(picture(0, 16, 16), picture(1, 16, 16))


def test_wct2_lays_the_targets_light_on_an_image():
    translator = WCT2(WCT2Config(backbone="vgg16", weights="random"), torch_generator(0))
    dark = picture(1, 16, 16) * 0.1 - 0.8
    for _ in range(25):
        translator.step(picture(0, 16, 16) * 0.2 + 0.5, dark)
    image, context = picture(2, 16, 16) * 0.2 + 0.5, context_for(0, ["a"])
    shown = translator.translate(image, context)
    assert float(shown.mean()) < float(image.mean()) - 0.3


def test_padding_repeats_the_edge_and_halves_three_times():
    shown = padded(picture(0, 9, 130))
    assert shown.shape == (1, 3, 16, 136)
    assert torch.equal(shown[..., 8, :130], shown[..., 15, :130])


def named(depth: str = "vgg16", last: int = 3) -> dict[str, torch.Tensor]:
    net = VGG("vgg16", layer_names("vgg16")[:last])
    state: dict[str, torch.Tensor] = {}
    for place, layer in enumerate(net.convolutions.values()):
        for part, value in layer.state_dict().items():
            state[f"features.{(0, 2, 5)[place]}.{part}"] = torch.randn_like(value)
    return state


def asked(path: Path, **other: str) -> Weights:
    values = {"method": "nst", "backbone": "vgg16", "inputs": "torchvision", **other}
    return Weights(weights=str(path), **values)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_a_file_of_torchvisions_layout_computes_what_plain_layers_do(tmp_path: Path, ending: str):
    state, path = named(), tmp_path / f"vgg.{ending}"
    torch.save(state, path) if ending == "pth" else save_file(state, path)
    image = picture(0, 8, 8)
    found = load_trunk(asked(path), ("conv1_2", "conv2_1"))(image, ("conv1_2", "conv2_1"))
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    values = ((image + 1) / 2 - mean) / deviation
    for place in (0, 2):
        weight, bias = (state[f"features.{place}.{part}"] for part in ("weight", "bias"))
        values = torch.nn.functional.conv2d(values, weight, bias, padding=1).relu()
    torch.testing.assert_close(found["conv1_2"], values, rtol=1e-4, atol=1e-3)
    assert found["conv2_1"].shape == (1, 128, 4, 4)


def test_the_colours_that_weights_want(tmp_path: Path):
    path = tmp_path / "vgg.pth"
    torch.save(named(), path)
    grey = torch.tensor([1.0, 0.0, -1.0]).view(1, 3, 1, 1)
    found = load_trunk(asked(path, inputs="bgr"), ("conv1_1",)).entry(grey).flatten()
    torch.testing.assert_close(found, torch.tensor([-103.939, 127.5 - 116.779, 255 - 123.68]))
    with pytest.raises(PlanError, match="Which colours weights want must be known"):
        load_trunk(asked(path, inputs="auto"), ("conv1_1",))
    first = {"conv0.weight": torch.eye(3).view(3, 3, 1, 1) * 255, "conv0.bias": torch.ones(3)}
    torch.save(
        first | {f"conv1_1.{p}": named()[f"features.0.{p}"] for p in ("weight", "bias")}, path
    )
    found = load_trunk(asked(path, inputs="torchvision"), ("conv1_1",)).entry(grey).flatten()
    torch.testing.assert_close(found, torch.tensor([256.0, 128.5, 1.0]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read with weights only"),
        (b"PK\x03\x04 torn", "cannot be read with weights only"),
        (b"\x80\x02.", "cannot be read with weights only"),
        ({"features.0.weight": torch.zeros(4, 3, 3, 3)}, "3 convolutions are wanted, 1 came"),
        ([1, 2], "must hold named tensors"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, content: object, words: str):
    path = tmp_path / "vgg.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(CheckpointError, match=words):
        load_trunk(asked(path), ("conv2_1",))
    with pytest.raises(CheckpointError, match="there is none"):
        load_trunk(asked(tmp_path / "absent.pth"), ("conv2_1",))


def test_a_network_of_another_depth_is_told_so(tmp_path: Path):
    path, state = tmp_path / "vgg.pth", named()
    state["features.2.weight"] = torch.zeros(128, 64, 3, 3)
    torch.save(state, path)
    with pytest.raises(CheckpointError, match=r"convolution 2 has the shapes \(128, 64, 3, 3\)"):
        load_trunk(asked(path), ("conv2_1",))


@pytest.mark.skipif(not SQUEEZENET.is_file(), reason="needs shared/weights")
def test_published_squeezenet_loads_and_tells_images_apart():
    source = asked(SQUEEZENET, backbone="squeezenet", inputs="bgr")
    found = load_trunk(source, ("conv1", "fire7"))(picture(0, 48, 64), ("conv1", "fire7"))
    assert found["fire7"].shape == (1, 384, 3, 4)
    assert (found["fire7"] > 0).any()
