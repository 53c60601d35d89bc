"""Replay of generated images (Shrivastava et al. 2017, https://arxiv.org/abs/1612.07828)."""

from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from otherlight.images.tensors import Images


class ReplayBuffer:
    """Show a discriminator a generator's past as well as its present.

    It fills up first; from then on each image is swapped with a remembered one every second time.
    A buffer of capacity 0 passes images through.
    """

    def __init__(self, capacity: int, generator: Generator) -> None:
        if capacity < 0:
            raise ValueError(f"The capacity of a replay buffer is 0 or more; {capacity} came.")
        self.capacity = capacity
        self.generator = generator
        self._past: list[Images] = []

    def __len__(self) -> int:
        return len(self._past)

    def swap(self, fake: Images) -> Images:
        """Return a batch of the same shape, some of it from earlier calls."""
        return torch.cat([self._swap_one(image) for image in fake.detach().split(1)])

    def state(self, name: str) -> dict[str, Tensor]:
        """Name what is remembered, and the generator of its chance."""
        past = {f"{name}.{place:04}": image for place, image in enumerate(self._past)}
        return {f"{name}.chance": self.generator.get_state(), **past}

    def load_state(self, name: str, state: Mapping[str, Tensor]) -> None:
        """Load what `state` named."""
        self.generator.set_state(state[f"{name}.chance"])
        places = sorted(
            key for key in state if key.startswith(f"{name}.") and not key.endswith(".chance")
        )
        self._past = [state[place].clone() for place in places]

    def _swap_one(self, image: Images) -> Images:
        if len(self._past) < self.capacity:
            self._past.append(image.clone())
            return image
        if self.capacity == 0 or torch.rand((), generator=self.generator) < 0.5:
            return image
        place = int(torch.randint(self.capacity, (), generator=self.generator))
        past, self._past[place] = self._past[place], image.clone()
        return past.to(image.device)
