"""Which places of a text a job is about, and that what is open on purpose is none."""

from __future__ import annotations

import pytest

from infill.holes.target import SelectionTarget
from infill.jobs.found import Found
from infill.jobs.job import Freeze, Instruct, JobSpec, Select
from infill.jobs.queries import QueryDoesNotFit
from infill.jobs.select import select
from infill.syntax.languages import for_path
from infill.syntax.tree import parse
from infill.types import Completion, InputError, Span

PYTHON = '''\
import abc


def area(width, height):
    # FILL: the product
    pass


def mean(values):
    """Return the mean."""
    return ...


def old(x: int) -> int:
    return legacy.sum(x) + 1


class Shape(abc.ABC):
    @abc.abstractmethod
    def name(self):
        ...

    def later(self):
        raise NotImplementedError


def quiet():
    try:
        old(1)
    except ValueError:
        pass
'''


def found(text: str, path: str = "a.py", **told: object) -> list[Found]:
    language = for_path(path)
    assert language is not None
    selector = str(told.pop("selector"))
    spec = JobSpec(select=Select(selector=selector), **told)  # pyright: ignore[reportArgumentType]
    return select(parse(language, text), path, spec)


def lines(text: str, path: str = "a.py", **told: object) -> list[str]:
    return [text[each.about.start : each.about.end].strip().split("\n")[0] for each in found(text, path, **told)]


def test_bodies_that_are_not_written_yet_are_places_and_abstract_ones_are_none() -> None:
    assert lines(PYTHON, selector="todo-bodies") == ["..."]


def test_a_marker_takes_its_comment_and_what_is_not_written_yet() -> None:
    assert lines(PYTHON, selector="marker:FILL") == ["# FILL: the product", "..."]


def test_a_stub_file_has_no_holes() -> None:
    assert lines("def f(a): ...\n", "a.pyi", selector="todo-bodies") == []
    assert lines("def f(a): ...\n", "a.pyi", selector="marker:FILL") == []


def test_functions_without_docstring() -> None:
    assert lines(PYTHON, selector="no-docstring", action="rewrite") == [
        "def area(width, height):",
        "def old(x: int) -> int:",
        "@abc.abstractmethod",
        "def later(self):",
        "def quiet():",
    ]


def test_functions_without_type_hints_are_filled_and_told_ones_are_rewritten_whole() -> None:
    (plain, *_) = found(PYTHON, selector="no-type-hints", action="rewrite")
    assert plain.target.inserted and plain.target.text != PYTHON
    (told, *_) = found(PYTHON, selector="no-type-hints", action="rewrite", instruct=Instruct(text="add hints"))
    assert isinstance(told.target, SelectionTarget) and told.target.text == PYTHON
    assert PYTHON[told.target.selection.start : told.target.selection.end].startswith("def area")


@pytest.mark.parametrize(
    ("name", "first"), [("legacy.sum", "return legacy.sum(x) + 1"), ("sum", "return legacy.sum(x) + 1")]
)
def test_calls_of_a_name_are_statements(name: str, first: str) -> None:
    assert lines(PYTHON, selector=f"calls:{name}", action="rewrite") == [first]


def test_a_call_in_a_statement_with_a_block_is_its_first_line() -> None:
    text = "def f():\n    if old(1):  # why\n        return 2\n"
    (place,) = found(text, selector="calls:old", action="rewrite")
    assert text[place.about.start : place.about.end] == "if old(1):  # why"


@pytest.mark.parametrize(
    ("path", "text", "name", "place"),
    [
        ("a.ts", "function f() { old.go(1); return 2 }\n", "go", "old.go(1);"),
        ("a.go", "func f() {\n\told.Go(1)\n}\n", "old.Go", "old.Go(1)"),
        ("a.rs", "fn f() { old::go(1); 2 }\n", "go", "old::go(1);"),
        ("A.java", "class A { int f() { return Old.go(1); } }\n", "Old.go", "return Old.go(1);"),
        ("a.c", "int f(void) { go(1); return 2; }\n", "go", "go(1);"),
        ("a.ts", "class A {\n  a = old();\n  b = 2;\n}\n", "old", "a = old()"),
    ],
)
def test_calls_in_other_languages(path: str, text: str, name: str, place: str) -> None:
    assert [
        text[e.about.start : e.about.end] for e in found(text, path, selector=f"calls:{name}", action="rewrite")
    ] == [place]


def test_a_query_selects_what_it_captures_as_hole() -> None:
    query = '(function_definition name: (identifier) @name (#eq? @name "old") body: (block) @hole)'
    assert lines(PYTHON, selector=query, action="rewrite") == ["return legacy.sum(x) + 1"]
    assert lines(PYTHON, selector="(class_definition) @all", action="rewrite") == ["class Shape(abc.ABC):"]


def test_of_nested_places_the_outer_one_is_taken() -> None:
    text = "def f():\n    def g():\n        return 1\n    return g\n"
    assert lines(text, selector="(function_definition) @f", action="rewrite") == ["def f():"]


def test_a_query_that_does_not_fit_is_named() -> None:
    with pytest.raises(QueryDoesNotFit, match="python: Invalid node type"):
        found(PYTHON, selector="(no_such_node) @x", action="rewrite")
    with pytest.raises(InputError, match="captures nothing; put @hole"):
        found(PYTHON, selector="(block)", action="rewrite")


def test_frozen_parts_are_in_the_request() -> None:
    freeze = Freeze(parts=("signatures", "strings"))
    place = next(
        each
        for each in found(PYTHON, selector="todo-bodies", action="rewrite", freeze=freeze)
        if "def mean" in PYTHON[each.about.start : each.about.end]
    )
    assert place.frozen == ("def mean(values):", '"""Return the mean."""')
    assert isinstance(place.target, SelectionTarget)
    assert [PYTHON[span.start : span.end] for span in place.target.frozen] == list(place.frozen)


def test_an_answer_that_changes_what_is_frozen_is_refused() -> None:
    place = found(PYTHON, selector="todo-bodies", action="rewrite", freeze=Freeze(parts=("signatures",)))[0]
    span = place.target.replaced

    def answer(text: str) -> Completion:
        return Completion(span, text, 1.0, (), (), 0, "converged", "left_to_right")

    assert place.changes(answer("def mean(values):\n    return sum(values)"))
    with pytest.raises(ValueError, match=r"changes what is frozen: def mean\(values\):"):
        place.changes(answer("def mean(v):\n    return sum(v)"))


@pytest.mark.parametrize(
    ("path", "text", "asked", "after"),
    [
        # On a line of its own, with the placeholder below it; what it says stays above the place.
        (
            "a.py",
            "def f(a):\n    # FILL: twice a\n    pass\n",
            "def f(a):\n    # twice a\n    ^\n",
            "def f(a):\n    NEW\n",
        ),
        (
            "a.py",
            "def f(a):\n    # FILL\n    return 1\n",
            "def f(a):\n    ^\n    return 1\n",
            "def f(a):\n    NEW\n    return 1\n",
        ),
        ("a.py", "# FILL: one\n# and two\nx = 1\n", "# one\n# and two\n^\nx = 1\n", "NEW\nx = 1\n"),
        ("a.py", "x = 1\r\n# FILL: b\r\n", "x = 1\r\n# b\r\n^\r\n", "x = 1\r\nNEW\r\n"),
        # Behind code: the rest of its line.
        (
            "a.py",
            "def f(a):\n    x =  # FILL: twice a\n",
            "def f(a):\n    # twice a\n    x = ^\n",
            "def f(a):\n    x = NEW\n",
        ),
        ("a.py", "x = f(  # FILL\n)\n", "x = f(^\n)\n", "x = f(NEW\n)\n"),
        (
            "a.ts",
            "function f() {\n  // FILL: one\n}\n",
            "function f() {\n  // one\n  ^\n}\n",
            "function f() {\n  NEW\n}\n",
        ),
        ("a.css", "a {\n  /* FILL: red */\n}\n", "a {\n  /* red */\n  ^\n}\n", "a {\n  NEW\n}\n"),
    ],
)
def test_what_a_marker_asks_and_where_the_answer_goes(path: str, text: str, asked: str, after: str) -> None:
    (place,) = found(text, path, selector="marker:FILL")
    offset = asked.index("^")
    assert (place.target.text, place.target.request("x").offset) == (asked.replace("^", ""), offset)  # pyright: ignore
    completion = Completion(Span(offset, offset), "NEW", 1.0, (), (), 0, "converged", "left_to_right")
    (change,) = place.changes(completion)
    assert text[: change.span.start] + change.text + text[change.span.end :] == after


@pytest.mark.parametrize("comment", ["# REFILL: x", "# FILLED", "# fill: x", "# pre-FILL x"])
def test_another_word_is_no_marker(comment: str) -> None:
    assert found(f"x = 1\n{comment}\n", selector="marker:FILL") == []


def test_a_marker_in_a_string_is_none() -> None:
    assert found('x = "# FILL"\n', selector="marker:FILL") == []
