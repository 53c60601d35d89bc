"""Metrics: truth and detections in, figures out; pure arrays."""
