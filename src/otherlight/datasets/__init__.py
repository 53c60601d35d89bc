"""Formats: files on disk to image sets and back, one format a module; and leaks between sets."""

from otherlight.datasets.config import ImportConfig
from otherlight.datasets.doctor import examine
from otherlight.datasets.exporting import export_set
from otherlight.datasets.findings import Diagnosis, Finding
from otherlight.datasets.formats import FORMATS, Format
from otherlight.datasets.importing import import_set
from otherlight.datasets.leaks import Leak, find_leaks, refuse_leaks
from otherlight.datasets.pairs import pairs_of
from otherlight.datasets.pairs_writing import PairsLayout
from otherlight.datasets.select_config import Limits, SelectConfig
from otherlight.datasets.select_set import select_set
from otherlight.datasets.tally import count_lines

__all__ = [
    "FORMATS",
    "Diagnosis",
    "Finding",
    "Format",
    "ImportConfig",
    "Leak",
    "Limits",
    "PairsLayout",
    "SelectConfig",
    "count_lines",
    "examine",
    "export_set",
    "find_leaks",
    "import_set",
    "pairs_of",
    "refuse_leaks",
    "select_set",
]
