"""torch.hub: real entry points, real files, a real server on this machine."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from otherlight.errors import CheckpointError, OtherlightError, PlanError
from otherlight.records.files import sha256_of
from otherlight.training.seeding import torch_generator
from otherlight.translators import TRANSLATORS, published
from otherlight.translators.backbones import fetch_published
from otherlight.translators.hub import HubTranslator, fetch, load
from otherlight.translators.model_file import load_translator, save_model
from otherlight.translators.published import PUBLISHED, Published
from translators.originals import trained
from translators.test_every_translator import LEARNED
from translators.test_every_translator import SMALL as METHODS

ROOT = Path(__file__).parents[2]
NETS = ("vgg16", "resnet101")
SMALL: dict[str, Any] = {"width": 4, "blocks": 1, "discriminator_width": 4}


def ask(name: str, *words: Any, **how: Any) -> HubTranslator:
    """What a user types; torch imports hubconf.py anew each time."""
    return torch.hub.load(str(ROOT), name, *words, source="local", device="cpu", **how)  # pyright: ignore


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Our own model file."""
    method = TRANSLATORS["cyclegan"]
    translator = method.build(method.config(**SMALL), torch_generator(1))
    about = {"method": "cyclegan", "options": SMALL}
    save_model(tmp_path / "model.safetensors", translator, about)
    return tmp_path / "model.safetensors"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Another's generator."""
    folder = tmp_path / "served"
    folder.mkdir()
    torch.save(trained(width=4, blocks=2).state_dict(), folder / "latest_net_G_A.pth")
    return folder / "latest_net_G_A.pth"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@pytest.fixture
def address(weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A server of that file, and a folder of torch's own for what is fetched."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(weights.parent)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/latest_net_G_A.pth"
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_learned_method_and_every_published_name_is_an_entry():
    learned = {name for name, each in TRANSLATORS.items() if hasattr(each.build, "step")}
    # torch.hub.list reads a repository on the net; it asks this very module.
    module = vars(torch.hub._import_module("hubconf", str(ROOT / "hubconf.py")))  # pyright: ignore
    names = {name for name, each in module.items() if callable(each) and not name.startswith("_")}
    embedders = {f"gem_{net}_{gan}" for net in NETS for gan in ("cyclegan", "hedngan")}
    assert names == learned | set(PUBLISHED) | embedders


@pytest.mark.parametrize("name", LEARNED)
def test_every_learned_method_is_a_module_of_its_own_networks(name: str):
    module = load(name, False, device="cpu", **METHODS.get(name, {}))
    painter = "generator_target" if "generator_target" in module.networks else "decoder"
    assert list(module.parameters())
    images = torch.rand(1, 3, 24, 32, generator=torch_generator(7))
    shown = module(images)
    for value in module.networks[painter].parameters():
        value.data.zero_()
    assert not torch.equal(module(images), shown), "another network translates"


def test_a_model_file_becomes_a_module_with_its_transform(model: Path):
    module = ask("cyclegan", str(model))
    picture = Image.fromarray(np.full((21, 30, 3), 255, np.uint8)).convert("L")
    images = module.transform(picture)
    assert images.shape == (3, 21, 30)
    assert bool((images == 1.0).all())
    there, back = module(images[None]), module(images[None], reverse=True)
    assert there.shape == back.shape == (1, 3, 21, 30)
    assert not torch.equal(there, back)
    assert set(module.networks) == {"generator_target", "generator_source"}
    assert sum(p.numel() for p in module.parameters()) == 2 * (588 * 2 + 2 * 1440 + 4608 + 3)
    assert module.identity == sha256_of(model)


def test_without_weights_it_is_built_at_random(model: Path):
    module = ask("cyclegan", pretrained=False, **SMALL)
    same = ask("cyclegan", pretrained=False, **SMALL)
    images = torch.rand(1, 3, 16, 16, generator=torch_generator(7))
    assert torch.equal(module(images), same(images))
    assert not torch.equal(module(images), ask("cyclegan", model)(images))


def test_an_address_is_fetched_once_and_its_hash_made_sure_of(address: str, weights: Path):
    wanted = sha256_of(weights)
    module = ask("cyclegan", address, sha256=wanted)
    assert module.method == "pix2pix weights"
    assert module.identity == wanted
    with pytest.raises(PlanError, match="'pix2pix weights' goes one way"):
        module(torch.zeros(1, 3, 16, 16), reverse=True)
    weights.write_bytes(b"other bytes")
    assert ask("cyclegan", address, sha256=wanted.upper()).identity == wanted
    with pytest.raises(CheckpointError, match=f"must send a file of the hash {'0' * 64}; it did n"):
        ask("cyclegan", address, sha256="0" * 64)
    with pytest.raises(CheckpointError, match="must send a file .* 404"):
        ask("cyclegan", f"{address}x", sha256="1" * 64)
    assert len(list((Path(torch.hub.get_dir()) / "checkpoints").iterdir())) == 1


@pytest.fixture(params=["nothing", "half"])
def mute(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that accepts, and then says nothing, or half of what it has, and no more."""
    said = b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\nPK" if request.param == "half" else b""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = list[socket.socket]()

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(server.accept()[0])
                    held[-1].sendall(said)

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/weights-0123abcd.pth"
        for each in held:
            each.close()
        server.shutdown(socket.SHUT_RDWR)


def test_a_server_that_says_nothing_is_not_waited_for(
    mute: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    with pytest.raises(
        CheckpointError, match=r"it did not \(nothing came from it for 0.2 seconds\)"
    ):
        fetch(mute, "0" * 64, patience=0.2)
    with monkeypatch.context() as patched:
        patched.setattr(torchvision.models, "get_weight", lambda _: SimpleNamespace(url=mute))
        sentence = r"from torchvision \(nothing came from it for 0.2 seconds\). Fetch them"
        with pytest.raises(CheckpointError, match=sentence):
            fetch_published("VGG19_Weights.IMAGENET1K_V1", patience=0.2)
    assert not [file for file in (tmp_path / "home").rglob("*") if file.is_file()]


def test_weights_of_torchvision_are_fetched_once_by_their_name(
    address: str, weights: Path, monkeypatch: pytest.MonkeyPatch
):
    named = weights.with_name(f"squeezenet-{sha256_of(weights)[:8]}.pth")
    weights.rename(named)
    found = SimpleNamespace(url=address.replace(weights.name, named.name))
    monkeypatch.setattr(torchvision.models, "get_weight", lambda _: found)
    fetched = fetch_published("SqueezeNet1_1_Weights.IMAGENET1K_V1")
    assert fetched.name == named.name
    assert fetched.read_bytes() == named.read_bytes()
    named.unlink()
    assert fetch_published("SqueezeNet1_1_Weights.IMAGENET1K_V1") == fetched
    fetched.unlink()
    with pytest.raises(CheckpointError, match="could not be had from torchvision .*404"):
        fetch_published("SqueezeNet1_1_Weights.IMAGENET1K_V1")


def test_published_weights_need_a_known_hash(
    address: str, weights: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(PlanError, match=r"'hedngan' lie at http://.*, and their SHA-256 is not kn"):
        ask("hedngan")
    row = Published(address=address, sha256=sha256_of(weights), licence="CC0-1.0", about="a test")
    monkeypatch.setitem(published.PUBLISHED, "hedngan", row)
    assert ask("hedngan").identity == sha256_of(weights)


def test_weights_that_go_with_the_package(weights: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(published, "files", lambda _: weights.parents[1])
    (weights.parents[1] / "weights").symlink_to(weights.parent)
    row = Published(
        address=weights.name, sha256=sha256_of(weights), licence="Apache-2.0", about="a test"
    )
    monkeypatch.setitem(published.PUBLISHED, "cyclegan", row)
    assert ask("cyclegan").identity == sha256_of(weights)
    monkeypatch.setitem(published.PUBLISHED, "dusk", row)
    assert load_translator("dusk", {}, torch.device("cpu")).identity == sha256_of(weights)
    monkeypatch.setitem(
        published.PUBLISHED, "cyclegan", Published(**{**vars(row), "sha256": "0" * 64})
    )
    with pytest.raises(CheckpointError, match="must have the hash 0000"):
        ask("cyclegan")


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_what_goes_with_the_package_is_there_whole_and_small(name: str):
    row = PUBLISHED[name]
    assert row.licence
    if row.file is not None:
        assert row.sha256 == sha256_of(row.file)
        assert row.file.stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("name", "how", "sentence"),
    [
        ("gem_resnet101_cyclegan", {}, "a retrieval embedder; .* Its translator is 'cyclegan'"),
        ("cyclegan", {"pretrained": "http://127.0.0.1/x.pth"}, "came alone. Give sha256="),
        ("cyclegan", {"pretrained": "http://127.0.0.1/x", "sha256": "12"}, "64 digits .*'12' came"),
        ("cyclegan", {"pretrained": "nothing.pth"}, "Expected a file of weights at nothing.pth"),
        ("cyclegan", {"pretrained": False, "widht": 4}, "Did you mean 'width'"),
        ("cyclegan", {"pretrained": "identity"}, "'cyclegan' was asked for; identity holds a 'id"),
    ],
)
def test_what_cannot_be_had_is_told(name: str, how: dict[str, Any], sentence: str):
    with pytest.raises(OtherlightError, match=sentence):
        ask(name, **how)
