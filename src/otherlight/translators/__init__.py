"""Translators: show a scene in another light; geometry never moves, so labels stay true."""
