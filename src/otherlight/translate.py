"""Translate a whole set, keeping its labels."""
