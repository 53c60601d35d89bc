"""FID and KID through torch-fidelity, with weights of its network's shapes but no training."""

from pathlib import Path

import pytest
import torch

from otherlight.errors import CheckpointError
from otherlight.experiment.inception import inception_distances


def noise(seed: int, count: int = 3) -> list[torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    return [
        torch.randint(0, 256, (1, 3, 40, 50), generator=chance, dtype=torch.uint8)
        for _ in range(count)
    ]


def test_a_file_that_holds_more_than_tensors_is_refused(tmp_path: Path):
    (tmp_path / "weights.pth").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(CheckpointError, match="must be a file of tensors that torch can read"):
        inception_distances(noise(0), noise(1), tmp_path / "weights.pth")


def test_weights_of_another_network_are_told(tmp_path: Path):
    torch.save({"layer": torch.zeros(3)}, tmp_path / "weights.pth")
    with pytest.raises(CheckpointError, match="weights-inception-2015-12-05-6726825d.pth"):
        inception_distances(noise(0), noise(1), tmp_path / "weights.pth")


@pytest.mark.slow
def test_equal_images_are_at_no_distance_and_others_at_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    inception = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    blank = inception.FeatureExtractorInceptionV3
    monkeypatch.setattr(blank, "load_state_dict", lambda self, state: None)
    torch.save({}, tmp_path / "none.pth")
    network = blank("inception", ["2048"], feature_extractor_weights_path=tmp_path / "none.pth")
    monkeypatch.undo()
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):  # or what the last layer says fades away
            torch.nn.init.kaiming_normal_(layer.weight, generator=torch.Generator().manual_seed(0))
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    same = inception_distances(noise(0), noise(0), tmp_path / "weights.pth")
    other = inception_distances(
        noise(0), [image // 8 for image in noise(1)], tmp_path / "weights.pth"
    )
    assert same["fid"] == pytest.approx(0.0, abs=1e-3)
    assert other["fid"] > same["fid"]
    assert other["kid"] > same["kid"]
