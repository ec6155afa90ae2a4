"""Tasks of HumanEval-infilling; whole bodies, several lines and spans of any characters, made of the single lines.

The benchmark's own files of several lines and of random spans (Bavarian and others 2022) are made of the same
functions in the same way; where a folder has them they are used. Here each function gives its share of the holes, and
the draw depends on the seed alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec.structs import replace


class Task(msgspec.Struct, frozen=True):
    """One hole of the benchmark."""

    task_id: str
    entry_point: str
    prompt: str
    suffix: str
    canonical_solution: str
    test: str

    @property
    def function(self) -> str:
        """Which function of the benchmark it is in."""
        return "/".join(self.task_id.split("/")[1:3])

    def program(self, middle: str) -> str:
        """Return the program: the function with `middle` in its hole, and its tests."""
        return f"{self.prompt}{middle}{self.suffix}\n{self.test}\ncheck({self.entry_point})\n"


Cut = Callable[[Task, random.Random], tuple[int, int]]  # where the hole starts and ends in the solution


def made(tasks: Sequence[Task], split: str, seed: int) -> list[Task]:
    """The holes of a split in random order, one of each function, then a second one of each, up to `ROUNDS`."""
    wholes = [whole for whole in _functions(tasks) if _is_wanted(whole, split)]
    rng = random.Random(seed)
    holes: list[Task] = []
    for n in range(1 if split == "body" else ROUNDS):
        order = rng.sample(wholes, len(wholes))
        holes += [_cut(whole, split, n, *MADE[split](whole, rng)) for whole in order]
    return list({(hole.prompt, hole.suffix): hole for hole in holes}.values())


def _functions(tasks: Sequence[Task]) -> Iterator[Task]:
    """Each function once, all of its solution missing."""
    by_function: dict[str, Task] = {}
    for task in tasks:  # the first hole of a function has the shortest prompt
        known = by_function.get(task.function)
        if known is None or len(task.prompt) < len(known.prompt):
            by_function[task.function] = task
    for task in by_function.values():
        solution = task.canonical_solution + task.suffix
        yield replace(task, canonical_solution=solution.rstrip("\n") + "\n", suffix="")


def _is_wanted(whole: Task, split: str) -> bool:
    return split != "multi-line" or whole.canonical_solution.count("\n") >= LEAST_LINES


def _cut(whole: Task, split: str, n: int, start: int, end: int) -> Task:
    solution = whole.canonical_solution
    return replace(
        whole,
        task_id=f"{split}/{whole.function}/{n}",
        prompt=whole.prompt + solution[:start],
        canonical_solution=solution[start:end],
        suffix=solution[end:],
    )


def _lines(whole: Task, rng: random.Random) -> tuple[int, int]:
    """Two lines or more, not all of them blank."""
    lines = whole.canonical_solution.splitlines(keepends=True)
    while True:
        first, last = sorted(rng.sample(range(len(lines)), 2))
        if "".join(lines[first : last + 1]).strip():
            return len("".join(lines[:first])), len("".join(lines[: last + 1]))


def _span(whole: Task, rng: random.Random) -> tuple[int, int]:
    """Between any two characters, with something to write in it."""
    solution = whole.canonical_solution.rstrip("\n")
    while True:
        start, end = sorted(rng.sample(range(len(solution) + 1), 2))
        if solution[start:end].strip():
            return start, end


def _body(whole: Task, rng: random.Random) -> tuple[int, int]:
    return 0, len(whole.canonical_solution)


LEAST_LINES = 3  # of a solution of which several are taken, so that one is left
ROUNDS = 4
MADE: dict[str, Cut] = {"body": _body, "multi-line": _lines, "random-span": _span}
