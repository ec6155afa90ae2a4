"""Windows of similar lines: what is found, and what does not change it."""

from __future__ import annotations

from itertools import pairwise

from infill.retrieval.similar_windows import ANCHOR_LINES, OWN_DISTANCE, WINDOW_LINES, similar_windows

FILLER = "".join(f"other_{i} = unrelated_{i}\n" for i in range(40))
PARCEL = "def ship(parcel):\n    label = carrier.label_for(parcel)\n    return carrier.send(label)\n"
BEFORE = "import carrier\n\n\ndef resend(parcel):\n"


def test_the_window_with_the_rare_words_comes_first() -> None:
    found = similar_windows(BEFORE, len(BEFORE), [FILLER, FILLER + PARCEL], 2)
    assert found[0].index == 1 and "label_for(parcel)" in found[0].text


def test_windows_do_not_overlap_and_are_as_many_as_wanted() -> None:
    texts = [PARCEL * 20]
    found = similar_windows(BEFORE, len(BEFORE), texts, 3)
    starts = sorted(one.first_line for one in found)
    assert len(found) == 3
    assert all(b - a >= WINDOW_LINES for a, b in pairwise(starts))


def test_far_lines_of_the_file_itself_count_and_near_ones_do_not() -> None:
    text = PARCEL + "x = 1\n" * OWN_DISTANCE + BEFORE
    assert similar_windows(text, len(text), [], 1)[0].index == -1
    near = PARCEL + BEFORE
    assert similar_windows(near, len(near), [], 1) == []


def test_the_choice_stays_while_a_few_lines_are_typed() -> None:
    begun = BEFORE + "resend(parcel)\n" * ANCHOR_LINES
    keys = ("", "c", "car", "carrier = 1\n", "carrier = 1\n" * 3)
    typed = [similar_windows(begun + key, len(begun + key), [PARCEL], 1) for key in keys]
    assert typed[0] and all(found == typed[0] for found in typed)


def test_nothing_in_common_is_nothing_found() -> None:
    assert similar_windows("zzz = 1\n", 8, [PARCEL], 4) == []
    assert similar_windows("", 0, [PARCEL], 4) == []
