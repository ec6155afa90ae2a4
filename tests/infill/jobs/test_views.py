"""What the model sees of a file while it fills one place: nothing that is not written yet elsewhere."""

from __future__ import annotations

import pytest

from infill.jobs.found import Found
from infill.jobs.views import Views
from infill.syntax.languages import for_path
from infill.syntax.tree import parse
from infill.types import Completion, FillRequest, Span
from tests.infill.jobs.test_select import found

TWO = '''\
def one(a):
    """Return one."""
    # FILL
    ...


def two(a):
    ...


def three(a):
    """Return three."""
    x = 3
    # FILL: it
    return x
'''


def ways(text: str, path: str, at: int, selector: str = "marker:FILL") -> list[Found]:
    language = for_path(path)
    assert language is not None
    return Views(parse(language, text), found(text, path, selector=selector)).of(at)


def views(text: str, path: str, at: int, selector: str = "marker:FILL") -> list[str]:
    """The texts that are asked for one place, with a mark where the model writes."""
    shown: list[str] = []
    for view in ways(text, path, at, selector):
        request = view.target.request("x")
        assert isinstance(request, FillRequest)
        shown.append(request.text[: request.offset] + "^" + request.text[request.offset :])
    return shown


def test_other_bodies_lose_their_placeholders_then_go_as_a_whole_then_are_there() -> None:
    first, second, third = views(TWO, "a.py", 2)
    head, docs = (
        '    """Return one."""\n',
        'def three(a):\n    """Return three."""\n    x = 3\n    # it\n    ^\n    return x\n',
    )
    assert first == f"def one(a):\n{head}\n\n\n\n{docs}"
    assert second == f"\n\n\n\n{docs}"
    assert third == TWO.replace("    # FILL: it\n", "    # it\n    ^\n")


def test_a_body_without_a_marker_is_asked_in_the_same_way() -> None:
    first, second, third = views(TWO, "a.py", 1)
    assert first.startswith('def one(a):\n    """Return one."""\n\n\ndef two(a):\n    ^...\n') and "FILL" not in first
    assert second.lstrip() == "def two(a):\n    ^...\n\n\n"
    assert third == TWO.replace("    ...\n\n\ndef three", "    ^...\n\n\ndef three")


def test_in_braces_an_empty_body_stays() -> None:
    text = "function a() {\n  // TODO\n}\n\nfunction b() {\n  // TODO\n}\n"
    assert views(text, "a.ts", 1, "todo-bodies")[0] == "function a() {\n}\n\nfunction b() {\n  ^// TODO\n}\n"


def test_the_only_method_of_a_class_is_not_hidden_as_a_whole() -> None:
    text = "class A:\n    def one(self):\n        ...\n\n\ndef two(a):\n    ...\n"
    first, *_ = views(text, "a.py", 1, "todo-bodies")
    assert "class A:\n    def one(self):\n        ...\n" in first


@pytest.mark.parametrize("at", range(3))
def test_an_answer_to_each_view_changes_the_same_place(at: int) -> None:
    texts: set[str] = set()
    for view in ways(TWO, "a.py", at):
        request = view.target.request("x")
        assert isinstance(request, FillRequest)
        end = request.offset + (3 if at == 1 else 0)  # there, the placeholder is what is replaced
        answer = Completion(Span(request.offset, end), "NEW", 1.0, (), (), 0, "converged", "left_to_right")
        (change,) = view.changes(answer)
        texts.add(TWO[: change.span.start] + change.text + TWO[change.span.end :])
    assert texts == {
        (
            TWO.replace("    # FILL\n    ...\n", "    NEW\n"),
            TWO.replace("def two(a):\n    ...\n", "def two(a):\n    NEW\n"),
            TWO.replace("    # FILL: it\n", "    NEW\n"),
        )[at]
    }
