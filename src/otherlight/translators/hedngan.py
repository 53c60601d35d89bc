"""HED^N-GAN (Mohwald et al. 2023, https://arxiv.org/abs/2309.16351): as HEDGAN, but a student HED
looks at translated images, and learns from a frozen one to see by night what that sees by day.
"""  # noqa: D205

from dataclasses import dataclass

from otherlight.translators.edge_config import StudentConfig


@dataclass(frozen=True, kw_only=True)
class HEDNGANConfig(StudentConfig):
    """The common settings and the student's, looked at through HED (Xie and Tu 2015)."""
