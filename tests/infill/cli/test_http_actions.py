"""What the code actions ask of a model in a server, and what becomes of its answers."""

from __future__ import annotations

import pytest
from msgspec import structs

from infill.holes.find_target import find_target
from infill.holes.target import Target, TargetKind, applied
from infill.pipeline.filler import open_filler
from infill.pipeline.refine import STRENGTHS
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Filled, NoFill, Span
from model.types import CancelToken, ModelSpec
from tests.openai_server import Reply, serving

SOURCE = "def area(w, h):\n    return w * h\n\n\ndef add(a, b):\n    ...\n\n\ndef after():\n    return 1\n"
TYPED = "def area(w: float, h: float) -> float:"
DOCUMENTED = 'def area(w, h):\n    """Return the area."""\n    return w * h'
WRITTEN = "def add(a, b):\n    total = a + b\n    return total"


REPORT = "returns a product where a sum is wanted"


def fixing(place: str, answer: str, *reports: str) -> tuple[str | NoFill, list[str]]:
    """What becomes of the source when a diagnostic of this place is to be fixed, and what the server was asked."""
    language = by_id("python")
    assert language is not None
    start = SOURCE.index(place)
    target = find_target(parse(language, SOURCE), "fix", Span(0, SOURCE.index("\n\n")), Span(start, start + len(place)))
    assert isinstance(target, Target)
    request = structs.replace(target.request("python", STRENGTHS["high"]), fixes=True, diagnostics=reports)
    with serving() as server:
        server.answer = lambda _: Reply((f"```python\n{answer}\n```",) * 3)
        filled = open_filler(ModelSpec(engine="http", url=server.url)).fill(request, CancelToken())
    done = filled if isinstance(filled, NoFill) else applied(SOURCE, target.changes(filled.completions[0]))
    return done, server.prompts


@pytest.mark.parametrize(
    "answer",
    ["    return w + h", "return w + h", "def area(w, h):\n    return w + h", "    total = w + h\n    return total"],
)
def test_a_fix_is_a_rewrite_that_is_told_of_the_problem(answer: str) -> None:
    fixed, (prompt,) = fixing("w * h", answer, REPORT)
    lines = answer.removeprefix("def area(w, h):\n").strip()
    assert fixed == SOURCE.replace("return w * h", lines)
    assert REPORT in prompt and "    return w * h\n```" in prompt


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        ("w * h", "def area(w: int, h: int):\n    return w + h"),
        ("w * h", "    area = w + h\n    return area\n\ndef add(a, b, c):\n    ..."),
        ("...", "def add(a, b, c):\n    return a + b + c"),
    ],
)
def test_a_fix_that_changes_the_lines_around_is_refused(place: str, answer: str) -> None:
    refused, _ = fixing(place, answer, REPORT)
    assert isinstance(refused, NoFill) and "the lines around" in refused.detail


def test_a_fix_of_nothing_that_is_told_is_refused() -> None:
    refused, asked = fixing("w * h", "    return w + h")
    assert isinstance(refused, NoFill) and refused.reason == "nothing_better" and not asked


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
    assert isinstance(target, Target)
    with serving() as server:
        server.answer = lambda _: Reply((f"```python\n{answer}\n```",) * 3)
        filled = open_filler(ModelSpec(engine="http", url=server.url)).fill(target.request("python"), CancelToken())
    assert isinstance(filled, Filled), filled
    assert applied(SOURCE, target.changes(filled.completions[0])) == SOURCE.replace(old, answer)


def test_an_instruction_may_make_lines_much_longer() -> None:
    docstring = "\n".join(["Return the area.", "", *("    " + word * 90 for word in "whab")])
    written = f'def area(w, h):\n    """{docstring}\n    """\n    return w * h'
    language = by_id("python")
    assert language is not None
    target = find_target(parse(language, SOURCE), "rewrite", Span(0, SOURCE.index("\n\n")))
    assert isinstance(target, Target)
    request = structs.replace(target.request("python"), instruction="Describe it.")
    with serving() as server:
        server.answer = lambda _: Reply((f"```python\n{written}\n```",) * 3)
        filled = open_filler(ModelSpec(engine="http", url=server.url)).fill(request, CancelToken())
    assert isinstance(filled, Filled), filled
    assert applied(SOURCE, target.changes(filled.completions[0])).startswith(written)
