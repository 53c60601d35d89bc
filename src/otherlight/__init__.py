"""Your labelled images, in another light: translate, train, and say honestly whether it helped."""

__version__ = "0.1.0"
