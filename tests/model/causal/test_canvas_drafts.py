"""How many masks a pass reads: as many as pay, by what was right and by what rows cost."""

from __future__ import annotations

import pytest

from model.causal.canvas_drafts import MOST_MASKS, TRY_AGAIN, CanvasDrafts, Drafter, Prices


def drafts(device: str, right: int = -1, n: int = 200) -> CanvasDrafts:
    """After `n` drafts of four tokens of which the first `right` were right; -1 for none at all."""
    made = CanvasDrafts(device)
    for _ in range(n if right >= 0 else 0):
        made.saw([1, 2, 3, 4], [*[1, 2, 3, 4][:right], 9])
    return made


def test_right_drafts_make_groups_longer_where_rows_are_free() -> None:
    assert drafts("cuda", 4).n_masks() == MOST_MASKS
    assert drafts("cuda", 2).n_masks() == 2
    assert drafts("cuda", 1).n_masks() == 1


def test_where_rows_cost_more_groups_are_shorter() -> None:
    assert 0 < drafts("cpu").n_masks() < drafts("cuda").n_masks()
    dear = drafts("cpu")
    for _ in range(200):
        for n_rows in (1, 4, 9):
            dear.prices.timed(n_rows, 10 * n_rows)
    assert dear.n_masks() == 0


def test_wrong_drafts_end_them_but_they_are_tried_again() -> None:
    wrong = drafts("cpu", 0)
    assert [wrong.n_masks() for _ in range(2 * TRY_AGAIN)] == 2 * [*[0] * (TRY_AGAIN - 1), 1]


def test_drafts_that_are_not_read_count_as_wrong_ones() -> None:
    one = drafts("cpu", 1)
    assert one.n_masks() == 1
    for _ in range(200):
        one.n_masks()
        one.ended()  # others had something every time
    assert one.n_masks() == 0
    one = drafts("cpu", 1)
    for _ in range(200):
        one.n_masks()
        one.ended(used=True)
    assert one.n_masks() == 1


def test_what_was_not_written_is_not_held_against_a_draft() -> None:
    one = CanvasDrafts("cuda")
    for _ in range(200):
        one.saw([1, 2, 3, 4], [1, 2])
    assert one.n_masks() >= drafts("cuda").n_masks()


def test_prices_are_those_of_the_machine() -> None:
    prices = Prices(0.1)
    assert prices.of(11) == pytest.approx(2)
    for _ in range(200):
        for n_rows in (1, 4, 9):
            prices.timed(n_rows, 50 + 2 * (n_rows - 1))
    assert prices.of(11) == pytest.approx(1.4, abs=0.3)


def test_passes_of_one_length_say_nothing_of_rows() -> None:
    prices = Prices(0.1)
    for _ in range(200):
        prices.timed(4, 70)
    assert prices.of(11) == pytest.approx(2)


def test_what_others_propose_comes_first_and_has_no_masks() -> None:
    drafter = Drafter(drafts("cuda", 4))
    assert drafter.proposals([5], [[7, 8]], ()) == [[7, 8]] and drafter.n_masks == 0
    assert drafter.proposals([5], [[7, 8]], [7, 9]) == [[7, 8]] and drafter.n_masks == 0
    assert drafter.proposals([5, 7], [[]], [1, 2, 3, 4, 5]) == [[1, 2, 3, 4]] and drafter.n_masks == 4
    assert Drafter(None).proposals([5], [[]], ()) == [[]]


def test_where_they_differ_the_one_that_was_right_more_often_has_its_way() -> None:
    drafter, ids = Drafter(drafts("cuda", 4)), [5]
    assert drafter.proposals(ids, [[7, 8]], [1, 2, 3, 4]) == [[1, 2, 3, 4]]
    ids += [7, 6]  # the others were right
    assert drafter.proposals(ids, [[7, 8]], [1, 2, 3, 4]) == [[7, 8]]
    ids += [1, 6]  # the draft would have been
    assert drafter.proposals(ids, [[7, 8]], [1, 2, 3, 4])[0][0] == 1
