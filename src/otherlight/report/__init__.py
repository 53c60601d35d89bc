"""Reports: results to one self-contained page."""
