"""`dg-lsp stats`: prints what was counted of suggestions on this machine, or resets it. Nothing is sent anywhere."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import msgspec

from dg_lsp.stats.keeping import counts_path, read_counts, reset_counts
from dg_lsp.stats.printing import as_json, as_text


def stats(arguments: Sequence[str]) -> int:
    """Print the counts or reset them; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="dg-lsp stats",
        description="How many suggestions you were sent, saw and accepted, how long they took and why there were none. "
        "Counted on this machine for you alone, without your text. Servers write once a minute and when they end.",
        epilog="sent: suggestions that went to the editor; shown: of these, as the editor reports it (many report "
        "nothing); accepted: whole or in part. With `stats: false` in the settings nothing is counted.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--reset", action="store_true", help="remove all counts and start again")
    options = parser.parse_args(arguments)
    try:
        if options.reset:
            reset_counts()
            return 0
        counts = read_counts()
    except msgspec.DecodeError as error:
        sys.stderr.write(f"dg-lsp: {counts_path()}: {error}; `dg-lsp stats --reset` starts again\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"dg-lsp: cannot read or write the counts: {error}\n")
        return 2
    sys.stdout.write(as_json(counts) if options.json else as_text(counts, counts_path()))
    return 0
