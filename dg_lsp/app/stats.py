"""`dg-lsp stats`: what was counted of suggestions on this machine, as a table or as JSON. Nothing is sent anywhere."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence

import msgspec

from dg_lsp.stats.counts import Counts, Tally, Trigger
from dg_lsp.stats.counts_file import counts_path, read_counts, reset_counts

_TRIGGERS: tuple[tuple[Trigger, str], ...] = (
    ("automatic", "key to suggestion"),
    ("manual", "request to suggestion"),
)
_SHARES = (0.5, 0.95)
_COLUMNS = ("shown", "accepted", "partly", "typed", "dismissed", "chars")


def stats(arguments: Sequence[str]) -> int:
    """Print the counts, or begin them anew; the exit code."""
    parser = argparse.ArgumentParser(
        prog="dg-lsp stats",
        description="What became of suggestions, how long they took and why there were none: counted on this "
        "machine for you alone, without any text of yours. Servers write once a minute and when they end.",
        epilog="partly: its beginning was accepted; typed: you wrote some of it yourself; dismissed: none of these. "
        "`stats: false` in the settings counts nothing.",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--reset", action="store_true", help="begin anew")
    options = parser.parse_args(arguments)
    try:
        if options.reset:
            reset_counts()
            return 0
        counts = read_counts()
    except msgspec.DecodeError as error:
        sys.stderr.write(f"dg-lsp: {counts_path()}: {error}; `dg-lsp stats --reset` begins anew\n")
        return 2
    except (OSError, RuntimeError) as error:
        sys.stderr.write(f"dg-lsp: the counts cannot be used: {error}\n")
        return 2
    sys.stdout.write(_json(counts) if options.json else _text(counts))
    return 0


def _json(counts: Counts) -> str:
    """The counts, and what follows from them."""
    percentiles = {
        trigger: {f"p{share * 100:.0f}": counts.percentile_ms(trigger, share) for share in _SHARES}
        for trigger, _ in _TRIGGERS
    }
    total = msgspec.to_builtins(counts.total())
    told = msgspec.to_builtins(counts, str_keys=True) | {"total": total, "percentilesMs": percentiles}
    return msgspec.json.format(msgspec.json.encode(told)).decode() + "\n"


def _text(counts: Counts) -> str:
    if not counts.since:
        return "nothing was counted yet\n"
    parts = [f"since {counts.since}, in {counts_path()}\n"]
    total = counts.total()
    if total.sent:
        rows = [
            (language, model, *_cells(tally))
            for language, models in sorted(counts.suggestions.items())
            for model, tally in sorted(models.items())
        ]
        parts.append(_table([("language", "model", *_COLUMNS), *rows, ("all", "", *_cells(total))]))
    if total.assumed:
        why = "their editor does not say what it shows"
        parts.append(f"{total.assumed} of {total.shown} shown were only sent: {why}\n")
    times = [
        (f"{trigger}, {what}", *(f"{counts.percentile_ms(trigger, share):.0f} ms" for share in _SHARES))
        for trigger, what in _TRIGGERS
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
