"""What all tests share: one thread a process, since several processes share the cores."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
