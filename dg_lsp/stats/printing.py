"""Prints the counts: as tables for people, as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from dg_lsp.stats.counting import Counts, Tally, Trigger

_TRIGGERS: tuple[tuple[Trigger, str], ...] = (
    ("automatic", "key to suggestion"),
    ("manual", "request to suggestion"),
)
_SHARES = (0.5, 0.95)
_COLUMNS = ("sent", "shown", "accepted")


def as_json(counts: Counts) -> str:
    """Return the counts and what follows from them: the total and percentiles in milliseconds."""
    percentiles = {
        trigger: {f"p{share * 100:.0f}": counts.percentile_ms(trigger, share) for share in _SHARES}
        for trigger, _ in _TRIGGERS
    }
    total = msgspec.to_builtins(counts.total())
    report = msgspec.to_builtins(counts, str_keys=True) | {"total": total, "percentilesMs": percentiles}
    return msgspec.json.format(msgspec.json.encode(report)).decode() + "\n"


def as_text(counts: Counts, path: Path) -> str:
    """Return the counts as tables; `path` is where they are kept."""
    if not counts.since:
        return "nothing has been counted yet\n"
    parts = [f"since {counts.since}, in {path}\n"]
    total = counts.total()
    if total.sent:
        rows = [
            (language, model, *_cells(tally))
            for language, models in sorted(counts.suggestions.items())
            for model, tally in sorted(models.items())
        ]
        parts.append(_table([("language", "model", *_COLUMNS), *rows, ("all", "", *_cells(total))]))
    times = [
        (f"{trigger}, {meaning}", *(f"{counts.percentile_ms(trigger, share):.0f} ms" for share in _SHARES))
        for trigger, meaning in _TRIGGERS
        if counts.latencies.get(trigger)
    ]
    if times:
        parts.append(_table([("the model's answers", "p50", "p95"), *times]))
    if counts.silences:
        most_first = sorted(counts.silences.items(), key=lambda pair: -pair[1])
        parts.append(_table([("why silent", "times"), *((reason, str(n)) for reason, n in most_first)]))
    return "\n".join(parts)


def _cells(tally: Tally) -> Iterable[str]:
    return (str(getattr(tally, column)) for column in _COLUMNS)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text; words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    is_number = [all(cell[:1].isdigit() for cell in column[1:]) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, is_number, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "".join(f"{line}\n" for line in lines)
