"""Memory that was freed, and that allocators keep for themselves."""

import ctypes

import pyarrow as pa


def give_back() -> None:
    """Hand freed memory back to the system; worth it between the stages of something large."""
    pa.default_memory_pool().release_unused()
    # The C library's own, where it is glibc: what Python and NumPy freed in large pieces.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
