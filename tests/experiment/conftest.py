"""A simulated comparison, made once and copied for every test that wants to break it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
