"""Code of the same shape elsewhere in the file, with its names exchanged."""

from __future__ import annotations

import time

import pytest

from infill.holes.find_hole import find_hole
from infill.retrieval.near_misses import LINE_END, MAX_NAMES, NearMiss, near_misses
from infill.retrieval.renaming import exchanged, renaming
from infill.syntax.language_table import keywords
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Hole

PYTHON = by_id("python")
assert PYTHON is not None
WORDS = keywords(PYTHON)


def missed(text: str, language: str = "python") -> list[NearMiss]:
    """Near misses at the mark."""
    row = by_id(language)
    assert row is not None
    at = text.index("‸")
    hole = find_hole(parse(row, text.replace("‸", "")), at, "manual")
    assert isinstance(hole, Hole)
    return near_misses(text.replace("‸", ""), hole, 4, keywords(row))


SHELF = """\
def __init__(self, width, height):
    self.width = check(width, "width")
    self.depth_px = self.depth * DEPTH
    return self.total(width=width)
"""


@pytest.mark.parametrize(
    "line,expected",
    [
        ("    self.height = ‸", 'check(height, "height")'),
        ("    self.height =‸", ' check(height, "height")'),
        ("    self.height = che‸", 'ck(height, "height")'),  # the word goes on
        ("    self.height = check(he‸", 'ight, "height")'),
        ("    self.height = ‸)", 'check(height, "height"'),  # what stands to the right is not said again
        ("    self.height = check(‸", 'height, "height")'),
        ("    self.max_height_px = ‸", "self.max_height * MAX_HEIGHT"),  # part for part
        ("    return self.sum(width=‸", "width)"),
        ("    return box.total(‸", "width=width)"),
        ("    yield self.total(‸", None),  # a keyword is no name
        ("    self.width[0] = ‸", None),  # another shape
        ("    ‸", None),
        ("    7 = ‸", None),  # no name to go by
    ],
)
def test_the_end_of_a_line(line: str, expected: str | None) -> None:
    said = [miss.text for miss in missed(f"{SHELF}{line}\n")]
    assert expected in said if expected else not said


def test_the_lines_around_bring_names_and_probability() -> None:
    text = """\
if first is None:
    other = default(first)
done(first)
if last is None:
    other = ‸
done(last)
    more = blank()
"""
    near, far = missed(text)
    assert near == NearMiss("default(last)", n_neighbours=2, n_names=1, count=1, total=1)
    assert far == NearMiss("blank()", n_neighbours=0, n_names=0, count=1, total=2)
    assert near.probability > 0.5 > 0.2 > far.probability


def test_what_more_lines_say_is_more_probable() -> None:
    often, seldom = missed("a.x = one\npass\nb.y = one\npass\ne.f = one\npass\nc.z = two\npass\nd.w = ‸\n")
    assert (often.text, often.count, seldom.text, seldom.count) == ("one", 2, "two", 1)
    assert often.probability > seldom.probability
    named = [NearMiss("x", 0, n, 1, 1).probability for n in range(MAX_NAMES + 2)]
    assert named == sorted(named) and named[-1] == named[-2]  # but more names than that say no more
    assert NearMiss("x", 0, 0, 1, 1, LINE_END).probability < 0.25  # by itself it shows nothing


BODIES = '''\
class Box:
    def get_width(self):
        """The width."""
        if self._width is None:
            raise Missing("width")
        return self._width

    def get_height(self):
        """The height."""
        ‸

    def other(self):
        pass
'''


def test_the_body_of_a_function_like_another_one() -> None:
    body = 'if self._height is None:\n            raise Missing("height")\n        return self._height'
    for text in (BODIES, BODIES.replace("    def other(self):\n        pass\n", "")):
        assert body in [miss.text for miss in missed(text)]


def test_a_docstring_of_the_same_shape_makes_a_body_more_probable() -> None:
    def probability(text: str) -> float:
        return next(miss.probability for miss in missed(text) if "Missing" in miss.text)

    assert probability(BODIES) > probability(BODIES.replace("The height.", "Something else entirely."))


def test_a_body_that_has_begun_is_offered_statements_only() -> None:
    begun = BODIES.replace('"""The height."""', "check(self)")
    assert not any("Missing" in miss.text for miss in missed(begun))


def test_the_block_that_the_hole_is_in_is_no_near_miss_of_it() -> None:
    said = missed("def a(x):\n    if x:\n        y(x)\n    def b(z):\n        ‸\n")
    assert [miss.text for miss in said] == ["if z:\n            y(z)"]  # the statement, and not all of `a`


def test_the_next_statement_after_one_like_the_line_above() -> None:
    text = """\
def f(parser):
    parser.add("width", int)
    if parser.width:
        use(parser.width)
    parser.add("height", int)
    ‸
"""
    said = [miss.text for miss in missed(text)]
    assert "if parser.height:\n        use(parser.height)" in said


def test_a_body_moves_to_where_the_hole_is() -> None:
    text = """\
def width_of(box):
    if box.width < 0:
        raise ValueError
    return box.width

class Tools:
    def height_of(crate):
        ‸
"""
    moved = "if crate.height < 0:\n            raise ValueError\n        return crate.height"
    assert moved in [miss.text for miss in missed(text)]


def test_a_block_in_braces() -> None:
    text = """\
function area(box) {
  const { width } = box;
  return width;
}

function size(crate) {
  ‸
}
"""
    assert "const { width } = crate;\n  return width;" in [miss.text for miss in missed(text, "javascript")]


def test_line_breaks_of_windows_are_like_any_other() -> None:
    assert missed(BODIES.replace("\n", "\r\n")) == missed(BODIES)
    assert missed("a.x = one\r\nb.y = ‸\r\n")[0].text == "one"


def test_a_long_line_of_words_is_not_tried_in_every_division() -> None:
    words = " ".join(["word"] * 60)
    started = time.process_time()
    missed(f'"""\n{words} {"x" * 200}!\n{words}\n{words} ‸\n"""\n')
    assert time.process_time() - started < 5  # tried in every division it takes longer than anybody waits


@pytest.mark.parametrize(
    "there,here,pairs",
    [
        ("a = b(c)", "a = d(c)", [("b", "d")]),
        ("return a", "yield a", None),
        ("a + 1", "a + 2", None),
        ("a", "a.b", None),
        ("", "", None),
        ("x = y", "x = y", []),
    ],
)
def test_names_exchanged(there: str, here: str, pairs: list[tuple[str, str]] | None) -> None:
    assert exchanged(there, here, WORDS) == pairs


@pytest.mark.parametrize(
    "old,new,before,after",
    [
        ("width", "height", "width, max_width, widthless", "height, max_height, widthless"),
        ("width", "height", "maxWidth, MAX_WIDTH", "maxHeight, MAX_HEIGHT"),
        ("get_width", "get_height", "self._width", "self._height"),
        ("readInt", "readFloat", "int_of(parseInt)", "float_of(parseFloat)"),
        ("i", "j", "i + in_i", "j + in_i"),  # a letter is no part
        ("a", "a", "a", "a"),
        ("größe", "höhe", "größe, max_größe", "höhe, max_höhe"),
    ],
)
def test_names_and_their_parts_are_renamed(old: str, new: str, before: str, after: str) -> None:
    assert renaming([(old, new)])(before) == after
