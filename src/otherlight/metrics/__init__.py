"""Metrics: truth and detections in, figures out; pure arrays."""

from otherlight.metrics.average_precision import average_precision, mean_average_precision
from otherlight.metrics.boxes import AREA_RANGES, Found, Truths
from otherlight.metrics.matching import COCO_IOUS, Matches, MatchRules, found_truths, match
from otherlight.metrics.operating_curve import OperatingCurve, operating_curve

__all__ = [
    "AREA_RANGES",
    "COCO_IOUS",
    "Found",
    "MatchRules",
    "Matches",
    "OperatingCurve",
    "Truths",
    "average_precision",
    "found_truths",
    "match",
    "mean_average_precision",
    "operating_curve",
]
