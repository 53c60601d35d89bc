"""What an audit is asked for."""

from dataclasses import dataclass

from otherlight.errors import PlanError

_SHARES = (
    "score", "iou", "recall", "edges", "lost", "contrast", "gone", "hallucination", "precision",
    "covered",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AuditConfig:
    """Thresholds of an audit.

    A detection of at least ``score`` (0: half the score of best F1 on the source images) finds a
    box of its class that it overlaps by ``iou``. ``recall`` on target-like frames is what a
    detector needs to be asked at all. A box is damaged if less than ``edges`` of its edge
    structure is left (``lost`` where the detector no longer finds it, ``gone`` where it does) or
    less than ``contrast`` of its contrast; below ``gone`` it is dropped. ``margin`` is the share
    of a box's size that is added on every side for its edges. A detection of at least
    ``hallucination`` (0: the least score from which ``precision`` of what it sees in target-like
    frames is right) of which less than ``covered`` was labelled or detected before is a
    hallucination. ``gallery`` boxes are shown; recall is measured on at most ``frames`` images.
    """

    score: float = 0.0
    iou: float = 0.5
    recall: float = 0.5
    edges: float = 0.3
    lost: float = 0.4
    gone: float = 0.1
    contrast: float = 0.2
    margin: float = 0.1
    hallucination: float = 0.0
    precision: float = 0.9
    covered: float = 0.5
    gallery: int = 48
    frames: int = 200
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0.0 <= (value := getattr(self, name)) <= 1.0:
                raise PlanError(f"[audit] {name} is a share, 0 to 1; {value} came.")
        if not self.gone <= self.edges <= self.lost:
            raise PlanError(
                f"[audit] gone, edges and lost must rise; {self.gone}, {self.edges} and "
                f"{self.lost} came."
            )
        if not 0.0 <= self.margin <= 5.0:
            raise PlanError(f"[audit] margin must lie between 0 and 5; {self.margin} came.")
        for name in ("gallery", "frames"):
            if (value := getattr(self, name)) < 1:
                raise PlanError(f"[audit] {name} must be at least 1; {value} came.")
