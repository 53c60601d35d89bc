"""The built-in world: procedural, labelled street scenes that render in several conditions."""

from otherlight.world.conditions import CONDITIONS
from otherlight.world.config import WorldConfig
from otherlight.world.scene import CLASSES
from otherlight.world.two_wheelers import TWO_WHEELERS
from otherlight.world.write import render_pair, render_world

__all__ = ["CLASSES", "CONDITIONS", "TWO_WHEELERS", "WorldConfig", "render_pair", "render_world"]
