"""What can be chosen about the edge-consistent methods, and how it is settled before they learn."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeVar

from torch import Generator, nn
from torch.optim import Adam

from otherlight.errors import CheckpointError, PlanError
from otherlight.losses.edges import EdgeDistance
from otherlight.nets.batch_norm import with_batch_norm
from otherlight.nets.edge_operator import SobelEdges
from otherlight.nets.edges import HED, RCF, Architecture, Span, edge_network, layer_rates
from otherlight.nets.initialise import kaiming_weights
from otherlight.translators.borrowed import of_file
from otherlight.translators.edge_weights import (
    BUILT_IN,
    FULL,
    OPERATOR,
    edge_facts,
    fill_edges,
)
from otherlight.translators.gan import GANConfig, discriminator_net, dtype_of, generator_net

Config = TypeVar("Config", bound="EdgeGANConfig")

_LEAST = 16
"""Pixels that an edge network's four poolings need."""


@dataclass(frozen=True, kw_only=True)
class EdgeGANConfig(GANConfig):
    """What a generator that keeps edges can be told.

    Weights are those of the paper's published code. Its batches of 10 under batch norm are the
    gandtr preset; instance norm is the default, since batches of 1 are.
    """

    architecture: ClassVar[Architecture] = "hed"

    edges: str = BUILT_IN
    """built-in (a small network of the method's architecture that learned the built-in world's
    edges by day), operator (Sobel's, nothing learned) or a file of published weights."""
    edges_span: Span | Literal["auto"] = "auto"
    """How far apart black and white lie for the file's weights: 255, 1, or what shows a test image
    its edges better."""
    edges_sha256: str = ""
    """Filled in when a run begins; given, the file must have this hash."""
    edges_width: int | None = None
    """Filled in when a run begins."""
    edge_weight: float = 5.0
    edge_distance: EdgeDistance = "l1"
    """bce, cross-entropy, is not in the paper."""
    cycle_weight: float = 0.0
    """Above 0, a second generator undoes the first and keeps edges too; 10 is CycleGAN's. Not in
    the paper."""
    replay: int = 0
    """Generated images remembered for each discriminator; 50 in CycleGAN, none in the paper."""
    norm: Literal["instance", "batch"] = "instance"
    """batch, the gandtr preset's, wants batches; so it is for generators and discriminators."""
    first_weights: Literal["normal", "kaiming"] = "normal"
    """kaiming, the gandtr preset's, fits each layer's size; normal follows weight_deviation."""

    @property
    def two_sided(self) -> bool:
        """Whether there is a way back."""
        return self.cycle_weight > 0

    @property
    def has_student(self) -> bool:
        """Whether an edge network of its own learns the target's light."""
        return isinstance(self, StudentConfig)

    def borrowed(self) -> tuple[str, ...]:
        """Name published edge weights; the built-in ones are this package's own."""
        ours = self.edges in (BUILT_IN, OPERATOR)
        return () if ours else (of_file(self.edges, self.edges_sha256 or None),)

    def at_size(self: Config, size: int) -> Config:
        """Settle what depends on the training images' shorter side, and the edge network's file."""
        settled = super().at_size(size)
        if settled.edges != OPERATOR and size // settled.coarse < _LEAST:
            raise PlanError(
                f"An edge network needs images of {_LEAST} pixels each way; {size} with coarse "
                f"{settled.coarse} came. Enlarge them, or say edges: {OPERATOR}."
            )
        if settled.first_weights == "kaiming" and settled.discriminator_norm == "spectral":
            raise PlanError(
                "first_weights: kaiming goes with discriminator_norm: instance, since spectral "
                "norm sets the size of its layers itself; both came. Choose one of them."
            )
        if settled.norm == "batch" and settled.objective == "wgan_gp":
            raise PlanError(
                "objective: wgan_gp judges each image alone, so it goes with norm: instance; "
                "norm: batch came. Choose one of them."
            )
        return replace(settled, **settled._found())

    def _found(self) -> dict[str, Any]:
        if self.edges == OPERATOR:
            if self.has_student:
                raise PlanError(
                    f"A student needs a network to learn with; edges: {OPERATOR} came, which has "
                    f"nothing to learn. Say edges: {BUILT_IN}, or train hedgan."
                )
            return {}
        if self.edges_width is not None and self.edges_sha256:
            return {}
        facts = edge_facts(self.edges, self.architecture, self.edges_span)
        if self.edges_sha256 not in ("", facts.sha256):
            raise CheckpointError(
                f"edges_sha256 must be the hash of edges: {self.edges}; {self.edges_sha256} came, "
                f"the file's is {facts.sha256}. Look whether it is the right file."
            )
        return {
            "edges_sha256": facts.sha256,
            "edges_width": facts.width,
            "edges_span": facts.span,
        }


@dataclass(frozen=True, kw_only=True)
class StudentConfig(EdgeGANConfig):
    """What can be chosen about the student that learns to find edges in the target's light."""

    student_weight: float = 1.0
    student_rate: float | Literal["auto"] = "auto"
    """auto is 1e-6, the authors', for published weights, and 1e-4 for the small built-in network.
    Published HED weights learn layer by layer at their authors' multiples of it."""
    student_decay: float = 2e-4
    """Weight decay; biases have none."""


def generator_of(config: EdgeGANConfig, chance: Generator) -> Any:
    """Build a generator with the norm and the first weights that were asked for."""
    return _as_asked(config, generator_net(config, chance), chance)


def discriminator_of(config: EdgeGANConfig, chance: Generator) -> Any:
    """Build a discriminator with the norm and the first weights that were asked for."""
    return _as_asked(config, discriminator_net(config, chance), chance)


def looker_of(config: EdgeGANConfig) -> nn.Module:
    """Build what looks for edges; a network still without its weights, see `open_eyes`."""
    if config.edges == OPERATOR:
        return SobelEdges()
    assert config.edges_width is not None
    assert config.edges_span != "auto"
    return edge_network(
        config.architecture, config.edges_width, config.edges_span, dtype_of(config)
    )


def open_eyes(config: EdgeGANConfig, teacher: nn.Module, student: nn.Module | None) -> None:
    """Give the teacher its weights, and the student the same to start from."""
    teacher.requires_grad_(requires_grad=False)
    if config.edges == OPERATOR:
        return
    fill_edges(teacher, config.edges, config.architecture, config.edges_sha256)
    if student is not None:
        student.load_state_dict(teacher.state_dict())


def student_adam(config: StudentConfig, student: nn.Module) -> Adam:
    """Make the student's optimiser: a group for each rate and weight decay."""
    assert isinstance(student, HED | RCF)
    published = config.edges_width == FULL
    rate = config.student_rate
    if rate == "auto":
        rate = 1e-6 if published else 1e-4
    layered = published and config.architecture == "hed"
    times = layer_rates(student) if layered else {}
    groups = dict[tuple[float, float], list[nn.Parameter]]()
    for name, parameter in student.named_parameters():
        decay = 0.0 if name.endswith("bias") else config.student_decay
        groups.setdefault((rate * times.get(name, 1.0), decay), []).append(parameter)
    return Adam(
        [
            {"params": parameters, "lr": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ],
        betas=(0.9, 0.999),
        fused=True,
    )


def _as_asked(config: EdgeGANConfig, net: nn.Module, chance: Generator) -> nn.Module:
    if config.first_weights == "kaiming":
        kaiming_weights(net, chance)
    if config.norm == "batch":
        with_batch_norm(net, chance, config.weight_deviation)
    return net
