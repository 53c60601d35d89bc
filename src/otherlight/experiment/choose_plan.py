"""What `choose` is asked for: a training with kept checkpoints, and two validation sets."""

from pathlib import Path

from pydantic import Field

from otherlight.experiment.compare_plan import Strict


class ChoosePlan(Strict):
    """Which checkpoints, looked at on what, and what a choice may cost."""

    run: Path
    """The output of a train step that says keep."""
    source: Path
    """Labelled source validation."""
    target: Path
    """Target validation; its labels, if it has any, are not read."""
    images: int = Field(default=48, ge=4)
    """Images of each set that are looked at, chosen by a hash of their names."""
    survival: float = Field(default=0.95, gt=0.0, le=1.0)
    """Share of the best checkpoint's survival that the chosen one must have."""
    permutations: int = Field(default=200, ge=20)
    inception: Path | None = None
    """Weights of FID's Inception network; with them FID and KID are told beside."""
    device: str = "auto"
    seed: int = 0
