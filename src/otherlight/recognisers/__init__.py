"""Recognisers: learn from image sets, predict on others."""
