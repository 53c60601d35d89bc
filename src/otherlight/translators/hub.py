"""Translators by ``torch.hub``: a module with weights from a file, an address or the table.

``hubconf.py`` in the root of the repository hands out `entries`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from otherlight.config import build, plain
from otherlight.errors import CheckpointError, PlanError
from otherlight.images.tensors import Images, stack, to_images
from otherlight.records.files import digest, sha256_of
from otherlight.training.devices import choose_device
from otherlight.training.download import PATIENCE, download
from otherlight.training.seeding import torch_generator
from otherlight.translators import TRANSLATORS, Translator, context_for, method_of
from otherlight.translators.model_file import Loaded, load_translator
from otherlight.translators.published import EMBEDDERS, PUBLISHED

_SUFFIXES = (".pth", ".pt", ".safetensors")


class HubTranslator(nn.Module):
    """A translator as a module of torch: ``module(images)`` of -1..1, in batches of one size.

    For translating only: no gradient comes through. ``transform`` makes its input of a picture.
    """

    def __init__(self, loaded: Loaded, device: torch.device) -> None:
        super().__init__()
        self.translator = loaded.translator
        self.method = loaded.method
        self.options = loaded.options
        self.identity = loaded.identity
        self.licence = loaded.licence
        self.networks = nn.ModuleDict(_painters(loaded.translator))
        self.register_buffer("place", torch.zeros(0, device=device), persistent=False)

    def forward(self, images: Images, reverse: bool = False) -> Images:
        """Show images in the target's light, or back where the method can."""
        if reverse and not self.translator.reversible:
            raise PlanError(f"{self.method!r} goes one way; reverse was asked for.")
        names = [str(number) for number in range(len(images))]
        place = self.get_buffer("place").device
        return self.translator.translate(images.to(place), context_for(0, names), reverse=reverse)

    def transform(self, picture: Image.Image | np.ndarray) -> Float[Tensor, "3 height width"]:
        """Bring a PIL image, or rows of RGB in 0..255, into the range that `forward` takes."""
        rows = picture if isinstance(picture, np.ndarray) else np.asarray(picture.convert("RGB"))
        return to_images(stack([rows]))[0]


def load(
    name: str,
    pretrained: bool | str | Path = True,
    sha256: str | None = None,
    device: str | None = None,
    **options: Any,
) -> HubTranslator:
    """Load a translator by its method's name.

    ``pretrained`` is True (weights of the table `PUBLISHED`), the path of a run or of a file, an
    http address, whose ``sha256`` must be given, or False: random weights with these ``options``.

    Raises:
        PlanError: there is no such method, or nothing is published of it.
        CheckpointError: the weights cannot be had, or are others than their hash says.
    """
    place = choose_device(device or "auto")
    if pretrained is False:
        return HubTranslator(_random(name, options, place), place)
    file = _find(name, pretrained, sha256)
    loaded = load_translator(file, options, place)
    if name in TRANSLATORS and loaded.method in TRANSLATORS and loaded.method != name:
        raise CheckpointError(
            f"{name!r} was asked for; {file} holds a {loaded.method!r}. Ask for that name."
        )
    return HubTranslator(loaded, place)


def entries() -> dict[str, Callable[..., HubTranslator]]:
    """Make an entry point of every learned method and every published name."""
    learned = [name for name, method in TRANSLATORS.items() if hasattr(method.build, "step")]
    return {name: _entry(name) for name in (*learned, *PUBLISHED, *EMBEDDERS)}


def _entry(name: str) -> Callable[..., HubTranslator]:
    def entry(
        pretrained: bool | str | Path = True,
        sha256: str | None = None,
        device: str | None = None,
        **options: Any,
    ) -> HubTranslator:
        if name in EMBEDDERS:
            raise PlanError(
                f"{name!r} is a retrieval embedder; embedders come in a later release. Its "
                f"translator is {name.rpartition('_')[2]!r}."
            )
        return load(name, pretrained, sha256, device, **options)

    entry.__name__ = name
    entry.__doc__ = (
        f"Load {name}: pretrained=True, FILE or ADDRESS with sha256=...; device=...; the module "
        f"takes images of -1..1, which its .transform makes of pictures."
    )
    return entry


def _random(name: str, options: Mapping[str, Any], device: torch.device) -> Loaded:
    method = method_of(name)
    config = build(method.config, options, name)
    with device:
        translator = method.build(config, torch_generator(0, "weights"))
    settled = plain(config)
    identity = digest({"method": name, "options": settled, "weights": "random"})
    return Loaded(
        translator=translator,
        method=name,
        options=settled,
        identity=identity,
        licence=method.licence,
    )


def _find(name: str, pretrained: bool | str | Path, sha256: str | None) -> Path:
    """Find the file, fetched if need be, and make sure of its hash."""
    if pretrained is True:
        return _published(name, sha256)
    address = str(pretrained)
    if address.startswith(("http://", "https://")):
        return fetch(address, sha256)
    file = Path(address)
    if sha256 is not None and sha256_of(file) != _checked(sha256):
        raise CheckpointError(f"{file} must have the hash {sha256}; it has {sha256_of(file)}.")
    return file


def _published(name: str, sha256: str | None) -> Path:
    if name not in PUBLISHED:
        raise PlanError(
            f"No weights of {name!r} are published; give pretrained=FILE, or pretrained=False for "
            f"random ones. Published: {', '.join(PUBLISHED)}."
        )
    found = PUBLISHED[name]
    known = sha256 or found.sha256
    if known is None:
        raise PlanError(
            f"The weights of {name!r} lie at {found.address}, and their SHA-256 is not known here. "
            f"Fetch the file from somebody you trust and give pretrained=FILE, or give sha256=."
        )
    if found.file is None:
        return fetch(found.address, known)
    return _find(name, found.file, known)


def fetch(address: str, sha256: str | None, patience: float = PATIENCE) -> Path:
    """Fetch a file once, into torch's own folder for such files, and make sure of its hash.

    Raises:
        CheckpointError: no hash is given, nothing comes for ``patience`` seconds, or another file.
    """
    if sha256 is None:
        raise CheckpointError(
            f"Weights from an address come with their hash; {address} came alone. Give sha256=."
        )
    wanted, ending = _checked(sha256), Path(urlsplit(address).path).suffix.lower()
    suffix = ending if ending in _SUFFIXES else ".pth"
    file = Path(torch.hub.get_dir()) / "checkpoints" / f"otherlight-{wanted}{suffix}"
    if file.exists() and sha256_of(file) == wanted:
        return file
    try:
        download(address, file, wanted, patience)
    except OSError as error:
        raise CheckpointError(
            f"{address} must send a file of the hash {wanted}; it did not ({error}). Mend the "
            f"address or the hash, or fetch the file yourself and give its path."
        ) from error
    return file


def _checked(sha256: str) -> str:
    if re.fullmatch(r"[0-9a-fA-F]{64}", sha256) is None:
        raise CheckpointError(f"A SHA-256 has 64 digits of 0-9 and a-f; {sha256[:80]!r} came.")
    return sha256.lower()


def _painters(translator: Translator) -> dict[str, nn.Module]:
    """Find the networks that translate, by the tensors that a model file has of them."""
    wanted: dict[str, set[int]] = {}
    for name, value in translator.state().items():
        if name.startswith("model."):
            wanted.setdefault(name.split(".")[1], set()).add(value.data_ptr())
    nets = list(_modules(vars(translator).values(), depth=2))
    held = [{each.data_ptr() for each in net.state_dict().values()} for net in nets]
    return {name: nets[held.index(of)] for name, of in wanted.items() if of in held}


def _modules(values: Iterable[Any], depth: int) -> Iterator[nn.Module]:
    """Walk through what a translator keeps, and through the parts that it is made of."""
    for value in values:
        if isinstance(value, nn.Module):
            yield value
        elif depth and isinstance(value, Mapping):
            yield from _modules(value.values(), depth - 1)
        elif depth and isinstance(value, list | tuple):
            yield from _modules(value, depth - 1)
        elif depth and hasattr(value, "__dict__") and not isinstance(value, type):
            yield from _modules(vars(value).values(), depth - 1)
