"""The benchmarks of actions: instructions, fixes, docstrings, refinements.

Each reads its data when it is made, so that bad input fails before a model is loaded, and runs with a filler later.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from infill.bench import docstrings, refine
from infill.bench.code.code_set import installed_set, packages, source_files
from infill.bench.fix import run as fix
from infill.bench.fix.messages import MESSAGES
from infill.bench.fix.planted import Planted, plant
from infill.bench.instruct import run as instruct
from infill.bench.instruct.tasks import read_tasks
from infill.bench.tables import heading, table
from infill.syntax.languages import for_path
from infill.types import InputError, NoFill

if TYPE_CHECKING:
    from infill.pipeline.filler import ModelFiller

NO_FILES = "no code to draw from: none of the held-out packages is installed here; name files with --source"
ASKED, NOTHING = "as the action asks", "doing nothing"
Bench = Callable[["ModelFiller"], tuple[str, list[msgspec.Struct]]]


def instruct_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of instructions, beside what is right when nothing is done."""
    tasks = read_tasks()[: args.limit or sys.maxsize]

    def run(filler: ModelFiller) -> tuple[str, list[msgspec.Struct]]:
        by_variant = {
            ASKED: instruct.answers(ASKED, tasks, lambda placed: instruct.rewritten(filler, placed, args.seed)),
            NOTHING: instruct.answers(NOTHING, tasks, lambda _: instruct.Answer()),
        }
        told = "" if filler.takes_instructions else ", which follows no instructions"
        head = heading("instruct", f"{len(tasks)} tasks", filler.model_name + told)
        columns = {variant: instruct.figures(samples) for variant, samples in by_variant.items()}
        return table(head, columns), [s for samples in by_variant.values() for s in samples]

    return run


def fix_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of planted faults, as many in each language. Raises `InputError` where there are none."""
    files = _sources(args.source) if args.source else installed_set().files
    by_language = {name: [f for f in files if _language(f) == name] for name in MESSAGES}
    by_language = {name: own for name, own in by_language.items() if own}
    each = -(-(args.limit or 120 * len(by_language)) // max(1, len(by_language)))
    faults = [planted for name, own in by_language.items() for planted in plant(own, name, each, args.seed)]
    if not faults:
        raise InputError(NO_FILES)

    def run(filler: ModelFiller) -> tuple[str, list[msgspec.Struct]]:
        def ask(planted: Planted) -> str | NoFill:
            return fix.fixed(filler, planted, args.seed)

        samples = fix.answers(ASKED, faults, ask)
        nothing = fix.answers(NOTHING, faults, lambda _: NoFill("empty_fill"))
        head = heading("fix", f"{len(faults)} faults in {packages([f.path for f in faults])}", filler.model_name)
        columns = {ASKED: fix.figures(samples), NOTHING: fix.figures(nothing)}
        return table(head, columns), [*samples]

    return run


def docstring_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of docstrings, with all of them listed. Raises `InputError` where there are none."""
    files = _sources(args.source) if args.source else installed_set().files
    python = [f for f in files if _language(f) == "python"]
    functions = docstrings.undocumented(python, min(args.limit or sys.maxsize, docstrings.N_FUNCTIONS), args.seed)
    if not functions:
        raise InputError(NO_FILES)

    def run(filler: ModelFiller) -> tuple[str, list[msgspec.Struct]]:
        def ask(one: docstrings.Undocumented) -> str | NoFill:
            return docstrings.documented(filler, one, args.seed)

        samples = docstrings.answers(ASKED, functions, ask)
        head = heading(
            "docstring", f"{len(functions)} functions of {packages([f.path for f in functions])}", filler.model_name
        )
        text = table(head, {ASKED: docstrings.figures(samples)})
        return f"{text}\n\n{docstrings.listing(samples)}", [*samples]

    return run


def refine_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of lines with one wrong token, and of right ones. Raises `InputError` without any."""
    files = source_files(args.source) if args.source else installed_set().files
    lines = refine.corrupted_lines(files, args.limit or sys.maxsize, args.seed)
    if not lines:
        raise InputError(NO_FILES)

    def run(filler: ModelFiller) -> tuple[str, list[msgspec.Struct]]:
        samples = refine.answers(filler, lines, args.seed)
        of = f"{len(lines)} lines of {packages([line.path for line in lines])}"
        columns = {
            ASKED: refine.figures(samples),
            NOTHING: refine.figures([refine.nothing(sample) for sample in samples]),
        }
        return table(heading("refine", of, filler.model_name), columns), [*samples]

    return run


def _sources(paths: list[Path]) -> list[Path]:
    """The files that are named or in named folders. Raises `InputError` for a missing path."""
    missing = [p for p in paths if not p.exists()]
    if missing:
        raise InputError(f"{missing[0]}: no such file or folder")
    return [f for p in paths for f in (sorted(p.rglob("*")) if p.is_dir() else [p]) if f.is_file()]


def _language(path: Path) -> str | None:
    row = for_path(path)
    return None if row is None else row.id


ACTIONS: dict[str, Callable[[argparse.Namespace], Bench]] = {
    "instruct": instruct_bench,
    "fix": fix_bench,
    "docstring": docstring_bench,
    "refine": refine_bench,
}
