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


def test_the_files_own_windows_stay_while_lines_are_typed_and_the_cursor_goes_down() -> None:
    far = "".join(f"other_{i} = unrelated_{i}\n" for i in range(OWN_DISTANCE))
    above = PARCEL * 8 + far + "x = carrier\n" * 8 + BEFORE
    below = far + PARCEL * 8 + far
    begun = [(above + key, "\n" + below) for key in ("", "car", "carrier = 1\n", "carrier = 1\n\n\n", "a\nb\nc\nd\n")]
    steps = [(above + "".join(far.splitlines(True)[:n]), "".join(far.splitlines(True)[n:]) + PARCEL * 8 + far)
             for n in range(4)]  # fmt: skip
    for places in (begun, steps):
        found = [[one.text for one in similar_windows(b + a, len(b), [], 4)] for b, a in places]
        assert len(found[0]) == 4 and all(texts == found[0] for texts in found)


def test_near_lines_below_are_no_windows() -> None:
    assert similar_windows(BEFORE + PARCEL, len(BEFORE), [], 1) == []
    far = BEFORE + "x = 1\n" * (OWN_DISTANCE + ANCHOR_LINES) + PARCEL
    found = similar_windows(far, len(BEFORE), [], 1)
    assert found and "label_for" in found[0].text
    assert far.split("\n")[found[0].first_line] == found[0].text.split("\n")[0]
