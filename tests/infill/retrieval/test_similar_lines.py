"""Continuations of the same words elsewhere in the file."""

from __future__ import annotations

import pytest

from infill.retrieval.similar_lines import MAX_WORDS, WEIGHT, Continuation, continuations, probabilities, word_before
from infill.types import Span

SHELF = """\
self.boxes = dict(boxes)
self.names = list(names)
return self.total(names)
return self.total(names)
return self.path
"""


@pytest.mark.parametrize(
    "line,expected",
    [
        ("return self.‸", ["total(names)", "path", "boxes = dict(boxes)", "names = list(names)"]),
        ("return self.total(‸", ["names)"]),
        ("return self.total(‸)", ["names"]),
        ("x = list(‸)", ["names"]),
        ("return‸", [" self.total(names)", " self.path"]),  # the blank is part of what is missing
        ("return ‸", ["self.total(names)", "self.path"]),
        ("unheard = of‸", []),
        ("‸", []),
        ("return sel‸", ["f.total(names)", "f.path"]),
        ("return self‸", [".total(names)", ".path", ".boxes = dict(boxes)", ".names = list(names)"]),  # whole
        ("return self.‸p", []),
        ("return set‸", []),
        ("names = li‸)", ["st(names"]),
        ("    ret‸", ["urn self.total(names)", "urn self.path"]),
        ("retu‸)", ["rn self.total(names"]),
        ("print(self.‸)", ["total(names", "boxes = dict(boxes", "names = list(names"]),
    ],
)
def test_continuations(line: str, expected: list[str]) -> None:
    text = SHELF + line + "\n" + "z = 1\n"
    at = text.index("‸")
    assert [c.text for c in continuations(text.replace("‸", ""), Span(at, at), 4)] == expected


def test_the_holes_own_line_says_nothing() -> None:
    text = "a = first\na = second\n"
    assert continuations(text, Span(4, 9), 4) == [Continuation("second", 2, 1, 1)]


def test_as_many_as_asked_for() -> None:
    text = "".join(f"x = value{i}\n" for i in range(20)) + "x = \n"
    assert len(continuations(text, Span(len(text) - 1, len(text) - 1), 3)) == 3


def test_other_texts_are_looked_through_instead_when_there_are_any() -> None:
    other = "return box.find(name)\nif x: return box.find(name)\nreturn box.find_all()\nreturn boxes.find(key)\n"
    text = "return box.find(own)\nreturn box.\n"
    at = len(text) - 1
    assert continuations(text, Span(at, at), 4, [other]) == [
        Continuation("find(name)", 3, 2, 3),
        Continuation("find_all()", 3, 1, 3),
    ]
    assert [c.text for c in continuations(text, Span(at, at), 4)] == ["find(own)"]


def test_words_are_whole_and_a_line_counts_once() -> None:
    text = "a = 1\r\n\r\naa = 2\r\nx.a = 3; a = 4\r\na\u2028= 5\r\na =\r\n7\r\n"
    line = "a ="
    found = continuations(text + line, Span(len(text + line), len(text + line)), 9)
    assert [(c.text, c.count) for c in found if c.n_words == 2] == [(" 1", 1), (" 3; a = 4", 1), (" 5", 1)]


def test_evidence_grows_with_words_and_with_agreement() -> None:
    once, always = Continuation("a", 1, 1, 1), Continuation("a", MAX_WORDS, 99, 99)
    assert 0 < once.probability < always.probability < WEIGHT
    both = probabilities([once, always, Continuation("b", 2, 1, 4)])
    assert list(both) == ["a", "b"] and always.probability < both["a"] < 1
    assert probabilities([]) == {}


@pytest.mark.parametrize(
    "text,expected", [("", ""), ("x = na", "na"), ("na\n", ""), ("über_1", "über_1"), ("a.b", "b")]
)
def test_the_word_before(text: str, expected: str) -> None:
    assert word_before(text) == expected


def test_a_long_line_of_data_takes_no_time() -> None:
    """Tried from each of its letters it would take hours."""
    assert word_before('DATA = "' + "a" * 1_000_000 + '"') == ""
