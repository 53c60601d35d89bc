"""FID and KID by torch-fidelity, where its Inception weights are at hand.

Frechet distance: Heusel et al. 2017, https://arxiv.org/abs/1706.08500; kernel distance: Binkowski
et al. 2018, https://arxiv.org/abs/1801.01401. Told beside other scores, never deciding: a generator
may gain in either while it loses objects.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from otherlight.errors import CheckpointError, MissingExtraError
from otherlight.images.tensors import Pixels
from otherlight.training.devices import choose_device


def inception_distances(
    some: Sequence[Pixels], others: Sequence[Pixels], weights: Path, device: str = "auto"
) -> dict[str, float]:
    """Compute FID and KID between two collections of images of any sizes.

    Both need far more images than a validation set has to be compared with published figures;
    between checkpoints on the same images they can be compared.

    Raises:
        MissingExtraError: torch-fidelity is not installed.
        CheckpointError: the file does not hold the network's weights and nothing else.
    """
    try:
        from torch_fidelity import feature_extractor_inceptionv3, metric_fid, metric_kid
    except ImportError as error:
        raise MissingExtraError(
            "FID and KID need the package torch-fidelity; it is not installed. "
            "Run: pip install 'otherlight[fid]'."
        ) from error
    _check_plain(weights)
    try:
        network: Any = feature_extractor_inceptionv3.FeatureExtractorInceptionV3(
            "inception", ["2048"], feature_extractor_weights_path=str(weights)
        )
    except RuntimeError as error:
        raise CheckpointError(
            f"{weights} must hold the weights of FID's Inception network; they do not fit it. Take "
            f"the file that torch-fidelity names, weights-inception-2015-12-05-6726825d.pth."
        ) from error
    network.to(choose_device(device))
    first, second = (_features(network, each, choose_device(device)) for each in (some, others))
    one, other = (metric_fid.fid_features_to_statistics(each) for each in (first, second))
    size = min(len(first), len(second))
    kid = metric_kid.kid_features_to_metric(
        first, second, kid_subsets=100, kid_subset_size=min(size, 1000), verbose=False
    )
    return {
        "fid": metric_fid.fid_statistics_to_metric(one, other, False)[metric_fid.KEY_METRIC_FID],
        "kid": kid[metric_kid.KEY_METRIC_KID_MEAN],
    }


def _check_plain(weights: Path) -> None:
    """Let tensors alone through: torch-fidelity itself would run what a file says."""
    try:
        torch.load(weights, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(
            f"{weights} must be a file of tensors that torch can read; it is not. Take the file "
            f"that torch-fidelity names, weights-inception-2015-12-05-6726825d.pth."
        ) from error


@torch.inference_mode()
def _features(network: Any, images: Sequence[Pixels], device: torch.device) -> torch.Tensor:
    return torch.cat([network(each.to(device))[0].cpu() for each in images])
