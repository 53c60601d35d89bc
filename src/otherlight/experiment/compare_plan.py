"""What `compare` is asked for: sets, arms, and every choice fixed before the test is seen."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Role = Literal["source", "cheap", "learned", "labelled", "oracle", "other"]


class Strict(BaseModel):
    """A section of a plan: no key is left unread."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Portion(Strict):
    """One ingredient of an arm: a set, which of it, and in what light."""

    set: Path
    where: str | None = None
    where_boxes: str | None = None
    translator: str | None = Field(default=None, alias="with")
    """A training-free translator's name, or the folder of a trained one."""
    options: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Settings of a training-free translator."""
    reference: Path | None = None
    reverse: bool = False
    audit: Path | None = None
    """An audit of this very set: boxes that it ignores or drops are ignored or dropped."""
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    """Share of the images that enter, chosen once by a hash of (seed 0, image)."""
    mode: Literal["add", "replace"] = "add"
    """Beside the other ingredients, or in place of the same images among them."""

    @model_validator(mode="after")
    def _audited_as_it_is(self) -> "Portion":
        if self.audit is not None and self.translator is not None:
            raise ValueError(
                "an audit judges a translated set: translate in a step of its own, audit that, "
                "and leave with out here"
            )
        return self


class Arm(Strict):
    """A recipe for a training set."""

    role: Role
    ingredients: tuple[Portion, ...] = Field(min_length=1)


class SourceSets(Strict):
    """The labelled domain: learn from train, choose by val, guard with test."""

    train: Path
    val: Path
    test: Path | None = None


class TargetSets(Strict):
    """The other domain: the unlabelled pool that translators saw, and the locked test."""

    pool: Path
    val: Path | None = None
    test: Path


class WarmStart(Strict):
    """One checkpoint a seed, trained on the source arm, from which all arms of that seed start."""

    steps: int = Field(gt=0)


class Cut(Strict):
    """A slice of the test's images or of its boxes; with cuts, one slice a bin of a number."""

    images: str | None = None
    """An expression over the images' columns, as --where takes it."""
    boxes: str | None = None
    """An expression over the boxes' columns: truth outside is ignored."""
    cuts: tuple[float, ...] | Literal["thirds"] | None = None
    """Upper ends of the bins, the last one open; or thirds of the images (or boxes)."""
    cumulative: bool = False
    """Each bin holds those before it: 0-5, 0-10, 0-all."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "Cut":
        if (self.images is None) == (self.boxes is None):
            raise ValueError("a slice is of images or of boxes: give one expression, not both")
        if self.cumulative and self.cuts is None:
            raise ValueError("a cumulative slice needs cuts, such as [5, 10]")
        return self


class ComparePlan(Strict):
    """Arms x seeds on one test set; see docs/plans.md."""

    source: SourceSets
    target: TargetSets
    also_used: tuple[Path, ...] = ()
    """Further sets that a translator or reference saw, for the leak check."""
    arms: dict[str, Arm]
    headline: tuple[str, ...] = ()
    """Learned arms judged against source; all of role learned where none is named."""
    recogniser: dict[str, Any]
    warm_start: WarmStart | None = None
    source_2x: bool = True
    """Train the source arm for twice the steps too, judged on source validation only."""
    workers: Annotated[int, Field(ge=1)] | Literal["auto"] = 1
    """Fits and predictions at once, a process each; auto, where there is no accelerator: as many as
    the cores allow, each with the recogniser's ``threads``. No result depends on it."""
    seeds: tuple[int, ...] = (0, 1, 2)
    classes: tuple[str, ...] | None = None
    min_truths: int = 10
    margin: float = 2.0
    """Points of AP that a class or the source domain may lose before harm is not excluded."""
    resamples: int = Field(default=1000, ge=200)
    slices: dict[str, str | Cut] = Field(default_factory=dict[str, str | Cut])
    """Further slices of the target test set: name to an expression over its images, or a cut."""
    ignore_below: float | None = None
    """Truth and detections lower than this share of the image height are ignored."""
    allow_leaks: str | None = None
    """A reason; the comparison then runs, but its verdict is "no verdict"."""
    smoke: bool = False
    """Says that the run is too small to mean anything."""
    samples: int = 6

    @model_validator(mode="before")
    @classmethod
    def _short_arms(cls, values: Any) -> Any:
        """Let an arm be a bare list, its role told by its name; null takes an arm away."""
        if isinstance(values, dict) and isinstance(values.get("arms"), dict):
            arms = {
                name: {
                    "role": name if name in ("source", "oracle") else "learned",
                    "ingredients": arm,
                }
                if isinstance(arm, list)
                else arm
                for name, arm in values["arms"].items()
                if arm is not None
            }
            return {**values, "arms": arms}
        return values

    @model_validator(mode="after")
    def _arms_fit_together(self) -> "ComparePlan":
        roles = [arm.role for arm in self.arms.values()]
        if roles.count("source") != 1:
            raise ValueError(
                "there must be exactly one arm of role source, the equal-compute control"
            )
        if roles.count("oracle") > 1:
            raise ValueError("there can be at most one arm of role oracle")
        for name in self.headline:
            if name not in self.arms or self.arms[name].role != "learned":
                raise ValueError(f"headline names {name!r}, which is no arm of role learned")
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("seeds must differ from one another")
        return self

    def arm_of_role(self, role: Role) -> str | None:
        """Name the one arm of a role, if there is one."""
        return next((name for name, arm in self.arms.items() if arm.role == role), None)

    def arms_of_role(self, role: Role) -> tuple[str, ...]:
        """Name all arms of a role, as written."""
        return tuple(name for name, arm in self.arms.items() if arm.role == role)

    def judged(self) -> tuple[str, ...]:
        """Name the headline arms."""
        return self.headline or self.arms_of_role("learned")
