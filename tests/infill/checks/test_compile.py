"""The excerpt gives the verdict that the whole file would give, on this project's own files."""

from __future__ import annotations

import ast
import random
import re
import warnings
from pathlib import Path

import pytest

from infill.checks.compile import Excerpt
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span

ROOT = Path(__file__).parents[3]
FILES = sorted(p for name in ("infill", "dg_lsp", "model") for p in (ROOT / name).rglob("*.py") if p.stat().st_size)
REPLACEMENTS = ("x", "pass", "x = 1", "(", ")", "def f():", "x:", '"""', "return x", "f(x", "else:", "\n    y = 2", "")


def whole_compiles(text: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_same_verdict_as_the_whole_file(path: Path) -> None:
    text, rng = path.read_text(), random.Random(path.name)
    python = by_id("python")
    assert python is not None
    edges = [m.start() for m in re.finditer(r"\b(?=\w)|$", text, re.M)]
    for start in rng.sample(edges, min(4, len(edges))):
        line_end = text.find("\n", start) if "\n" in text[start:] else len(text)
        holed = text[:start] + text[line_end:]
        excerpt = Excerpt(parse(python, holed), Span(start, start))
        for replacement in (*REPLACEMENTS, text[start:line_end]):
            ok, where = excerpt.compiles(replacement)
            assert ok == whole_compiles(holed[:start] + replacement + holed[start:]), (start, replacement)
            assert ok or (where is not None and 0 <= where <= len(holed) + len(replacement))


def test_a_method_is_read_without_the_rest_of_its_class() -> None:
    methods = "".join(f"    def m{i}(self):\n        return {i}\n\n" for i in range(500))
    text = f"import os\n\n\n@dataclass\nclass A(B):\n{methods}"
    at = text.index("return 250") + len("return ")
    python = by_id("python")
    assert python is not None
    excerpt = Excerpt(parse(python, text[:at] + text[at + 3 :]), Span(at, at))
    assert len(excerpt._head) + excerpt._span.end - excerpt._span.start < 200
    assert excerpt.compiles("250") == (True, None)
    assert excerpt.compiles("250)")[0] is False


def test_broken_code_elsewhere_does_not_blind_it() -> None:
    python = by_id("python")
    assert python is not None
    text = "def f(:\n    pass\n\n\ndef a():\n    return 1\n\n\ndef g():\n    x = \n\n\ndef b():\n    return 2\n"
    at = text.index("x = ") + 4
    excerpt = Excerpt(parse(python, text), Span(at, at))
    assert excerpt.compiles("1")[0] is True
    assert excerpt.compiles("1)")[0] is False
