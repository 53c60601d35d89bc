"""HEDGAN (Mohwald et al. 2023, https://arxiv.org/abs/2309.16351): a one-way generator whose images
must have the edges of their source, as a frozen HED sees them.
"""  # noqa: D205

from dataclasses import dataclass

from otherlight.translators.edge_config import EdgeGANConfig


@dataclass(frozen=True, kw_only=True)
class HEDGANConfig(EdgeGANConfig):
    """The common settings, looked at through HED (Xie and Tu 2015)."""
