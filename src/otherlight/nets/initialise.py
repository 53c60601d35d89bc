"""First weights, drawn from a generator that is passed in."""

import torch
from torch import Generator, nn


def normal_weights(net: nn.Module, generator: Generator, deviation: float = 0.02) -> None:
    """Draw all weights of convolutions and linear layers from N(0, deviation), biases 0.

    Numbers are drawn on the CPU, so that every device starts from the same weights
    (CycleGAN, Zhu et al. 2017, appendix 7.1).
    """
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                drawn = torch.randn(layer.weight.shape, generator=generator, device="cpu")
                layer.weight.copy_(drawn * deviation)
                if layer.bias is not None:
                    layer.bias.zero_()


def kaiming_weights(net: nn.Module, generator: Generator) -> None:
    """Draw the weights of all convolutions from N(0, 2 / inputs of a sum) and zero their biases.

    He et al. 2015 (https://arxiv.org/abs/1502.01852, section 2.2); of a transposed convolution the
    outputs are counted, as in torch.
    """
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                drawn = torch.randn(layer.weight.shape, generator=generator, device="cpu")
                layer.weight.copy_(drawn * (2.0 / layer.weight[0].numel()) ** 0.5)
                if layer.bias is not None:
                    layer.bias.zero_()
