"""What the code base says in the place of a hole among others, without a model."""

from __future__ import annotations

import pytest

from infill.candidates.segment_texts import retrieved_texts
from infill.prompt.segments import Segment
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span

PYTHON = by_id("python")


def said(text: str, hole: int = 0, texts: tuple[str, ...] = ()) -> dict[str, float]:
    """What is said in the place of one `...` of the text."""
    assert PYTHON is not None
    starts = [i for i in range(len(text)) if text.startswith("...", i)]
    segments = [Segment(Span(at, at + 3), (1,), (1, 2), is_empty=True) for at in starts]
    return retrieved_texts(parse(PYTHON, text), segments, segments[hole], texts)


def test_a_line_of_the_same_shape_in_other_names() -> None:
    assert list(said("self.width = width\nself.height = ...\n")) == ["height"]


@pytest.mark.parametrize("hole", [0, 1])
def test_the_other_holes_say_nothing(hole: int) -> None:
    both = "self.width = width\nself.height = ...\nself.depth = ...\n"
    name = ("height", "depth")[hole]
    alone = said(f"self.width = width\nself.{name} = ...\n")
    assert said(both, hole) == {name: pytest.approx(alone[name])}


def test_what_stands_behind_the_hole_is_not_said_again() -> None:
    assert said("f(a, b)\nf(a, ...)\n") == {"b": pytest.approx(said("f(a, b)\nf(a, ...)\n")["b"])}


def test_a_body_comes_at_the_indentation_of_the_hole() -> None:
    text = "def a(x):\n    y = x\n    return y\n\nclass C:\n    def b(z):\n        ...\n"
    assert "y = z\n        return y" in said(text)


def test_other_files_count_and_what_is_no_type_does_not_where_a_type_is_wanted() -> None:
    other = "def g(size: int):\n    pass\ndef i(size: 3 + nothing):\n    pass\n"
    assert "int" in said("def f(size: ...):\n    return size\n", texts=(other,))
    assert "3 + nothing" not in said("def f(size: ...):\n    return size\n", texts=(other,))


def test_what_is_not_empty_is_asked_of_nobody() -> None:
    assert PYTHON is not None
    segment = Segment(Span(7, 8), (1,), (1,))
    assert retrieved_texts(parse(PYTHON, "b = 1\na = 2\n"), [segment], segment, ()) == {}
