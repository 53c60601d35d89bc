"""Pixels: how they are read, written and handed to networks.

`files` reads and writes without torch; `tensors` holds the two tensor forms.
"""
