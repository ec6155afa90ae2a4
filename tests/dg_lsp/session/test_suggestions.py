"""Which suggestions still fit a text, decided without the model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dg_lsp.session.suggestions import SuggestionCache
from infill.types import Dismissed, Span
from tests.dg_lsp.server_fakes import completion

URI = "file:///a.py"
BEFORE, AFTER = "def area(w, h):\n    return ", "\n\nx = 1\n"
AT = len(BEFORE)


def made(*texts: str, replaced: str = "") -> SuggestionCache:
    suggestions = SuggestionCache()
    span = Span(AT, AT + len(replaced))
    suggestions.remember(URI, BEFORE + replaced + AFTER, AT, tuple(completion(span, text) for text in texts))
    return suggestions


def found(
    suggestions: SuggestionCache, typed: str, ahead: str = "", before: str = BEFORE, after: str = AFTER
) -> list[str]:
    text, offset = before + typed + ahead + after, len(before) + len(typed)
    fitting = suggestions.find(URI, text, offset)
    assert all(c.span == Span(len(before), offset + len(ahead)) for c in fitting)
    return [c.text for c in fitting]


@given(st.text(min_size=1, max_size=20), st.data())
def test_a_suggestion_fits_while_its_beginning_is_typed(text: str, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, len(text) - 1))
    suggestions = made(text)
    assert found(suggestions, text[:n]) == [text]
    assert found(suggestions, "") == [text], "backspaced to where it was made"
    assert found(suggestions, text) == [], "typed to its end"


def test_what_is_typed_decides_among_several() -> None:
    suggestions = made("w * h", "w + h", "h")
    assert found(suggestions, "w ") == ["w * h", "w + h"]
    assert found(suggestions, "w +") == ["w + h"]
    assert found(suggestions, "q") == []


@pytest.mark.parametrize("changed", ["before", "after"])
def test_another_text_around_it_ends_a_suggestion(changed: str) -> None:
    suggestions = made("w * h")
    assert found(suggestions, "w", **{changed: (BEFORE if changed == "before" else AFTER) + "#"}) == []


def test_the_cursor_elsewhere_ends_a_suggestion() -> None:
    assert made("w * h").find(URI, BEFORE + AFTER, AT - 1) == ()
    assert made("w * h").find("file:///b.py", BEFORE + AFTER, AT) == ()


def test_a_bracket_that_the_editor_closes_is_the_suggestions_own() -> None:
    suggestions = made("area(w, h)", "other")
    assert found(suggestions, "area(", ahead=")") == ["area(w, h)"]
    assert found(suggestions, "area", ahead=")]") == [], "not in the suggestion: somebody else's"


def test_what_stands_there_to_the_last_character_is_no_suggestion() -> None:
    suggestions = made('"", " ")', replaced=")")
    assert found(suggestions, '"", "', ahead=")") == ['"", " ")']
    assert found(suggestions, '"", " "', ahead=")") == []


def test_text_that_was_to_be_replaced_still_is() -> None:
    suggestions = made("w * h", replaced="pass")
    assert found(suggestions, "w", ahead="pass") == ["w * h"]
    assert found(suggestions, "w", ahead="pas") == []


def test_an_older_suggestion_is_found_again() -> None:
    suggestions = made("w * h")
    later = BEFORE + "abs(" + AFTER
    suggestions.remember(URI, later, AT + 4, (completion(Span(AT + 4, AT + 4), "h)"),))
    assert [c.text for c in suggestions.find(URI, later, AT + 4)] == ["h)"]
    assert found(suggestions, "") == ["w * h"]


def test_what_is_shown_again_stays_though_another_was_made_since() -> None:
    suggestions = made("(w, h)")
    text = BEFORE + "(" + ")" + AFTER
    suggestions.remember(URI, text, AT + 1, (completion(Span(AT + 1, AT + 1), "w"),))
    assert found(suggestions, "") == ["(w, h)"], "the user has gone back"
    assert found(suggestions, "(", ahead=")") == ["(w, h)"]


def test_only_the_last_ones_are_kept() -> None:
    suggestions = made("w * h")
    for i in range(20):
        suggestions.remember(URI, "x" * i, 0, (completion(Span(0, 0), "y"),))
    assert found(suggestions, "") == []


def test_what_is_left_when_the_user_types_something_else() -> None:
    suggestions = made("area(w, h)")
    text = BEFORE + "size" + AFTER
    assert suggestions.left_behind(URI, text, AT + 4) == "(w, h)"
    assert suggestions.left_behind(URI, "elsewhere", 3) is None
    assert suggestions.left_behind(URI, BEFORE + "x" * 20 + AFTER, AT + 20) is None


def test_silence_is_kept_for_the_same_text_and_place_only() -> None:
    suggestions = SuggestionCache()
    suggestions.remember_silence(URI, "abc", 2, "not_confident")
    suggestions.remember_silence(URI, "abc", 3, "deadline")  # may be otherwise next time
    assert suggestions.silence(URI, "abc", 2) == "not_confident"
    assert suggestions.silence(URI, "abc", 3) is None
    assert suggestions.silence(URI, "abd", 2) is None
    suggestions.forget(URI)
    assert suggestions.silence(URI, "abc", 2) is None


def test_documents_are_dropped_when_there_are_many() -> None:
    suggestions = made("w * h")
    for i in range(50):
        suggestions.remember(f"file:///{i}.py", "x", 0, (completion(Span(0, 0), "y"),))
    assert found(suggestions, "") == []


@pytest.mark.reports
def test_what_the_user_wrote_something_else_for_is_dismissed() -> None:
    suggestions = made("True,")

    def dismissed(typed: str) -> tuple[Dismissed, ...]:
        return suggestions.dismissed(URI, BEFORE + typed + AFTER, len(BEFORE + typed))

    said = (Dismissed("True,", BEFORE.rpartition("\n")[2] + "True,"),)

    assert dismissed("False,\n    other=") == said
    assert dismissed("x") == said
    assert dismissed("") == dismissed("Tr") == dismissed("True,\n    other=") == ()
    assert suggestions.dismissed(URI, "# " + BEFORE + "x" + AFTER, AT + 3) == ()


@pytest.mark.reports
def test_only_what_was_made_for_this_very_place_fits_exactly() -> None:
    suggestions = made("w * h")
    assert suggestions.find(URI, BEFORE + AFTER, AT, exactly=True)
    assert not suggestions.find(URI, BEFORE + "w" + AFTER, AT + 1, exactly=True)
