"""Colours of a domain are those of all its images; each image comes to them by itself."""

import torch

from otherlight.nets.colours import Colours, ColourTransfer, unsquashed


def domain(mean: float, deviation: float) -> list[torch.Tensor]:
    """Images of two sizes, not squashed."""
    chance = torch.Generator().manual_seed(0)
    sizes = [(2, 3, 20, 30), (1, 3, 40, 24)]
    values = [torch.randn(size, generator=chance) * deviation + mean for size in sizes]
    return [v.clamp(-2.0, 2.0).tanh() for v in values]


def colours_of(images: list[torch.Tensor]) -> Colours:
    colours = Colours()
    for batch in images:
        colours.see(batch)
    return colours


def pooled(images: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([unsquashed(batch).transpose(0, 1).flatten(1) for batch in images], 1)


def test_mean_and_deviation_are_those_of_all_pixels_whatever_the_batches():
    images = domain(-0.3, 0.4)
    colours, values = colours_of(images), pooled(images).double()
    torch.testing.assert_close(colours.mean().flatten(), values.mean(1))
    torch.testing.assert_close(colours.deviation().flatten(), values.std(1, correction=0))


def test_each_image_comes_to_the_others_mean_and_deviation_by_itself():
    night = colours_of(domain(-0.9, 0.2))
    way = ColourTransfer()
    way.lead(night)
    for image in (*domain(0.2, 0.5), *domain(0.8, 0.1)):
        moved = way(unsquashed(image)).tanh()
        for one in moved:
            colours = colours_of([one[None]])
            torch.testing.assert_close(colours.mean(), night.mean(), atol=2e-3, rtol=0)
            torch.testing.assert_close(colours.deviation(), night.deviation(), atol=2e-3, rtol=0)


def test_an_images_company_does_not_change_it():
    way = ColourTransfer()
    way.lead(colours_of(domain(-0.9, 0.2)))
    bright, dull = domain(0.8, 0.1)[0][:1], domain(-0.3, 0.4)[0][:1]
    torch.testing.assert_close(way(torch.cat([bright, dull]))[:1], way(bright), atol=0, rtol=0)


def test_an_even_image_is_not_stretched():
    way = ColourTransfer()
    way.lead(colours_of(domain(-0.9, 0.2)))
    even = torch.full((1, 3, 4, 4), 0.5)
    even[..., 0, 0] += 1e-4
    moved = way(even)
    torch.testing.assert_close(moved, way.mean.expand_as(moved), atol=1e-3, rtol=0)
