"""The benchmarks of actions: instructions, fixes, docstrings. Each reads its data now and runs with a filler later.

Bad input fails before a model is loaded.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from infill.bench.instruct import run as instruct
from infill.bench.instruct.tasks import read_tasks
from infill.bench.tables import heading, table

if TYPE_CHECKING:
    from infill.pipeline.filler import ModelFiller

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


ACTIONS: dict[str, Callable[[argparse.Namespace], Bench]] = {"instruct": instruct_bench}
