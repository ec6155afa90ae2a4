"""The benchmarks of actions: instructions, fixes, docstrings, refinements.

Each reads its data when it is made, so that bad input fails before a model is loaded, and runs with a filler later.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from infill.bench import docstrings, plain, refine
from infill.bench.code.code_set import CodeSet, code_sets
from infill.bench.context import PackageContext
from infill.bench.fix import run as fix
from infill.bench.fix.messages import MESSAGES
from infill.bench.fix.planted import Planted, plant
from infill.bench.instruct import run as instruct
from infill.bench.instruct.tasks import read_tasks
from infill.bench.tables import heading, table
from infill.types import InputError, NoFill

if TYPE_CHECKING:
    from infill.pipeline.filler import ModelFiller

NO_CODE = "no code to draw from; `infill bench fetch` fetches packages, and --source names files of yours"
FAULTS_PER_LANGUAGE = 120  # where there is no --limit
ASKED, PLAINLY, NOTHING = "as the action asks", "the model asked plainly", "doing nothing"
Bench = Callable[["ModelFiller"], tuple[str, list[msgspec.Struct]]]


def instruct_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of instructions, beside what is right when nothing is done."""
    tasks = read_tasks()[: args.limit or sys.maxsize]

    def run(filler: ModelFiller) -> tuple[str, list[msgspec.Struct]]:
        by_variant = {
            ASKED: instruct.answers(ASKED, tasks, lambda placed: instruct.rewritten(filler, placed, args.seed)),
            **(
                {PLAINLY: instruct.answers(PLAINLY, tasks, lambda one: plain.instructed(filler.engine, one))}
                if plain.can_be_asked(filler.engine)
                else {}
            ),
            NOTHING: instruct.answers(NOTHING, tasks, lambda _: instruct.Answer()),
        }
        told = "" if filler.takes_instructions else ", which follows no instructions"
        head = heading("instruct", f"{len(tasks)} tasks", filler.model_name + told)
        columns = {variant: instruct.figures(samples) for variant, samples in by_variant.items()}
        return table(head, columns), [s for samples in by_variant.values() for s in samples]

    return run


def fix_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of planted faults, as many in each language. Raises `InputError` where there are none."""
    codes = _codes(args)
    each = -(-(args.limit or FAULTS_PER_LANGUAGE * len(codes)) // len(codes))
    faults = [planted for code in codes for planted in plant(code, each, args.seed)]
    if not faults:
        raise InputError(NO_CODE)
    package = PackageContext([root for code in codes for root in code.roots])

    def ask(filler: ModelFiller, planted: Planted) -> str | NoFill:
        context = package.of_text(planted.language, planted.path, planted.broken)
        return fix.fixed(filler, planted, args.seed, context)

    of = f"{len(faults)} faults in {'; '.join(f'{code.language}: {code.what}' for code in codes)}"

    def run(filler: ModelFiller) -> tuple[str, list[msgspec.Struct]]:
        by_variant = {
            ASKED: fix.answers(ASKED, faults, lambda planted: ask(filler, planted)),
            **(
                {PLAINLY: fix.answers(PLAINLY, faults, lambda one: plain.fixed(filler.engine, one))}
                if plain.can_be_asked(filler.engine)
                else {}
            ),
            NOTHING: fix.answers(NOTHING, faults, lambda _: NoFill("empty_fill")),
        }
        columns = {variant: fix.figures(samples) for variant, samples in by_variant.items()}
        return table(heading("fix", of, filler.model_name), columns), [s for own in by_variant.values() for s in own]

    return run


def docstring_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of docstrings, with all of them listed. Raises `InputError` where there are none."""
    code = code_sets(args.set, "python", args.source)[0]
    functions = docstrings.undocumented(code, min(args.limit or sys.maxsize, docstrings.N_FUNCTIONS), args.seed)
    if not functions:
        raise InputError(NO_CODE)

    def run(filler: ModelFiller) -> tuple[str, list[msgspec.Struct]]:
        def ask(one: docstrings.Undocumented) -> str | NoFill:
            return docstrings.documented(filler, one, args.seed)

        by_variant = {ASKED: docstrings.answers(ASKED, functions, ask)}
        if plain.can_be_asked(filler.engine):
            by_variant[PLAINLY] = docstrings.answers(
                PLAINLY, functions, lambda one: plain.documented(filler.engine, one)
            )
        head = heading("docstring", f"{len(functions)} functions of {code.what}", filler.model_name)
        text = table(head, {variant: docstrings.figures(samples) for variant, samples in by_variant.items()})
        every: list[msgspec.Struct] = [s for samples in by_variant.values() for s in samples]
        return f"{text}\n\n{docstrings.listing(by_variant[ASKED])}", every

    return run


def refine_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of lines with one wrong token, and of right ones. Raises `InputError` without any."""
    code = code_sets(args.set, "python", args.source)[0]
    lines = refine.corrupted_lines(code, args.limit or sys.maxsize, args.seed)
    if not lines:
        raise InputError(NO_CODE)

    def run(filler: ModelFiller) -> tuple[str, list[msgspec.Struct]]:
        samples = refine.answers(filler, lines, args.seed)
        columns = {
            ASKED: refine.figures(samples),
            NOTHING: refine.figures([refine.nothing(sample) for sample in samples]),
        }
        return table(heading("refine", f"{len(lines)} lines of {code.what}", filler.model_name), columns), [*samples]

    return run


def _codes(args: argparse.Namespace) -> list[CodeSet]:
    """Return what faults are planted in, one set for each language that has any. Raises `InputError` without one."""
    found: list[CodeSet] = []
    for language in MESSAGES:
        try:
            found += code_sets(args.set, language, args.source)[:1]
        except InputError:
            if language == "python" and args.source and not all(path.exists() for path in args.source):
                raise
    found = [code for code in found if code.files]
    if not found:
        raise InputError(NO_CODE)
    return found


ACTIONS: dict[str, Callable[[argparse.Namespace], Bench]] = {
    "instruct": instruct_bench,
    "fix": fix_bench,
    "docstring": docstring_bench,
    "refine": refine_bench,
}
