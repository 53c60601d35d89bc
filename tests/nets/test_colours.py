"""Colours of a domain are those of all its images; the way between two is there and back again."""

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


def test_a_transferred_domain_has_the_others_mean_and_deviation():
    day, night = domain(0.2, 0.5), domain(-0.9, 0.2)
    way = ColourTransfer()
    way.lead(colours_of(day), colours_of(night))
    moved = [way(unsquashed(batch)).tanh() for batch in day]
    wanted = colours_of(night)
    torch.testing.assert_close(colours_of(moved).mean(), wanted.mean(), atol=1e-3, rtol=0)
    torch.testing.assert_close(colours_of(moved).deviation(), wanted.deviation(), atol=1e-3, rtol=0)


def test_there_and_back_is_where_it_began():
    day, night = colours_of(domain(0.2, 0.5)), colours_of(domain(-0.9, 0.2))
    there, back = ColourTransfer(), ColourTransfer()
    there.lead(day, night)
    back.lead(night, day)
    values = torch.randn(1, 3, 4, 5)
    torch.testing.assert_close(back(there(values)), values)


def test_an_even_image_does_not_divide_by_nought():
    way = ColourTransfer()
    way.lead(colours_of([torch.zeros(1, 3, 4, 4)]), colours_of([torch.full((1, 3, 4, 4), 0.5)]))
    assert way(torch.zeros(1, 3, 4, 4)).isfinite().all()
