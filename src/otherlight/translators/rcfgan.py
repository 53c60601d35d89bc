"""RCFGAN (from the published code of Mohwald et al. 2023, https://arxiv.org/abs/2309.16351): HEDGAN
with RCF (Liu et al. 2017, https://arxiv.org/abs/1612.02103) in HED's place.
"""  # noqa: D205

from dataclasses import dataclass
from typing import ClassVar

from otherlight.nets.edges import Architecture
from otherlight.translators.edge_config import EdgeGANConfig


@dataclass(frozen=True, kw_only=True)
class RCFGANConfig(EdgeGANConfig):
    """The common settings, looked at through RCF."""

    architecture: ClassVar[Architecture] = "rcf"
