"""A list of things to do. What is marked with FILL is not written yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass
class Todo:
    """One thing to do; a higher priority comes first."""

    title: str
    due: date | None = None
    priority: int = 0
    done: bool = False


def open_todos(todos: list[Todo]) -> list[Todo]:
    """Return the todos that are not done."""
    # FILL
    ...


def n_done(todos: list[Todo]) -> int:
    """Return how many todos are done."""
    # FILL
    ...


def find(todos: list[Todo], title: str) -> Todo | None:
    """Return the first todo with this title; None where there is none."""
    # FILL: go through the todos and compare titles
    ...


def by_priority(todos: list[Todo]) -> list[Todo]:
    """Return the todos sorted by priority, highest first."""
    # FILL: sorted with reverse=True
    ...


def progress(todos: list[Todo]) -> float:
    """Return the share of todos that are done, from 0 to 1; 0 for an empty list."""
    if not todos:
        return 0.0
    # FILL
    ...


def to_line(todo: Todo) -> str:
    """Return the todo as a line: "[x] title" when it is done, "[ ] title" when it is not."""
    mark = "x" if todo.done else " "
    # FILL
    ...
