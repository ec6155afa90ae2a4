"""`infill bench`: how often a fill is exactly the text that was there, on code never trained on.

`line`: from a word's edge to the end of its line; `begun`: the same in the first lines of a file, with nothing below;
`typed`: as `line`, after the first two letters of a word; `block`: whole bodies of functions; `holes`: two or three
values of a function at once; `hints`: its types; `refine`: lines with one wrong token; `quiet`: places where nothing
should be said unasked, beside line ends; `fix`: one fault planted in code, with the diagnostic of another server;
`docstring`: those of 40 functions, all listed for a reader; `instruct`: changes asked for in words, of code that is
part of this project; `humaneval`: functions whose tests must pass, from --data.

All are drawn by a fixed seed, `quiet` from packages that are installed here, the others from packages first published
in 2025 or 2026, which `infill bench fetch` fetches, or from what --set or --source names. The first six are drawn from
the installed ones too, for a second table; `fix` takes each language of which there is code. A frequency baseline
answers lines and blocks: the continuation that most often follows the longest matching left context elsewhere in the
same file. With --compare every decoder alone answers them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import cast

import msgspec

from infill.bench import humaneval
from infill.bench.actions import ACTIONS
from infill.bench.benches import (
    DRAW,
    DRAW_FUNCTIONS,
    VARIANTS,
    WITH_CONTEXT,
    Bench,
    functions_bench,
    held_out_bench,
    humaneval_bench,
    quiet_bench,
)
from infill.bench.bodies import language_of
from infill.bench.code import fetch
from infill.bench.code.code_set import INSTALLED, NOT_FETCHED, CodeSet, code_sets, is_fetched
from infill.cli.command_input import ModelArguments, add_model_options, opened
from infill.types import InputError
from model.types import CheckpointError


def _benches(what: str, args: argparse.Namespace, variants: list[str], code: list[CodeSet]) -> list[Bench]:
    """Return the benchmark, or one for each set of code that it draws from."""
    if what in ACTIONS:
        return [ACTIONS[what](args)]
    if what == "session":
        raise InputError("session types through the server, of which this command knows nothing: make bench-session")
    if what == "quiet":
        return [quiet_bench(args, one) for one in code]
    if what == "humaneval":
        return [humaneval_bench(args, variants)]
    if what in DRAW_FUNCTIONS:
        return [functions_bench(what, args, one) for one in code]
    return [held_out_bench(what, args, variants, one) for one in code]


def _code(args: argparse.Namespace) -> list[CodeSet]:
    """Return what the benchmarks draw from, and say on stderr where the newer code is missing. Raises `InputError`."""
    language_of(args.language)
    only_python = [what for what in args.what if what not in {*DRAW, "quiet"}]
    if args.language != "python" and only_python:
        raise InputError(f"--language {args.language}: {only_python[0]} takes no language")
    if not {*DRAW, *DRAW_FUNCTIONS, "quiet"} & {*args.what}:
        return []
    code = code_sets(args.set, args.language, args.source)
    if args.set is None and not is_fetched(code):
        print(f"infill: {NOT_FETCHED}", file=sys.stderr)
    return code


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="infill bench", description=__doc__)
    choices = [*DRAW, *DRAW_FUNCTIONS, "quiet", "session", *ACTIONS, "humaneval"]
    parser.add_argument(
        "what",
        choices=choices,
        nargs="+",
        help="what to measure, see above",
    )
    parser.add_argument("--limit", type=int, default=200, help="number of holes (default %(default)s; 0: all)")
    parser.add_argument("--seed", type=int, default=0, help="draws the holes and the fills (default %(default)s)")
    parser.add_argument(
        "--compare", action="store_true", help="also measure each decoder alone, and with the length known"
    )
    parser.add_argument("--context", action="store_true", help="also with the modules it imports and those beside it")
    parser.add_argument("--context-only", action="store_true", help="with that context and not without")
    parser.add_argument("--thresholds", action="store_true", help="also what each confidence would show, and how right")
    parser.add_argument("--set", choices=["held_out", "fitting", INSTALLED], help="only this code (see above)")
    parser.add_argument("--language", default="python", help="of line to block, and quiet (default %(default)s)")
    parser.add_argument(
        "--split",
        choices=list(humaneval.SPLITS),
        default="single-line",
        help="of humaneval; made of the single lines where its own file is not in the folder",
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/eval"), help="humaneval's file or folder")
    add_model_options(parser)
    parser.add_argument("--threads", type=int, help="processor threads (default: one core is left free)")
    parser.add_argument("--source", type=Path, nargs="*", help="files or folders of yours instead of the packages")
    parser.add_argument("--json", action="store_true", help="one JSON line per hole on stdout, tables on stderr")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run benchmarks and return the exit code; tables go to stdout, progress to stderr."""
    given = sys.argv[1:] if argv is None else argv
    if given[:1] == ["fetch"]:
        return fetch.main(given[1:])
    args = arguments(given)
    args.context = args.context or args.context_only
    variants = [] if args.context_only else [*(VARIANTS if args.compare else ["all"])]
    variants += [WITH_CONTEXT] if args.context else []
    try:
        code = _code(args)
        benches = [bench for what in args.what for bench in _benches(what, args, variants, code)]
        filler = opened(cast("ModelArguments", args))
    except (InputError, CheckpointError) as error:
        print(f"infill: {error}", file=sys.stderr)
        return 2
    for bench in benches:
        text, samples = bench(filler)
        for sample in samples if args.json else ():
            print(msgspec.json.encode(sample).decode())
        print(text, end="\n\n", file=sys.stderr if args.json else sys.stdout, flush=True)
    return 0
