"""The benchmarks of actions: instructions, fixes, docstrings. Each reads its data now and runs with a filler later.

Bad input fails before a model is loaded.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from infill.bench.fills import packages
from infill.bench.fix import run as fix
from infill.bench.fix.messages import MESSAGES
from infill.bench.fix.planted import Planted, plant
from infill.bench.hole_sampling import held_out_files
from infill.bench.instruct import run as instruct
from infill.bench.instruct.tasks import read_tasks
from infill.bench.tables import heading, table
from infill.syntax.languages import for_path
from infill.types import InputError, NoFill

if TYPE_CHECKING:
    from infill.pipeline.filler import ModelFiller

NO_FILES = "no code to plant a fault in: none of the held-out packages is installed here; name files with --source"
Bench = Callable[["ModelFiller"], tuple[str, list[msgspec.Struct]]]


def instruct_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of instructions, beside what is right when nothing is done."""
    tasks = read_tasks()[: args.limit or sys.maxsize]

    def run(filler: ModelFiller) -> tuple[str, list[msgspec.Struct]]:
        by_variant = {
            "as the action asks": instruct.answers(
                "as the action asks", tasks, lambda placed: instruct.rewritten(filler, placed, args.seed)
            ),
            instruct.NOTHING: instruct.answers(instruct.NOTHING, tasks, lambda _: instruct.Answer()),
        }
        told = "" if filler.takes_instructions else ", which follows no instructions"
        head = heading("instruct", f"{len(tasks)} tasks", filler.model_name + told)
        columns = {variant: instruct.figures(samples) for variant, samples in by_variant.items()}
        return table(head, columns), [s for samples in by_variant.values() for s in samples]

    return run


def fix_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of planted faults, as many in each language. Raises `InputError` where there are none."""
    files = _sources(args.source) if args.source else held_out_files()
    by_language = {name: [f for f in files if _language(f) == name] for name in MESSAGES}
    by_language = {name: own for name, own in by_language.items() if own}
    each = -(-(args.limit or 120 * len(by_language)) // max(1, len(by_language)))
    faults = [planted for name, own in by_language.items() for planted in plant(own, name, each, args.seed)]
    if not faults:
        raise InputError(NO_FILES)

    def run(filler: ModelFiller) -> tuple[str, list[msgspec.Struct]]:
        def ask(planted: Planted) -> str | NoFill:
            return fix.fixed(filler, planted, args.seed)

        samples = fix.answers("as the action asks", faults, ask)
        nothing = fix.answers(instruct.NOTHING, faults, lambda _: NoFill("empty_fill"))
        head = heading("fix", f"{len(faults)} faults in {packages([f.path for f in faults])}", filler.model_name)
        columns = {"as the action asks": fix.figures(samples), instruct.NOTHING: fix.figures(nothing)}
        return table(head, columns), [*samples]

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


ACTIONS: dict[str, Callable[[argparse.Namespace], Bench]] = {"instruct": instruct_bench, "fix": fix_bench}
