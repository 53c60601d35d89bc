"""The options of each verb that are its own; settings of methods stand beside them in a plan."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """A verb's own options; those of its method's config stand beside them."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class WorldOptions(Options):
    """All options of ``world`` are settings of `WorldConfig`."""


class ImportOptions(Options):
    """Where labelled images come from; the rest are settings of `ImportConfig`."""

    format: str
    source: Path
    images: Path | None = None


class SelectOptions(Options):
    """Which set to take from; the rest are settings of `SelectConfig`."""

    set: Path


class ExportOptions(Options):
    """Which set to write as another program's files; the rest are settings of `PairsLayout`."""

    format: str
    set: Path
    copy_pixels: bool = Field(default=False, alias="copy")


class TrainOptions(Options):
    """The two domains; the rest are settings of `TrainConfig`, and of the method under its name."""

    source: Path
    target: Path
    seed: int = 0


class TranslateOptions(Options):
    """Which set to show in which light."""

    set: Path
    translator: str = Field(alias="with")
    """A run folder, a model file, others' weights or the name of a training-free method."""
    options: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Settings of a training-free method."""
    reference: Path | None = None
    reverse: bool = False


class TrainingSet(Options):
    """Labelled images to learn from; shares are relative to one another."""

    set: Path
    where: str | None = None
    where_boxes: str | None = None
    audit: Path | None = None
    """An audit of this very set, whose decisions on boxes hold."""
    share: float = Field(default=1.0, gt=0.0)


class FitOptions(Options):
    """What a recogniser learns from; the rest are settings of `FitConfig`."""

    train: Path | tuple[TrainingSet, ...]
    val: Path
    seed: int = 0


class EvaluateOptions(Options):
    """Which recogniser to score on which set."""

    set: Path
    recogniser: Path = Field(alias="with")
    ignore_below: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the image's height under which neither truth nor detections count."""
    device: str = "auto"


class AuditOptions(Options):
    """What to audit by which detector; the rest are settings of `AuditConfig`."""

    set: Path
    detector: Path
    """A run of otherlight fit, or its model.safetensors."""
    source: Path | None = None
    """The set that was translated, where it lies neither in its old place nor beside the set."""
    target_like: Path | None = None
    """A labelled sample of the target's own frames, to see whether the detector can judge."""
