"""Tables of the benchmarks, with machine and date, and counts beside every percentage."""

from __future__ import annotations

import platform
from datetime import date
from pathlib import Path

Rows = list[tuple[str, str]]


def heading(what: str, of: str, model: str) -> str:
    """Return a heading: benchmark, sample, model, machine and date."""
    return f"{what}: {of}; {model}; {machine()}; {date.today()}"


def table(head: str, columns: dict[str, Rows]) -> str:
    """Return the table as a text; `columns` have the same rows."""
    names = " | ".join(columns) if len(columns) > 1 else "value"
    rows = zip(*columns.values(), strict=True)
    lines = [f"| {row[0][0]} | {' | '.join(value for _, value in row)} |" for row in rows]
    return "\n".join([head, "", f"| figure | {names} |", "|---|" + "---|" * len(columns), *lines])


def share(part: int, whole: int) -> str:
    """Return a percentage with its counts."""
    return f"{100 * part / whole:.1f} % ({part} of {whole})" if whole else "-"


def machine() -> str:
    """Return processor, cores and Python version, as far as the system reports them."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = f"{names[0]}, {len(names)} cores" if names else cpu
    return f"{cpu}, Python {platform.python_version()}"
