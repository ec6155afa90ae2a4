"""What becomes of suggestions, and how counts of many writers add up."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
from pathlib import Path

import pytest
from filelock import FileLock

from dg_lsp.stats.counting import Counts, Suggestion, Tally, UsageStats
from dg_lsp.stats.keeping import CountsWriter, add_counts, counts_path, read_counts
from dg_lsp.user_folders import VARIABLE
from tests.dg_lsp.server_fakes import WAIT_S

URI = "file:///a.py"


@pytest.fixture
async def usage() -> UsageStats:
    return UsageStats()


@pytest.fixture
async def writer(usage: UsageStats) -> CountsWriter:
    return CountsWriter(usage)


def send(usage: UsageStats, start: int, text: str, n_items: int = 1) -> list[int]:
    """Send a suggestion of so many alternatives; return their numbers."""
    numbers = [usage.next_number() for _ in range(n_items)]
    usage.sent(URI, Suggestion("python", "m", start, text), numbers)
    return numbers


def tally(usage: UsageStats) -> Tally:
    return usage.counts.tally("python", "m")


async def test_alternatives_are_one_suggestion_and_any_of_them_may_be_accepted(usage: UsageStats) -> None:
    first, last = send(usage, 4, "one", n_items=2)
    usage.shown(first)
    usage.accepted(last)
    usage.accepted(last)
    usage.accepted(first)
    assert tally(usage) == Tally(sent=1, shown=1, accepted=1)


async def test_a_suggestion_sent_again_while_the_user_types_into_it_is_one(usage: UsageStats) -> None:
    (first,) = send(usage, 4, "one")
    usage.shown(first)
    (again,) = send(usage, 4, "one")
    usage.shown(again)
    assert tally(usage) == Tally(sent=1, shown=1)
    send(usage, 4, "three")
    assert tally(usage) == Tally(sent=2, shown=1)


async def test_an_earlier_suggestion_may_still_be_accepted(usage: UsageStats) -> None:
    """The client applies the edit, may ask again, and only then runs the command."""
    (first,) = send(usage, 4, "one")
    send(usage, 7, "more")
    usage.closed(URI)
    usage.accepted(first)
    assert tally(usage) == Tally(sent=2, accepted=1)


async def test_after_a_document_is_closed_the_same_suggestion_is_a_new_one(usage: UsageStats) -> None:
    send(usage, 4, "one")
    usage.closed(URI)
    send(usage, 4, "one")
    assert tally(usage) == Tally(sent=2)


async def test_events_of_unknown_items_are_not_counted(usage: UsageStats) -> None:
    usage.shown(99)
    usage.accepted(99)
    assert usage.counts == Counts()


async def test_nothing_is_counted_when_switched_off(usage: UsageStats) -> None:
    usage.on = False
    (number,) = send(usage, 4, "one")
    usage.shown(number)
    usage.accepted(number)
    usage.answered("manual", 1.0)
    usage.silent("in_comment")
    assert usage.counts == Counts()


async def test_counts_are_written_while_the_session_goes_on(
    usage: UsageStats, writer: CountsWriter, runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dg_lsp.stats.keeping.EVERY_S", 0.0)
    usage.silent("in_comment")
    async with asyncio.timeout(WAIT_S):
        while read_counts().silences != {"in_comment": 1}:
            await asyncio.sleep(0.01)
    usage.silent("in_string")
    writer.close()
    assert read_counts().silences == {"in_comment": 1, "in_string": 1}


async def test_what_could_not_be_written_is_written_later(
    usage: UsageStats,
    writer: CountsWriter,
    runtime_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setattr("dg_lsp.stats.keeping.EVERY_S", 0.0)
    monkeypatch.setenv(VARIABLE, str(runtime_folder / "file" / "folder"))
    (runtime_folder / "file").touch()
    usage.silent("in_comment")
    async with asyncio.timeout(WAIT_S):
        while "cannot be written" not in caplog.text:
            await asyncio.sleep(0.001)
        while not usage.counts.silences:
            await asyncio.sleep(0.001)
    monkeypatch.setenv(VARIABLE, str(runtime_folder))
    writer.close()
    assert read_counts().silences == {"in_comment": 1}


def test_percentiles_are_exact_to_a_tenth() -> None:
    counts = Counts()
    for ms in range(1, 1001):
        counts.add_latency("manual", ms)
    for share in (0.5, 0.95, 1.0):
        assert counts.percentile_ms("manual", share) == pytest.approx(1000 * share, rel=0.1)
    assert counts.percentile_ms("automatic", 0.5) is None


def test_counts_of_an_earlier_release_are_read_and_added_to(runtime_folder: Path) -> None:
    old = {"sent": 5, "shown": 4, "assumed": 2, "accepted": 1, "partly": 1, "typed": 1, "dismissed": 1, "chars": 9}
    suggestions = {"python": {"m": old}}
    counts = {"since": "2026-01-01", "suggestions": suggestions, "latencies": {"manual": {"3": 2}}, "silences": {}}
    counts_path().write_text(json.dumps(counts | {"later": {}}))
    assert read_counts().total() == Tally(sent=5, shown=4, accepted=1)
    add_one()
    known = read_counts()
    assert (known.since, known.latencies, known.total()) == ("2026-01-01", {"manual": {3: 3}}, Tally(5, 5, 1))


def test_a_lock_that_another_process_holds_is_an_error_in_the_end(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dg_lsp.user_folders.LOCK_LIMIT_S", 0.01)
    with FileLock(counts_path().with_suffix(".lock")), pytest.raises(OSError, match="lock"):
        add_counts(Counts())


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
