"""Instance norm by its definition."""

import torch

from otherlight.nets.instance_norm import InstanceNorm


def test_equals_its_equation_written_as_loops():
    features = torch.randn(3, 2, 4, 5, generator=torch.Generator().manual_seed(0)) * 3 + 1
    normal = InstanceNorm()(features)
    for image in range(3):
        for channel in range(2):
            plane = features[image, channel].flatten().tolist()
            mean = sum(plane) / len(plane)
            variance = sum((value - mean) ** 2 for value in plane) / len(plane)
            wanted = [(value - mean) / (variance + 1e-5) ** 0.5 for value in plane]
            got = normal[image, channel].flatten()
            torch.testing.assert_close(got, torch.tensor(wanted), atol=1e-5, rtol=1e-5)


def test_gradients_are_those_of_torchs_own():
    features = torch.randn(2, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    weight = torch.randn(2, 3, 6, 5, generator=torch.Generator().manual_seed(1))
    ours, plain = (features.clone().requires_grad_(True) for _ in range(2))
    (InstanceNorm()(ours) * weight).sum().backward()
    (torch.nn.functional.instance_norm(plain) * weight).sum().backward()
    torch.testing.assert_close(ours.grad, plain.grad, atol=1e-5, rtol=1e-4)


def test_no_image_sees_another():
    features = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    both = InstanceNorm()(features)
    assert torch.equal(both[:1], InstanceNorm()(features[:1]))
