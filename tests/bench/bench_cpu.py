"""What the models cost on this CPU: the embedded one in every runtime that could run it, the default one and llama.cpp.

`python tests/bench/bench_cpu.py [--quick] [--only PART ...] [--runtimes KEY ...] [--gguf FILE] [--json FILE]` prints
markdown; progress goes to standard error. The whole takes a quarter of an hour on two cores and wants them for itself:
what was measured while other programs were busy is measured once more, and named if they still were.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.cpu.report import report
from tests.bench.cpu.runtimes import BY_KEY
from tests.bench.cpu.sections import QUICK, SECTIONS, Plan, measure, only, open_bench


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="little of everything, under a minute")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="PART", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--runtimes", nargs="+", choices=BY_KEY, metavar="KEY", help=f"of {', '.join(BY_KEY)}")
    parser.add_argument("--gguf", type=Path, metavar="FILE", help="what the default model was made from, for llama.cpp")
    parser.add_argument("--json", type=Path, help="write the raw numbers there")
    args = parser.parse_args()
    names = {"machine", *(args.only or SECTIONS)}  # floors need the machine's rates
    plan = QUICK if args.quick else Plan()
    plan = only(plan, args.runtimes) if args.runtimes else plan
    plan = msgspec.structs.replace(plan, gguf=args.gguf)
    with tempfile.TemporaryDirectory() as scratch:
        bench = open_bench(plan, scratch, names)
        raw = measure(bench, names)
    if args.json:
        args.json.write_bytes(msgspec.json.format(msgspec.json.encode(raw)))
    print(report(raw))


if __name__ == "__main__":
    main()
