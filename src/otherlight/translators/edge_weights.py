"""The edge network that a method looks through: the package's own, or published weights in a file.

Foreign names of tensors are those of pytorch-hed (``netVggOne.0.weight``, ``moduleVggOne...``) and
of the Caffe models and what was derived from them, RCF's too (``conv1_1``, ``conv1_1_down``,
``score_dsn1``, ``score_final`` or ``score_fuse``).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from otherlight.errors import CheckpointError
from otherlight.nets.edge_operator import SobelEdges
from otherlight.nets.edges import Architecture, EdgeDetector, Span, edge_network
from otherlight.records.files import sha256_of
from otherlight.training.checkpoint import load_state
from otherlight.translators.edge_probe import edge_contrast

BUILT_IN, OPERATOR = "built-in", "operator"
FULL = 64
"""The width of the papers' networks, and of every published one."""

_NUMBERS = ("One", "Two", "Thr", "Fou", "Fiv")
_WORD = f"({'|'.join(_NUMBERS)})"
_FOREIGN = (
    (rf"(?:net|module)Vgg{_WORD}\.([0-5])", "vgg"),
    (rf"(?:net|module)Score{_WORD}", "sides"),
    (r"(?:net|module)Combine\.0", "fusion"),
    (r"conv([1-5])_([1-3])", "stages"),
    (r"conv([1-5])_([1-3])_down", "narrows"),
    (r"score_dsn([1-5])", "sides"),
    (r"(?:score_final|score_fuse|new_score_weighting|fuse)", "fusion"),
)
_WRAPPERS = ("state_dict", "model_state", "model")
_LEAST = 0.15
"""Of how much more an edge must stand out in the test image for weights to be believed."""


@dataclass(frozen=True, kw_only=True)
class EdgeFacts:
    """What is known of an edge network's file once it was read."""

    sha256: str
    width: int
    span: Span


def edge_facts(
    what: str, architecture: Architecture, span: Span | Literal["auto"] = "auto"
) -> EdgeFacts:
    """Read a file of weights and find out how they want their images, by a test image.

    Raises:
        CheckpointError: there is no such file, it holds another network, or its edges are clearly
            weaker under ``span`` than under the other one.
    """
    file = _file(what, architecture)
    state = _read(file, architecture)
    width = int(state["stages.0.0.weight"].shape[0])
    net = edge_network(architecture, width)
    _fill(net, state, file)
    wide, narrow = edge_contrast(_at(net, 255)), edge_contrast(_at(net, 1))
    if max(wide, narrow) < _LEAST:
        raise CheckpointError(
            f"The weights of an edge network must find the edges of a test image; those of {file} "
            f"lift them by {max(wide, narrow):.2f} at most. Give the file of a trained "
            f"{architecture.upper()}."
        )
    # The narrowest that shows them: weights for 1 find edges under 255 too, in every grain.
    right: Span = 1 if narrow >= _LEAST else 255
    if span not in ("auto", right):
        raise CheckpointError(
            f"edges_span must be the one these weights were trained with; of a test image {file} "
            f"lifts the edges by {narrow:.2f} under 1 and by {wide:.2f} under 255, so it is "
            f"{right}; {span} came. Say edges_span: {right}, or auto."
        )
    return EdgeFacts(sha256=sha256_of(file), width=width, span=right)


def fill_edges(net: nn.Module, what: str, architecture: Architecture, sha256: str) -> None:
    """Load the weights that `edge_facts` looked at into a network of that width.

    Raises:
        CheckpointError: the file is gone or is another one by now.
    """
    file = _file(what, architecture)
    if sha256_of(file) != sha256:
        raise CheckpointError(
            f"Edges must be looked for by the same weights all through a run; {file} has changed "
            f"since it began. Put the file back, or train into another folder."
        )
    _fill(net, _read(file, architecture), file)


def edges_of(what: str, architecture: Architecture) -> EdgeDetector:
    """Build the edge operator or a network with its weights, ready to look through."""
    if what == OPERATOR:
        return SobelEdges()
    facts = edge_facts(what, architecture)
    net = edge_network(architecture, facts.width, facts.span)
    fill_edges(net, what, architecture, facts.sha256)
    return net.requires_grad_(False)


def _file(what: str, architecture: Architecture) -> Path:
    if what == BUILT_IN:
        return Path(__file__).parent / "weights" / f"edges_{architecture}.safetensors"
    file = Path(what)
    if not os.path.isfile(what):  # noqa: PTH113 - whatever the name, it raises nothing
        raise CheckpointError(
            f"edges must be {BUILT_IN}, {OPERATOR} or a file of weights; {what[:200]!r} is none. "
            f"Look for the file, or say edges: {BUILT_IN}."
        )
    return file


def _read(file: Path, architecture: Architecture) -> dict[str, Tensor]:
    """Read tensors by our own names, in fp32."""
    stored = load_state(file)[0] if file.suffix == ".safetensors" else _unwrapped(file)
    state = dict[str, Tensor]()
    for name, value in stored.items():
        own = _own_name(name)
        if own is None:
            raise CheckpointError(
                f"{file} must hold the weights of {architecture.upper()} and no more; {name!r} "
                f"is none of them. Give another file."
            )
        if own:
            state[own] = value.float()
    if "stages.0.0.weight" not in state or not all(
        bool(v.isfinite().all()) for v in state.values()
    ):
        raise CheckpointError(
            f"{file} must hold the finite weights of a whole {architecture.upper()}; it does not. "
            f"Give another file."
        )
    return state


def _unwrapped(file: Path) -> Mapping[str, Tensor]:
    try:
        stored = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch tells of torn and of hostile files in a dozen ways
        raise CheckpointError(
            f"{file} must be a state dictionary that torch can load with weights only; it cannot "
            f"({' '.join(str(error).split())[:120]}). Save it again as safetensors."
        ) from error
    for wrapper in _WRAPPERS:
        if isinstance(stored, Mapping) and isinstance(stored.get(wrapper), Mapping):
            stored = stored[wrapper]
    if not isinstance(stored, Mapping) or not all(isinstance(v, Tensor) for v in stored.values()):
        raise CheckpointError(
            f"{file} must be a state dictionary, tensors by their names; it holds something else. "
            f"Give another file."
        )
    return {str(name): value for name, value in stored.items()}


def _own_name(name: str) -> str | None:
    """Translate a tensor's name; empty for what is fixed and not loaded, None for a stranger.

    >>> _own_name("netVggTwo.3.bias"), _own_name("module.conv5_3_down.weight")
    ('stages.1.1.bias', 'narrows.4.2.weight')
    """
    name = name.removeprefix("module.")
    if re.fullmatch(r"((stages|narrows)\.[0-4]\.[0-2]|sides\.[0-4]|fusion)\.(weight|bias)", name):
        return name
    if re.match(r"(weight_deconv|upsample)", name):
        return ""
    for pattern, part in _FOREIGN:
        if match := re.fullmatch(pattern + r"\.(weight|bias)", name):
            *places, kind = match.groups()
            numbers = [str(_place(place)) for place in places]
            if part == "vgg":
                # Rectifiers, and but for the first stage a pooling, count among its layers.
                part, numbers[1] = "stages", str(int(places[1]) // 2)
            return ".".join([part, *numbers, kind])
    return None


def _place(number: str) -> int:
    return _NUMBERS.index(number) if number in _NUMBERS else int(number) - 1


def _fill(net: nn.Module, state: Mapping[str, Tensor], file: Path) -> None:
    try:
        net.load_state_dict(dict(state))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(
            f"The weights of {file} do not fit this network: {reason}."
        ) from error


def _at(net: Any, span: Span) -> EdgeDetector:
    net.span = span
    return net
