"""A fair draw from a stream of any length (Vitter 1985, https://doi.org/10.1145/3147.3165)."""

from typing import Generic, TypeVar

import torch
from torch import Generator

Item = TypeVar("Item")


class Reservoir(Generic[Item]):
    """Keep up to ``capacity`` of all the items that were offered, each with the same chance."""

    def __init__(self, capacity: int, generator: Generator) -> None:
        self.capacity = capacity
        self.generator = generator
        self.kept: list[Item] = []
        self.seen = 0

    def offer(self, item: Item) -> None:
        """Keep the item, perhaps in the place of an earlier one."""
        self.seen += 1
        if len(self.kept) < self.capacity:
            self.kept.append(item)
            return
        place = int(torch.randint(self.seen, (), generator=self.generator))
        if place < self.capacity:
            self.kept[place] = item
