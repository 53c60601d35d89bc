"""Records: files that steps hand each other, how they are written, and how progress is told."""
