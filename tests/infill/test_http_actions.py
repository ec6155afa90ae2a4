"""What the code actions ask of a model in a server, and what becomes of its answers."""

from __future__ import annotations

import pytest

from infill.filler import open_http_filler
from infill.languages import by_id
from infill.scaffold import TargetKind, applied
from infill.syntax import parse
from infill.targets import find_target
from infill.types import Filled, Span
from model.types import CancelToken
from tests.openai_server import Reply, serving

SOURCE = "def area(w, h):\n    return w * h\n\n\ndef add(a, b):\n    ...\n\n\ndef after():\n    return 1\n"
TYPED = "def area(w: float, h: float) -> float:"
DOCUMENTED = 'def area(w, h):\n    """Return the area."""\n    return w * h'
WRITTEN = "def add(a, b):\n    total = a + b\n    return total"


@pytest.mark.parametrize(
    ("kind", "place", "answer", "old"),
    [
        ("type_hints", "return w", TYPED, "def area(w, h):"),
        ("docstring", "return w", DOCUMENTED, "def area(w, h):\n    return w * h"),
        ("body", "...", WRITTEN, "def add(a, b):\n    ..."),
        ("rewrite", "return 1", "def after():\n    return 2", "def after():\n    return 1"),
    ],
)
def test_an_action(kind: TargetKind, place: str, answer: str, old: str) -> None:
    language = by_id("python")
    assert language is not None
    start = SOURCE.index(place)
    span = Span(start, start + len(place)) if kind == "rewrite" else Span(start, start)
    target = find_target(parse(language, SOURCE), kind, span)
    with serving() as server:
        server.answer = lambda _: Reply((f"```python\n{answer}\n```",) * 3)
        filled = open_http_filler(server.url).fill(target.request("python"), CancelToken())
    assert isinstance(filled, Filled), filled
    assert applied(SOURCE, target.changes(filled.completions[0])) == SOURCE.replace(old, answer)
