"""Gives memory that this process no longer uses back to the system, where the C library keeps it."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress


def trim_heap() -> None:
    """Have glibc give back what is free in its heap; nothing elsewhere. Takes milliseconds."""
    if os.name == "posix":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
