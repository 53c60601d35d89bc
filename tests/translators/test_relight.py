"""Transforms that translate on the fly: chance, types, boxes, workers, what is refused."""

from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from otherlight.errors import MissingExtraError, PlanError
from otherlight.training.seeding import torch_generator
from otherlight.translators.relight import Relight
from translators.originals import trained

DARK: dict[str, Any] = {"options": {"gamma": 2.0}}


def pixels(seed: int = 0, height: int = 8, width: int = 12) -> Tensor:
    return torch.randint(0, 256, (3, height, width), generator=torch_generator(seed)).byte()


def sent(transform: Any) -> Any:
    """Send it to a worker and back, as a loader does."""
    return ForkingPickler.loads(ForkingPickler.dumps(transform))  # pyright: ignore


def darkened(image: Tensor) -> Tensor:
    return ((image / 255.0) ** 2 * 255).round().byte()


def test_images_of_every_kind_are_translated_alike():
    dark = Relight("gamma", probability=1.0, **DARK)
    image = pixels()
    wanted = darkened(image)
    assert (dark(image).int() - wanted.int()).abs().max() <= 1
    assert torch.equal(dark(tv_tensors.Image(image)), dark(image))
    assert isinstance(dark(tv_tensors.Image(image)), tv_tensors.Image)
    assert torch.equal(dark(image[None].expand(2, 2, -1, -1, -1))[1, 1], dark(image))
    floats = dark(image / 255.0)
    assert floats.dtype == torch.float32
    torch.testing.assert_close(floats, (image / 255.0) ** 2, atol=1e-5, rtol=0)
    rows = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    shown = dark(Image.fromarray(rows))
    assert isinstance(shown, Image.Image)
    assert np.array_equal(np.asarray(shown), dark(image).permute(1, 2, 0).numpy())


def test_boxes_masks_and_labels_stay_and_a_compose_takes_it():
    boxes = tv_tensors.BoundingBoxes([[1, 2, 5, 6]], format="XYXY", canvas_size=(8, 12))  # pyright: ignore
    mask = tv_tensors.Mask(torch.ones(8, 12, dtype=torch.uint8))
    sample: dict[str, Any] = {
        "image": tv_tensors.Image(pixels()),
        "boxes": boxes,
        "mask": mask,
        "label": 3,
    }
    pipeline = v2.Compose([Relight("gamma", probability=1.0, **DARK), v2.Identity()])
    shown = pipeline(sample)
    assert torch.equal(shown["boxes"], boxes)
    assert torch.equal(shown["mask"], mask)
    assert shown["label"] == 3
    assert not torch.equal(shown["image"], sample["image"])


def chosen(transform: Relight, count: int = 200) -> list[bool]:
    image = pixels()
    return [not torch.equal(transform(image), image) for _ in range(count)]


def test_the_probability_is_kept_and_equal_seeds_draw_equally():
    first, again, other = (Relight("gamma", probability=0.3, seed=s, **DARK) for s in (1, 1, 2))
    drawn = chosen(first)
    assert 40 <= sum(drawn) <= 80
    assert chosen(again) == drawn
    assert chosen(other) != drawn
    assert not any(chosen(Relight("gamma", probability=0.0, **DARK), 20))
    with pytest.raises(PlanError, match="A probability must be from 0 to 1; 1.5 came"):
        Relight("gamma", probability=1.5)


class Pictures(Dataset[Tensor]):
    """One image, seen by whoever asks."""

    def __init__(self, transform: Relight) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> Tensor:
        return self.transform(pixels())


def test_workers_draw_each_for_itself_and_again_alike(tmp_path: Path):
    torch.save(trained(width=4, blocks=1).state_dict(), tmp_path / "net.pth")

    def drawn() -> list[bool]:
        transform = Relight(tmp_path / "net.pth", probability=0.5)
        transform(pixels())
        loader = DataLoader(
            Pictures(transform), batch_size=None, num_workers=2, generator=torch_generator(5)
        )
        return [not torch.equal(image, pixels()) for image in loader]

    first = drawn()
    assert drawn() == first
    assert 8 <= sum(first) <= 32
    assert first[::2] != first[1::2], "two workers drew one sequence"


def test_it_travels_as_a_path_and_not_as_weights(tmp_path: Path):
    torch.save(trained(width=16, blocks=1).state_dict(), tmp_path / "net.pth")
    transform = Relight(tmp_path / "net.pth", probability=1.0)
    shown = transform(pixels())
    assert len(ForkingPickler.dumps(transform)) < 3000
    assert torch.equal(sent(transform)(pixels()), shown)


def test_what_it_cannot_take_is_told():
    grey = torch.zeros(1, 8, 8)
    with pytest.raises(PlanError, match=r"3 channels before height and width; \(1, 8, 8\) came"):
        Relight("gamma", probability=1.0)(grey)
    with pytest.raises(PlanError, match=r"floats of 0\.\.1; torch.int32 came"):
        Relight("gamma", probability=1.0)(pixels().int())
    with pytest.raises(
        PlanError, match="'histogram' needs a reference set, which images on the fly"
    ):
        Relight("histogram", probability=1.0)(pixels())


@pytest.fixture
def albumentations(monkeypatch: pytest.MonkeyPatch) -> Any:
    # Else it asks the net for its latest release when it is imported.
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    return pytest.importorskip("albumentations")


def test_albumentations(albumentations: Any):
    from otherlight.translators.relight_albumentations import Relight as Lit

    rows = np.ascontiguousarray(pixels().permute(1, 2, 0).numpy())
    dark = Lit("gamma", p=1.0, **DARK)
    shown = dark(image=rows, mask=rows[..., 0])
    wanted = Relight("gamma", probability=1.0, **DARK)(pixels()).permute(1, 2, 0).numpy()
    assert np.array_equal(shown["image"], wanted)
    assert np.array_equal(shown["mask"], rows[..., 0])
    floats = dark(image=rows.astype(np.float32) / 255)["image"]
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats, (rows / 255.0) ** 2, atol=1e-5)
    assert np.array_equal(sent(dark)(image=rows)["image"], wanted)
    with pytest.raises(PlanError, match=r"RGB images of height x width x 3; \(8, 12\) came"):
        dark(image=rows[..., 0])
    with pytest.raises(PlanError, match=r"floats of 0\.\.1; uint16 came"):
        dark(image=rows.astype(np.uint16))
    restored = albumentations.from_dict(albumentations.to_dict(dark))
    assert np.array_equal(restored(image=rows)["image"], wanted)


def test_albumentations_keeps_boxes_and_draws_by_its_own_seed(albumentations: Any):
    from otherlight.translators.relight_albumentations import Relight as Lit

    rows = np.ascontiguousarray(pixels().permute(1, 2, 0).numpy())

    def drawn() -> list[bool]:
        pipeline = albumentations.Compose(
            [Lit("gamma", p=0.5, **DARK), albumentations.NoOp()],
            bbox_params=albumentations.BboxParams(format="pascal_voc", label_fields=["labels"]),
            seed=4,
        )
        samples = [pipeline(image=rows, bboxes=[[1, 2, 5, 6]], labels=[3]) for _ in range(60)]
        assert all(np.allclose(each["bboxes"][0], [1, 2, 5, 6]) for each in samples)
        return [not np.array_equal(each["image"], rows) for each in samples]

    first = drawn()
    assert drawn() == first
    assert 15 <= sum(first) <= 45


def test_without_albumentations_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    import sys

    from otherlight.translators import relight_albumentations

    monkeypatch.delitem(vars(relight_albumentations), "Relight", raising=False)
    monkeypatch.setitem(sys.modules, "albumentations", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'otherlight\[albumentations\]'"):
        relight_albumentations.Relight  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'Night'"):
        relight_albumentations.Night  # noqa: B018
