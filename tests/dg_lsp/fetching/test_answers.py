"""What the user answered is kept for all windows, and decides when he may be asked again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dg_lsp.fetching.answers import AGAIN_AFTER_S, Answer, answers_path, claim, keep

NOW = 1_800_000_000.0
DAY_S = 24 * 3600.0

pytestmark = pytest.mark.usefixtures("runtime_folder")


def test_only_the_first_window_asks() -> None:
    assert claim(NOW)
    assert not claim(NOW + 1)
    assert answers_path().stat().st_mode & 0o077 == 0 or os.name == "nt"


@pytest.mark.parametrize("answer", ["asked", "not_now", "fetch"])
def test_who_has_not_decided_is_asked_again_after_a_week_at_the_earliest(answer: Answer) -> None:
    keep(answer, NOW)
    assert not claim(NOW + 6.9 * DAY_S)
    assert claim(NOW + 7 * DAY_S) and not claim(NOW + 13 * DAY_S)


@pytest.mark.parametrize("answer", ["never", "fetched"])
def test_who_has_decided_is_not_asked_again(answer: Answer) -> None:
    keep(answer, NOW)
    assert not claim(NOW + 1000 * AGAIN_AFTER_S)


def test_a_clock_that_was_wrong_silences_nothing_for_good() -> None:
    keep("not_now", NOW + 1000 * DAY_S)
    assert claim(NOW)


def test_a_broken_file_counts_as_none() -> None:
    keep("never", NOW)
    answers_path().write_text("{")
    assert claim(NOW)


def test_what_cannot_be_kept_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DG_LSP_RUNTIME_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(OSError):
        claim(NOW)
