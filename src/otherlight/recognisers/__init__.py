"""Recognisers: learn from labelled images, find in others; what images are is all they see."""

from otherlight.recognisers.compact import CompactConfig
from otherlight.recognisers.detect import detect
from otherlight.recognisers.evaluate import evaluate
from otherlight.recognisers.fit import Run, fit
from otherlight.recognisers.fit_config import FitConfig, Ingredient
from otherlight.recognisers.photometric import Photometric
from otherlight.recognisers.predict import load_detector, predict
from otherlight.recognisers.protocols import (
    Detections,
    Detector,
    Embedder,
    LearnedDetector,
    Method,
    Truth,
    View,
)
from otherlight.recognisers.score import Score, score
from otherlight.recognisers.table import RECOGNISERS

__all__ = [
    "RECOGNISERS",
    "CompactConfig",
    "Detections",
    "Detector",
    "Embedder",
    "FitConfig",
    "Ingredient",
    "LearnedDetector",
    "Method",
    "Photometric",
    "Run",
    "Score",
    "Truth",
    "View",
    "detect",
    "evaluate",
    "fit",
    "load_detector",
    "predict",
    "score",
]
