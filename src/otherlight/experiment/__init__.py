"""Experiments: plans, arms and seeds to predictions and a verdict."""
