"""A hint is offered only where its names exist and the code agrees."""

from __future__ import annotations

import pytest

from infill.checks.hint_check import hint_fits
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span

REFUSED = [
    ("def rename(self, old: ‹...›, new): pass\n", "job.name"),
    ("def f(job, old: ‹...›): pass\n", "job"),
    ("import job\ndef f(old: ‹...›): pass\n", "job"),
    ("import job\ndef f(old: ‹...›): pass\n", "job.MadeUp"),
    ("total: ‹...› = 1\n", "MadeUp"),
    ("def f(a: ‹...›): pass\n", "Path"),
    ("def f(a: ‹...›): pass\n", "len"),
    ("def f(a: ‹...›): pass\n", "int("),
    ("def f(a: ‹...›): pass\n", "int()"),
    ("def f(port: ‹...›=80): pass\n", "None"),
    ("def f(port: ‹...›=-1): pass\n", "str"),
    ("def f(names: ‹...›=()): pass\n", "str"),
    ("def f(names: ‹...›=()): pass\n", "list[str]"),
    ("def f(a: ‹...›=None): pass\n", "int"),
    ("def f(a: ‹...›='x'): pass\n", "int | None"),
    ("def f(a: ‹...›=b'x'): pass\n", "str"),
    ("def f(a: ‹...›='x'): pass\n", "bytes"),
    ("def f(a: ‹...›=True): pass\n", "str"),
    ("def f(a: ‹...›=0.5): pass\n", "int"),
    ("class A: pass\ndef f(a: ‹...›=1): pass\n", "A"),
    ("def f(a) -> ‹...›:\n    return a + 1\n", "None"),
    ("def f(a) -> ‹...›:\n    print(a)\n", "int"),
    ("def f(a) -> ‹...›:\n    if a:\n        return 'x'\n    return None\n", "str"),
    ("def f(a) -> ‹...›:\n    if a:\n        return\n    return 1\n", "int"),
    ("def f(a) -> ‹...›:\n    return a == 1\n", "int"),
    ("def f(a) -> ‹...›:\n    return [x for x in a]\n", "dict[str, str]"),
    ("def f(a) -> ‹...›:\n    yield a\n", "int"),
    ("class A:\n    def f(self) -> ‹...›:\n        return A()\n", "A"),
    ("def f() -> ‹...›:\n    return B()\nclass B: pass\n", "B"),
]
REFUSED += [
    ("def f(a: ‹...›):\n    if a is None:\n        return 1\n", "int"),
    ("def f(a: ‹...›):\n    return 1 if a is not None else 2\n", "str"),
    ("def f(a: ‹...›):\n    return isinstance(a, str)\n", "int"),
    ("def f(a: ‹...›):\n    return isinstance(a, (list, tuple))\n", "dict[str, int]"),
    ("def f(a: ‹...›):\n    return a\nf('x')\n", "int"),
    ("def f(a, b: ‹...›):\n    return a\nf(1, b='x')\n", "int"),
    ("class A:\n    def f(self, a: ‹...›):\n        return self.f(None)\n", "int"),
]
ACCEPTED = [
    ("def f(a: ‹...›):\n    if a is None:\n        return 1\n", "int | None"),
    ("def f(a: ‹...›):\n    return isinstance(a, str)\n", "str | int"),
    ("from typing import Any\ndef f(a: ‹...›):\n    return isinstance(a, str)\n", "Any"),
    ("from typing import Mapping\ndef f(a: ‹...›):\n    return isinstance(a, dict)\n", "Mapping[str, int]"),
    ("def f(a: ‹...›, b):\n    return a\nf(1, 'x')\nf(x, 'x')\n", "int"),
    ("class A:\n    def f(self, a: ‹...›):\n        return other.f(None)\n", "int"),
    ("def f(*a: ‹...›):\n    return a\nf('x')\n", "int"),
    ("def f(port: ‹...›=80): pass\n", "int"),
    ("def f(port: ‹...›=80): pass\n", "float"),
    ("def f(port: ‹...›=80): pass\n", "int | None"),
    ("from typing import Optional\ndef f(a: ‹...›=None): pass\n", "Optional[int]"),
    ("import typing as t\ndef g(a: t.Any): pass\ndef f(a: ‹...›=None): pass\n", "t.Any"),
    ("from collections.abc import Sequence\ndef f(names: ‹...›=()): pass\n", "Sequence[str]"),
    ("def f(names: ‹...›=()): pass\n", "tuple[str, ...]"),
    ("from pathlib import Path\ndef f(a: ‹...›): pass\n", "Path"),
    ("import pathlib\ndef f(a: ‹...›, b: pathlib.Path): pass\n", "pathlib.Path"),
    ("Name = str\ndef f(a: ‹...›='x'): pass\n", "Name"),
    ("class A: pass\ndef f(a: ‹...›=None): pass\n", "A | None"),
    ("def f(a: ‹...›=MISSING): pass\n", "int"),
    ("def f(a) -> ‹...›:\n    return a + 1\n", "int"),
    ("def f(a) -> ‹...›:\n    print(a)\n", "None"),
    ("def f(a) -> ‹...›:\n    def g():\n        return 1\n    g()\n", "None"),
    ("def f(a) -> ‹...›:\n    if a:\n        return 'x'\n    return None\n", "str | None"),
    ("from collections.abc import Iterator\ndef f(a) -> ‹...›:\n    yield a\n", "Iterator[int]"),
    ("def f(a) -> ‹...›: ...\n", "int"),
    ("def f(a) -> ‹...›:\n    raise ValueError\n", "int"),
    ("from __future__ import annotations\nclass A:\n    def f(self) -> ‹...›:\n        return A()\n", "A"),
    ("class A:\n    pass\nclass B:\n    def f(self) -> ‹...›:\n        return A()\n", "A"),
]


def fits(marked: str, hint: str) -> bool:
    start, end = marked.index("‹"), marked.index("›") - 1
    syntax = parse(by_id("python"), marked.replace("‹", "").replace("›", ""))
    return hint_fits(syntax, Span(start, end), hint)


@pytest.mark.reports
@pytest.mark.parametrize(("marked", "hint"), REFUSED)
def test_a_hint_that_does_not_hold_is_refused(marked: str, hint: str) -> None:
    assert not fits(marked, hint)


@pytest.mark.reports
@pytest.mark.parametrize(("marked", "hint"), ACCEPTED)
def test_a_hint_that_holds_is_taken(marked: str, hint: str) -> None:
    assert fits(marked, hint)
