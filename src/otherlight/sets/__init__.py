"""ImageSets: what steps hand on; two tables, for retrieval a third, and a header on disk."""

from otherlight.sets.build import build_set
from otherlight.sets.image_set import Boxes, ImageSet
from otherlight.sets.storage import read_set, read_table, write_set, write_table

__all__ = ["Boxes", "ImageSet", "build_set", "read_set", "read_table", "write_set", "write_table"]
