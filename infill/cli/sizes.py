"""Bytes as people read them: in powers of a thousand, as disks and downloads are sold."""

from __future__ import annotations

_UNITS = (("GB", 1e9, 1), ("MB", 1e6, 0), ("kB", 1e3, 0))  # name, bytes, decimals


def size(n_bytes: float) -> str:
    """Return "14.5 GB"."""
    name, unit, decimals = _unit_of(n_bytes)
    return f"{n_bytes / unit:.{decimals}f} {name}"


def part_of_size(done: float, total: float) -> str:
    """Return "3.1 of 14.5 GB"."""
    name, unit, decimals = _unit_of(total)
    return f"{done / unit:.{decimals}f} of {total / unit:.{decimals}f} {name}"


def _unit_of(n_bytes: float) -> tuple[str, float, int]:
    return next((unit for unit in _UNITS if n_bytes >= unit[1]), _UNITS[-1])
