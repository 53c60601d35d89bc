"""The table of formats: how each is read, how it is written, and what it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from otherlight.datasets.bdd100k import read_bdd100k, write_bdd100k
from otherlight.datasets.cityscapes import read_cityscapes
from otherlight.datasets.coco import read_coco, write_coco
from otherlight.datasets.config import ImportConfig
from otherlight.datasets.folder import read_folder
from otherlight.datasets.held import NOTHING, Holds
from otherlight.datasets.kitti import read_kitti
from otherlight.datasets.kitti_writing import FOLDER as KITTI_FOLDER
from otherlight.datasets.kitti_writing import arrange_kitti, write_kitti
from otherlight.datasets.lists import read_lists
from otherlight.datasets.pairs import read_pairs
from otherlight.datasets.pairs_writing import PairsLayout, lay_out_pairs
from otherlight.datasets.places import read_places
from otherlight.datasets.placing import Placed
from otherlight.datasets.revisited import read_revisited
from otherlight.datasets.samples import Content, Tally
from otherlight.datasets.sfm120k import read_sfm120k
from otherlight.datasets.video import read_video
from otherlight.datasets.vkitti2 import read_vkitti2
from otherlight.datasets.voc import read_voc
from otherlight.datasets.voc_writing import FOLDER as VOC_FOLDER
from otherlight.datasets.voc_writing import write_voc
from otherlight.datasets.yolo import arrange_yolo, keep_apart, read_yolo, write_yolo
from otherlight.sets import ImageSet

Reader = Callable[[Path, Path | None, ImportConfig, Tally], Content]
Writer = Callable[[ImageSet, Placed, Path, Tally], None]
LayOut = Callable[[ImageSet, Path, PairsLayout, bool, Tally], Placed]
Arrange = Callable[[Sequence[str], Sequence[str | None]], list[str]]


def _as_they_are(keys: Sequence[str], splits: Sequence[str | None]) -> list[str]:
    del splits
    return list(keys)


def _apart(keys: Sequence[str], splits: Sequence[str | None]) -> list[str]:
    del splits
    return keep_apart(keys)


@dataclass(frozen=True, kw_only=True)
class Format:
    """How one format is read from (source, images) and, where it can be, written."""

    about: str
    read: Reader
    write: Writer | None = None
    arrange: Arrange = _as_they_are
    """Names of exported images, from their keys and splits."""
    lay_out: LayOut | None = None
    """Instead of ``write``, where images alone are written, labelled or not."""
    folder: str = "images"
    """Where exported images lie."""
    holds: Holds = NOTHING
    """What of a set comes back from an export."""


_LIGHT = frozenset({"timeofday", "weather", "scene"})

FORMATS = {
    "yolo": Format(
        about="a text file of class ids and boxes beside each image, with or without data.yaml",
        read=read_yolo,
        write=write_yolo,
        arrange=arrange_yolo,
        holds=Holds(images=frozenset({"split"})),
    ),
    "coco": Format(
        about="one JSON file of images, annotations and categories; crowds are ignored regions",
        read=read_coco,
        write=write_coco,
        holds=Holds(
            images=_LIGHT,
            image_words=None,
            boxes=frozenset({"occlusion_level"}),
            box_words=None,
            reason="crowd",
        ),
    ),
    "voc": Format(
        about="PASCAL VOC: an XML file of objects for each image; difficult ones are ignored",
        read=read_voc,
        write=write_voc,
        arrange=_apart,
        folder=VOC_FOLDER,
        holds=Holds(
            images=frozenset({"split"}),
            boxes=frozenset({"occlusion_level"}),
            box_words=frozenset({"pose", "truncated", "occluded", "difficult"}),
            reason="difficult",
        ),
    ),
    "kitti": Format(
        about="KITTI's text files: label_2 (detection) or label_02 (tracking)",
        read=read_kitti,
        write=write_kitti,
        arrange=arrange_kitti,
        folder=KITTI_FOLDER,
        holds=Holds(
            boxes=frozenset({"occlusion", "occlusion_level", "truncation", "depth_m"}),
            box_words=frozenset({"alpha", "dimensions_m", "location_m", "rotation_y"}),
            reason="dontcare",
        ),
    ),
    "bdd100k": Format(
        about="one JSON file of frames: BDD100K's of 2018, or Scalabel's",
        read=read_bdd100k,
        write=write_bdd100k,
        holds=Holds(
            images=_LIGHT | {"sequence", "frame"},
            image_words=_LIGHT,
            boxes=frozenset({"occlusion_level", "state", "track"}),
            box_words=frozenset(
                {"occluded", "truncated", "crowd", "trafficLightColor", "category"}
            ),
            reason="crowd",
        ),
    ),
    "vkitti2": Format(
        about="Virtual KITTI 2: bbox.txt and info.txt of each scene and variant",
        read=read_vkitti2,
    ),
    "cityscapes": Format(
        about="Cityscapes' polygons as boxes, with the plain or the foggy images",
        read=read_cityscapes,
    ),
    "pairs": Format(
        about="two domains without labels: trainA and trainB, train/A and train/B, side by side",
        read=read_pairs,
        lay_out=lay_out_pairs,
        holds=Holds(
            images=frozenset({"split"}), image_words=frozenset({"domain", "pair"}), boxes=None
        ),
    ),
    "video": Format(
        about="a video, or a folder of them, as frames with their times (needs the extra video)",
        read=read_video,
    ),
    "lists": Format(
        about="a text file of image paths, one a line, without labels", read=read_lists
    ),
    "places": Format(
        about="a CSV of images and the places they show, without boxes", read=read_places
    ),
    "sfm120k": Format(
        about="retrieval-SfM-120k's pickles: clusters of images, pairs of query and positive",
        read=read_sfm120k,
    ),
    "revisited": Format(
        about="ROxford5k's and RParis6k's ground truth: queries with crops, graded images",
        read=read_revisited,
    ),
    "tokyo247": Format(
        about="247tokyo1k's ground truth: every photo asks for the others of its place",
        read=read_revisited,
    ),
    "folder": Format(about="images alone, without labels", read=read_folder),
}
"""Formats by the name a user types."""
