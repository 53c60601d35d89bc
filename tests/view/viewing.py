"""Small sets to look at, and a real server of one."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from PIL import Image

from otherlight.sets import ImageSet, build_set, write_set
from otherlight.view.album import Album
from otherlight.view.server import Server

CLASSES = ["car", "traffic light"]


def street(folder: Path, count: int = 60, name: str = "street", **lineage: Any) -> ImageSet:
    """Images of 320 x 180 in a colour of their own; every third by night, boxes on all but two."""
    rows: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for number in range(count):
        file = folder / "images" / f"{number:03}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        colour = np.array([4 * number % 256, 120, 60 if lineage else 200], np.uint8)
        Image.fromarray(np.tile(colour, (180, 320, 1))).save(file, quality=95)
        rows.append(
            {"image": file.name, "file": f"images/{file.name}", "width": 320, "height": 180,
             "timeofday": "day" if number % 3 else "night", "sequence": f"drive{number // 10}",
             "attributes": {"camera": "front <b>"}, **lineage}
        )  # fmt: skip
        boxes += [
            {"image": file.name, "box": place, "label": CLASSES[place % 2], "left": 20 + 90 * place,
             "top": 40, "right": 80 + 90 * place, "bottom": 120, "ignore": place == 2,
             "occlusion_level": place % 3, "attributes": {}}
            for place in range(3 if number > 1 else 0)
        ]  # fmt: skip
    return build_set(name, CLASSES, rows, boxes, root=folder)


def written(folder: Path, **more: Any) -> Path:
    """A street on disk."""
    write_set(street(folder, **more), folder)
    return folder


@contextmanager
def served(album: Album) -> Generator[Server]:
    """Serve an album at a free port while the block runs."""
    with Server(album, 0) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
