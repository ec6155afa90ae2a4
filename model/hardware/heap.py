"""Gives memory that this process no longer uses back to the system, where the C library keeps it."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

_MMAP_THRESHOLD = -3  # its name in malloc.h
_LARGE_BYTES = 4 << 20


def keep_large_apart() -> None:
    """Have glibc give every piece of memory of 4 MiB or more back as soon as it is freed; nothing elsewhere.

    By itself it soon takes pieces of up to 32 MiB from its heap, where those that live longer hold the free ones.
    """
    if os.name == "posix":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


def trim_heap() -> None:
    """Have glibc give back what is free in its heap; nothing elsewhere. Takes milliseconds."""
    if os.name == "posix":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
