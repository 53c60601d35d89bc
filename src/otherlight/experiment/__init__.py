"""Experiments: plans, arms and seeds to predictions and a verdict.

What needs torch is not opened here: see `otherlight.experiment.compare` and
`otherlight.experiment.verify`.
"""

from otherlight.experiment.plan import Plan, Step, read_plan
from otherlight.experiment.plan_check import Verb, check_plan
from otherlight.experiment.plan_run import run_plan, run_steps

__all__ = ["Plan", "Step", "Verb", "check_plan", "read_plan", "run_plan", "run_steps"]
