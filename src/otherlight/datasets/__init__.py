"""Formats: files on disk to image sets and back, one format a module."""
