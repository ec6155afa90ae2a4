"""Words as Unicode has them: with marks on letters, joiners, and in scripts without spaces."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill.holes.find_hole import find_hole
from infill.retrieval.near_misses import near_misses
from infill.retrieval.renaming import exchanged, renaming
from infill.retrieval.similar_lines import continuations, word_before
from infill.retrieval.words import first_word, words_begun
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.syntax.word_chars import is_word_char, names_in, word_end, word_start, words
from infill.types import Hole, NoFill, Span

pytestmark = pytest.mark.reports

DECOMPOSED = unicodedata.normalize("NFD", "résumé")
HINDI, THAI, JAPANESE, PERSIAN, CATALAN = "नमस्ते", "น้ำหนัก", "重さを", "می\u200cخواهم", "col·lecció"
WORDS = [DECOMPOSED, HINDI, THAI, JAPANESE, PERSIAN, CATALAN, "e\u0301\u0323", "café", "x_1", "val\U000e0100"]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_whole(word: str) -> None:
    assert words(f"x = {word}(1)") == ["x", "=", word, "(", "1", ")"]
    assert word_before(f"x = {word}") == word == first_word(f"{word}.y")
    assert names_in(word).fullmatch(word)
    assert all(is_word_char(char) for char in word) and not is_word_char("") and not is_word_char(" ")


@pytest.mark.parametrize("word", WORDS)
def test_before_the_rest_of_a_word_nothing_is_said(word: str) -> None:
    python = by_id("python")
    assert python is not None
    for at in range(1, len(word)):
        found = find_hole(parse(python, f"x = {word}\n"), len("x = ") + at, "automatic")
        assert isinstance(found, NoFill) and found.reason == "word_to_the_right"
    assert isinstance(find_hole(parse(python, f"x = {word}\n"), len(f"x = {word}"), "automatic"), Hole)


@pytest.mark.parametrize("word", [word for word in WORDS if len(word) > 2])
def test_a_word_that_is_begun_is_finished_and_none_is_cut(word: str) -> None:
    text = f"x = {word}\nx = {word[:2]}"
    assert word[2:] in words_begun(text, Span(len(text), len(text)), [], [])
    (found, *_) = continuations(text, Span(len(text), len(text)), 4)
    assert found.text.startswith(word[2:])


def test_letters_before_a_mark_are_no_word() -> None:
    text = f"{DECOMPOSED} = 1\nx = re"
    assert words_begun(text, Span(len(text), len(text)), [], []).keys() == {"", DECOMPOSED[2:]}
    text = f"{DECOMPOSED} = 1\nre"
    found = continuations(text, Span(len(text), len(text)), 4)
    assert [c.text for c in found] == [f"{DECOMPOSED[2:]} = 1"]
    text = f"x.re{DECOMPOSED[2]} = 1\nx.re"
    assert all(c.n_words < 4 for c in continuations(text + " ", Span(len(text) + 1, len(text) + 1), 4))


def test_names_with_marks_are_exchanged_whole() -> None:
    pairs = exchanged(f"self.{HINDI} = 1", f"self.{DECOMPOSED} = 1", frozenset())
    assert pairs == [(HINDI, DECOMPOSED)]
    assert renaming(pairs)(f"print({HINDI}, {THAI})") == f"print({DECOMPOSED}, {THAI})"
    text = f"self.{HINDI} = {HINDI}\nself.{THAI} = "
    hole = Hole(Span(len(text), len(text)), "line_end", "", multiline=False)
    assert near_misses(text, hole, 4, frozenset())[0].text == THAI


@given(st.text(max_size=20))
def test_the_pattern_and_the_loop_agree(text: str) -> None:
    spans = [(m.start(), m.end()) for m in re.finditer(r"\w+", text)]
    for start, end in spans:
        assert word_start(text, end) <= start and word_end(text, start) >= end
    for word in words(text):
        assert len(word) == 1 or all(is_word_char(char) for char in word)
