"""The editor model: what it shows, asks, cancels and counts, without a server."""

from __future__ import annotations

import pytest

from tests.bench.replay.counts import Counts, figures
from tests.bench.replay.editor import Editor, Item
from tests.bench.replay.recording import Edit


def typed(editor: Editor, text: str, now_ms: float = 0.0) -> list[int]:
    return editor.edit(Edit(editor.cursor, editor.cursor, text), now_ms)


def opened(text: str = "") -> tuple[Editor, Counts]:
    counts = Counts()
    editor = Editor(text, counts)
    editor.move(len(text))
    return editor, counts


def showing(text: str, ghost: str) -> tuple[Editor, Counts]:
    """An editor with `text` typed and `ghost` on show behind it."""
    editor, counts = opened()
    typed(editor, text)
    asked = editor.ask(50.0)
    editor.answered(asked.number, [Item(len(text), len(text), ghost)], 80.0)
    assert editor.shown is not None and editor.shown.rest(editor.cursor) == ghost
    return editor, counts


def test_it_asks_after_the_wait_and_once_for_several_keys() -> None:
    editor, counts = opened()
    typed(editor, "a", 0.0)
    typed(editor, "b", 30.0)
    assert editor.due_ms == 80.0
    asked = editor.ask(80.0)
    assert (asked.text, asked.version, asked.cursor, editor.due_ms) == ("ab", 3, 2, None)
    assert (counts.keys, counts.requests) == (2, 1)


def test_the_next_key_cancels_the_open_question_once() -> None:
    editor, _ = opened()
    typed(editor, "a")
    number = editor.ask(50.0).number
    assert typed(editor, "b") == [number]
    assert typed(editor, "c") == []


def test_latency_counts_from_the_key() -> None:
    _, counts = showing("x = ", "1")
    assert (counts.ghost_ms, counts.answer_ms, counts.shown) == ([80.0], [30.0], 1)


def test_typing_into_ghost_text_shrinks_it_and_typing_away_hides_it() -> None:
    editor, counts = showing("x = ", "value")
    typed(editor, "va")
    assert editor.shown is not None and editor.shown.rest(editor.cursor) == "lue"
    editor.edit(Edit(5, 6, ""), 90.0)
    assert editor.shown is not None and editor.shown.rest(editor.cursor) == "alue"
    typed(editor, "!")
    assert editor.shown is None
    assert (counts.typed_into, counts.departed) == (1, 1)


def test_ghost_text_that_is_typed_out_is_gone() -> None:
    editor, _ = showing("x = ", "ab")
    typed(editor, "ab")
    assert editor.shown is None


def test_an_edit_elsewhere_hides_it() -> None:
    editor, _ = showing("x = ", "ab")
    editor.edit(Edit(0, 1, "long"), 90.0)
    assert editor.shown is None


@pytest.mark.parametrize(
    ("answer", "flickers", "vanished"),
    [("value", 0, 0), ("value + 1", 0, 0), ("velvet", 1, 0), ("val", 1, 0), (None, 0, 1)],
)
def test_flicker_is_a_replacement_that_does_not_go_on_from_what_is_shown(
    answer: str | None, flickers: int, vanished: int
) -> None:
    editor, counts = showing("x = ", "value")
    typed(editor, "v", 100.0)
    asked = editor.ask(150.0)
    items = [] if answer is None else [Item(4, 5, answer)]
    editor.answered(asked.number, items, 160.0)
    assert (counts.flickers, counts.vanished, counts.shown) == (flickers, vanished, 1)


def test_the_same_without_what_stands_behind_is_no_flicker() -> None:
    editor, counts = showing("x = ", "(a)")
    editor.edit(Edit(4, 4, "()"), 100.0, cursor=5)
    assert editor.shown == Item(4, 6, "(a)")
    asked = editor.ask(150.0)
    editor.answered(asked.number, [Item(5, 5, "a")], 160.0)
    assert (counts.flickers, counts.shown) == (0, 1)


def test_an_answer_for_an_old_version_is_stale_unless_it_crossed() -> None:
    for crossed in (False, True):
        editor, counts = opened()
        typed(editor, "a")
        asked = editor.ask(50.0)
        typed(editor, "b")
        editor.answered(asked.number, [Item(1, 1, "x")], 90.0, crossed)
        assert editor.shown is None
        assert (counts.stale, counts.crossed) == (not crossed, crossed)


def test_empty_answers_and_errors_for_old_versions_are_not_stale() -> None:
    editor, counts = opened()
    typed(editor, "a")
    first = editor.ask(50.0)
    typed(editor, "b")
    second = editor.ask(99.0)
    typed(editor, "c")
    editor.answered(first.number, [], 100.0)
    editor.answered(second.number, None, 101.0)
    assert (counts.stale, counts.answered, counts.refused, editor.open) == (0, 2, 1, {})


@pytest.mark.parametrize(
    ("item", "fits"),
    [
        (Item(4, 4, "abc"), True),
        (Item(0, 4, "x = abc"), True),
        (Item(0, 4, "y = abc"), False),  # says something else before the cursor
        (Item(4, 6, "f(a)ab"), True),  # keeps what is behind
        (Item(4, 6, "f(a)"), False),
        (Item(4, 6, "ab"), False),  # adds nothing
        (Item(4, 7, "abc\n"), False),  # a range over a line's end
        (Item(5, 5, "abc"), False),  # behind the cursor
        (Item(4, 99, "abc"), False),
        (Item(-1, -1, ""), False),
    ],
)
def test_an_item_must_fit_the_text_it_was_asked_for(item: Item, fits: bool) -> None:
    editor, counts = opened("x = ab\n")
    editor.move(4)
    asked = editor.ask(0.0)
    editor.answered(asked.number, [item], 1.0)
    assert (editor.shown is not None, counts.misfits) == (fits, not fits)


def test_moving_the_cursor_hides_and_asks_nothing() -> None:
    editor, _ = showing("x = ", "ab")
    editor.move(0)
    assert editor.shown is None and editor.due_ms is None


def test_accepting_the_whole_and_a_word() -> None:
    editor, counts = showing("x = ", "first + second")
    word = editor.taking("word")
    assert word is not None and word == Edit(4, 4, "first")
    editor.accept(word, "word", 100.0)
    assert editor.shown is not None and editor.shown.rest(editor.cursor) == " + second"
    whole = editor.taking("whole")
    assert whole is not None
    editor.accept(whole, "whole", 200.0)
    assert (editor.text, editor.cursor, editor.shown) == ("x = first + second", 18, None)
    assert (counts.accepted_words, counts.accepted_whole, counts.keys) == (1, 1, 1)
    assert editor.taking("whole") is None


def test_accepting_a_word_leaves_the_bracket_behind_the_cursor() -> None:
    editor, _ = opened("f()")
    editor.move(2)
    asked = editor.ask(0.0)
    editor.answered(asked.number, [Item(2, 3, "a)")], 1.0)
    assert editor.taking("word") == Edit(2, 2, "a")


def test_an_undo_asks_only_while_something_is_shown() -> None:
    editor, _ = opened("ab")
    editor.edit(Edit(1, 2, ""), 10.0, cause="undo")
    assert editor.due_ms is None


def test_figures_say_what_is_not_known() -> None:
    rows = {name: (measured, reached) for name, measured, _, reached in figures(Counts(keys=9))}
    assert rows["model calls"] == ("not told by `dgLsp/status`", None)
    rows = {name: (measured, reached) for name, measured, _, reached in figures(Counts(keys=9, model_calls=4))}
    assert rows["model calls"] == ("4 = 0.44 a key", False)
