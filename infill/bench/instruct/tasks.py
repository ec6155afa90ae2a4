"""The tasks of `infill bench instruct`: files with code, and in each some selections with an instruction.

One data file of `tasks/` holds one file of code as people write it, and several `[[tasks]]` on it. All of them were
written for this project. Each task carries answers that are good and answers that are not; a test tries its check on
both.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from infill.types import InputError, Span

FOLDER = Path(__file__).parent / "tasks"
ALREADY = "already done"  # the kind of a task whose right answer is to leave all as it is


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One instruction for a selection, and what an answer is held to.

    Patterns are regular expressions over the normalised text of the new selection (see `normalised`), nodes are
    queries of tree-sitter over it. `must` and `nodes` say that the change was made, `must_not` and `no_nodes` that
    the old form is gone, `says` what the comments say. What `keep` matches may not be lost: that would be damage.
    `test` is Python that passes once the change is made; `still` passes before and after, and stands for that of the
    file where it is given.
    """

    name: str
    kind: str
    instruction: str
    old: str  # the selected lines, which are in the file once
    bad: tuple[str, ...]  # other texts for these lines that are wrong
    good: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    no_nodes: tuple[str, ...] = ()
    test: str = ""
    still: str | None = None
    may_lose: tuple[str, ...] = ()  # names that the change does away with


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    language: str
    code: str
    tasks: tuple[Task, ...]
    still: str = ""


class Placed(msgspec.Struct, frozen=True):
    """A task in its file: the whole text, the selection in it, and the tests that must go on passing."""

    task: Task
    language: str
    text: str
    selection: Span
    still: str

    @property
    def name(self) -> str:
        """The task's name with its language in front."""
        return f"{self.language}/{self.task.name}"

    def with_answer(self, answer: str) -> str:
        """Return the file's text with `answer` in place of the selection."""
        return self.text[: self.selection.start] + answer.removesuffix("\n") + self.text[self.selection.end :]


def read_tasks(folder: Path = FOLDER) -> list[Placed]:
    """Return the tasks of all data files, by language in turn. Raises `InputError` for one that cannot be used."""
    found: list[Placed] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            file = msgspec.toml.decode(path.read_bytes(), type=_File)
        except msgspec.DecodeError as error:
            raise InputError(f"{path}: not a file of tasks ({error})") from None
        found += [_placed(path, file, task) for task in file.tasks]
    if not found:
        raise InputError(f"{folder}: no tasks there, or they were not installed")
    return _in_turn(found)


def _placed(path: Path, file: _File, task: Task) -> Placed:
    old = task.old.removesuffix("\n")
    start = file.code.find(old)
    if start < 0 or file.code.find(old, start + 1) >= 0:
        raise InputError(f"{path}: the selection of {task.name!r} must be in the code exactly once")
    still = file.still if task.still is None else task.still
    return Placed(task, file.language, file.code, Span(start, start + len(old)), still)


def _in_turn(tasks: list[Placed]) -> list[Placed]:
    """Return one task of each language, then the next of each, so that a few are of all."""
    by_language: dict[str, list[Placed]] = {}
    for placed in tasks:
        by_language.setdefault(placed.language, []).append(placed)
    most = max(map(len, by_language.values()))
    return [own[i] for i in range(most) for own in by_language.values() if i < len(own)]
