"""Statistics: from figures to a decision with its uncertainty; pure arrays."""
