"""The server's figures beside their aims: speed without and with the model, typing, cancels, memory, correctness.

`python tests/bench/bench_server.py [--quick] [--only PART ...]` drives `dg-lsp --stdio` as an editor would and
prints markdown; progress goes to standard error. The whole takes a quarter of an hour, most of it typing in real
time; `--quick` does little of everything in a minute.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.bench.tables import machine
from tests.bench.replay.counts import table
from tests.bench.server.apart import engines_apart
from tests.bench.server.parts import PARTS, QUICK, Row, Sizes
from tests.bench.server.startup import startup_rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ["startup", *PARTS]
    parser.add_argument("--rounds", type=int, help="documents typed into by `startup` (default 12, quick 2)")
    parser.add_argument("--quick", action="store_true", help="little of everything, about a minute")
    parser.add_argument("--only", nargs="+", choices=parts, metavar="PART", help=f"of {', '.join(parts)}")
    args = parser.parse_args()
    sizes = QUICK if args.quick else Sizes()
    rows: list[Row] = []
    for name in args.only or parts:
        started = time.perf_counter()
        with engines_apart():
            if name == "startup":
                rows += startup_rows(args.rounds or (2 if args.quick else 12), 3 if args.quick else 7)
            else:
                rows += PARTS[name](sizes)
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    print(f"{machine()}, {time.strftime('%Y-%m-%d')}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
