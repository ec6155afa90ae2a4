"""What becomes of suggestions, and how counts of many writers add up."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from pathlib import Path

import pytest

from dg_lsp.engine.runtime_dir import VARIABLE
from dg_lsp.stats.counts import Counts, Tally
from dg_lsp.stats.counts_file import add_counts, read_counts
from dg_lsp.stats.usage import Sent, Usage
from tests.dg_lsp.server_fakes import WAIT_S

URI = "file:///a.py"


@pytest.fixture
async def usage() -> Usage:
    return Usage()


def send(usage: Usage, document: str, text: str, *alternatives: str, start: int | None = None) -> list[int]:
    """Send a suggestion at the document's end, or at `start`; the items' numbers."""
    at = len(document) if start is None else start
    typed = document[at:]
    items = [Sent(usage.number(), made.removeprefix(typed), at, made) for made in (text, *alternatives)]
    usage.sent(URI, "python", "m", document, items)
    return [item.number for item in items]


def tally(usage: Usage) -> Tally:
    return usage.counts.tally("python", "m")


async def test_alternatives_are_one_suggestion_and_any_of_them_may_be_taken(usage: Usage) -> None:
    *_, last = send(usage, "x = ", "one", "three")
    usage.accepted(last)
    usage.accepted(last)
    assert tally(usage) == Tally(sent=1, shown=1, accepted=1, chars=5)


async def test_a_suggestion_sent_again_while_typed_into_is_one_and_not_dismissed(usage: Usage) -> None:
    send(usage, "x = ", "one")
    send(usage, "x = o", "one", start=4)
    send(usage, "x = two", "three")
    assert tally(usage) == Tally(sent=2, shown=1, assumed=1, typed=1)
    usage.closed(URI, "x = two")
    assert tally(usage) == Tally(sent=2, shown=2, assumed=2, typed=1, dismissed=1)


async def test_one_that_is_taken_after_its_text_was_seen_in_place_was_accepted(usage: Usage) -> None:
    """The client applies the edit, may ask anew, and only then runs the command."""
    (first,) = send(usage, "x = ", "one")
    send(usage, "x = one", "more")
    assert tally(usage).typed == 1
    usage.accepted(first)
    assert (tally(usage).typed, tally(usage).accepted, tally(usage).shown) == (0, 1, 1)


async def test_taking_word_by_word_to_the_end_is_accepting(usage: Usage) -> None:
    (first,) = send(usage, "x = ", "a b")
    usage.partly_accepted(first, 1)
    assert tally(usage) == Tally(sent=1, shown=1, partly=1, chars=1)
    usage.partly_accepted(first, 10**30)
    assert tally(usage) == Tally(sent=1, shown=1, accepted=1, chars=3)


async def test_of_a_client_that_reports_only_what_it_reports_is_shown(usage: Usage) -> None:
    (first,) = send(usage, "x = ", "one")
    usage.shown(first)
    (second,) = send(usage, "y = ", "two")
    usage.closed(URI, "")
    assert tally(usage) == Tally(sent=2, shown=1, dismissed=1)
    usage.shown(second)
    assert tally(usage) == Tally(sent=2, shown=2, dismissed=2)


async def test_events_of_unknown_items_are_nothing(usage: Usage) -> None:
    usage.shown(99)
    usage.accepted(99)
    usage.partly_accepted(99, 1)
    assert usage.counts.suggestions == {}


async def test_counts_are_written_while_the_session_goes_on(
    usage: Usage, runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dg_lsp.stats.usage.EVERY_S", 0.0)
    usage.silent("in_comment")
    async with asyncio.timeout(WAIT_S):
        while read_counts().silences != {"in_comment": 1}:
            await asyncio.sleep(0.01)
    usage.silent("in_string")
    usage.close()
    assert read_counts().silences == {"in_comment": 1, "in_string": 1}


async def test_what_could_not_be_written_is_written_later(
    usage: Usage, runtime_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setattr("dg_lsp.stats.usage.EVERY_S", 0.0)
    monkeypatch.setenv(VARIABLE, str(runtime_folder / "file" / "folder"))
    (runtime_folder / "file").touch()
    usage.silent("in_comment")
    async with asyncio.timeout(WAIT_S):
        while "cannot be written" not in caplog.text:
            await asyncio.sleep(0.001)
        while not usage.counts.silences:
            await asyncio.sleep(0.001)
    monkeypatch.setenv(VARIABLE, str(runtime_folder))
    usage.close()
    assert read_counts().silences == {"in_comment": 1}


def test_percentiles_are_exact_to_a_tenth() -> None:
    counts = Counts()
    for ms in range(1, 1001):
        counts.add_latency("manual", ms)
    for share in (0.5, 0.95, 1.0):
        assert counts.percentile_ms("manual", share) == pytest.approx(1000 * share, rel=0.1)
    assert counts.percentile_ms("automatic", 0.5) is None


def add_one() -> None:
    counts = Counts(since="2026-01-02", silences={"in_comment": 1}, latencies={"manual": {3: 1}})
    counts.tally("python", "m").shown = 1
    add_counts(counts)


@pytest.mark.skipif(os.name != "posix", reason="forks")
def test_many_processes_lose_nothing(runtime_folder: Path) -> None:
    processes = [multiprocessing.get_context("fork").Process(target=add_one) for _ in range(8)]
    for process in processes:
        process.start()
    add_counts(Counts(since="2026-01-01"))
    for process in processes:
        process.join()
    known = read_counts()
    assert (known.since, known.silences, known.latencies) == ("2026-01-01", {"in_comment": 8}, {"manual": {3: 8}})
    assert known.total() == Tally(shown=8)
