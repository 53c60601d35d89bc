"""Entry points of torch.hub, one for every learned method and every published name.

model = torch.hub.load(FOLDER, "cyclegan", source="local", pretrained="runs/day2night")
night = model(model.transform(picture)[None])
"""

import sys
from importlib.util import find_spec as _find_spec
from pathlib import Path as _Path

dependencies = ["jaxtyping", "numpy", "PIL", "pydantic", "safetensors", "torch"]

if _find_spec("otherlight") is None:
    sys.path.insert(0, str(_Path(__file__).parent / "src"))

from otherlight.translators.hub import entries as _entries  # noqa: E402 - it may lie in src

globals().update(_entries())
