from __future__ import annotations

import asyncio
import threading

import pytest

from dg_lsp.backend.scheduler import Answer, Scheduler
from infill.types import Draft, Filled, FillRequest, NoFill
from tests.dg_lsp.server_fakes import WAIT_S, FakeFiller


def request(text: str = "a", deadline_ms: float | None = None) -> FillRequest:
    return FillRequest(text=text, language="python", offset=0, deadline_ms=deadline_ms)


def text_of(answer: Answer) -> str:
    return answer.completions[0].text if isinstance(answer, Filled) else answer.reason


async def started(filler: FakeFiller) -> None:
    """Return when one more fill has begun on the worker."""
    assert await asyncio.to_thread(filler.started.acquire, timeout=WAIT_S)


@pytest.fixture
async def scheduler(filler: FakeFiller):
    scheduler = Scheduler()
    await scheduler.start(lambda: filler)
    yield scheduler
    scheduler.close()
    assert scheduler.ended(WAIT_S)


async def test_questions_are_answered_from_one_thread(scheduler: Scheduler, filler: FakeFiller) -> None:
    answers = await asyncio.gather(*(scheduler.fill(lane, request(lane)) for lane in "abc"))
    assert [text_of(answer) for answer in answers] == ["A", "B", "C"]
    assert filler.threads == {"dg-lsp-model"}


async def test_a_newer_question_answers_the_running_one_at_once(scheduler: Scheduler, filler: FakeFiller) -> None:
    filler.release.clear()
    older = asyncio.create_task(scheduler.fill("lane", request("old")))
    await started(filler)
    newer = asyncio.create_task(scheduler.fill("lane", request("new")))
    assert text_of(await older) == "superseded"
    await started(filler)  # the worker heard the cancel of the older one, or it would not be here
    filler.release.set()
    assert text_of(await newer) == "NEW"


async def test_a_superseded_question_that_waits_never_reaches_the_model(
    scheduler: Scheduler, filler: FakeFiller
) -> None:
    filler.release.clear()
    blocking = asyncio.create_task(scheduler.fill("other", request("first")))
    await started(filler)
    waiting = asyncio.create_task(scheduler.fill("lane", request("waiting")))
    await asyncio.sleep(0)
    scheduler.supersede("lane")
    assert text_of(await waiting) == "superseded"
    filler.release.set()
    assert text_of(await blocking) == "FIRST"
    assert text_of(await scheduler.fill("lane", request("last"))) == "LAST"
    assert [asked.text for asked in filler.asked] == ["first", "last"]


async def test_lanes_do_not_supersede_each_other(scheduler: Scheduler, filler: FakeFiller) -> None:
    filler.release.clear()
    first = asyncio.create_task(scheduler.fill("one", request("a")))
    await started(filler)
    second = asyncio.create_task(scheduler.fill("two", request("b")))
    await asyncio.sleep(0)
    assert not first.done()
    filler.release.set()
    assert [text_of(await first), text_of(await second)] == ["A", "B"]


async def test_cancelling_the_caller_stops_the_model(scheduler: Scheduler, filler: FakeFiller) -> None:
    filler.release.clear()
    task = asyncio.create_task(scheduler.fill("lane", request()))
    await started(filler)
    assert scheduler.state == "busy"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert scheduler.state == "ready"
    next_one = asyncio.create_task(scheduler.fill("lane", request("next")))
    await started(filler)  # only a model that stopped can begin again
    filler.release.set()
    assert text_of(await next_one) == "NEXT"


async def test_an_error_of_the_filler_is_an_answer_and_the_worker_lives_on(
    scheduler: Scheduler, filler: FakeFiller, caplog: pytest.LogCaptureFixture
) -> None:
    filler.error = RuntimeError("def secret(): pass")
    answer = await scheduler.fill("lane", request())
    assert answer == NoFill("model_failed", "RuntimeError")
    assert "RuntimeError" in caplog.text and "secret" not in caplog.text
    filler.error = None
    assert text_of(await scheduler.fill("lane", request("b"))) == "B"


async def test_the_wait_for_the_worker_counts_against_the_deadline(scheduler: Scheduler, filler: FakeFiller) -> None:
    filler.release.clear()
    blocking = asyncio.create_task(scheduler.fill("other", request("first")))
    await started(filler)
    late = asyncio.create_task(scheduler.fill("late", request("late", deadline_ms=1)))
    patient = asyncio.create_task(scheduler.fill("patient", request("patient", deadline_ms=60_000)))
    await asyncio.sleep(0.02)  # longer than the first deadline
    filler.release.set()
    assert text_of(await blocking) == "FIRST"
    assert text_of(await late) == "deadline"
    assert text_of(await patient) == "PATIENT"
    left_ms = filler.asked[-1].deadline_ms
    assert left_ms is not None and 0 < left_ms < 60_000 - 15


async def test_while_the_model_opens_answers_come_at_once(filler: FakeFiller) -> None:
    may_open = threading.Event()

    def open_slowly() -> FakeFiller:
        assert may_open.wait(WAIT_S)
        return filler

    scheduler = Scheduler()
    assert scheduler.state == "starting"
    assert text_of(await scheduler.fill("lane", request())) == "model_loading"
    loaded = scheduler.start(open_slowly)
    assert scheduler.state == "loading"
    assert text_of(await scheduler.fill("lane", request())) == "model_loading"
    may_open.set()
    await loaded
    assert (scheduler.state, scheduler.model_name) == ("ready", "fake")
    assert scheduler.start(open_slowly) is loaded
    scheduler.close()
    assert scheduler.ended(WAIT_S)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("no such folder"), "no such folder"),
        (SystemExit(), "SystemExit"),
        (ValueError(), "ValueError"),
    ],
)
async def test_a_model_that_does_not_open_is_a_reason(error: BaseException, said: str) -> None:
    def fail() -> FakeFiller:
        raise error

    scheduler = Scheduler()
    await scheduler.start(fail)
    assert (scheduler.state, scheduler.failure) == ("failed", said)
    assert await scheduler.fill("lane", request()) == NoFill("model_failed", said)
    assert scheduler.ended(WAIT_S)


async def test_closing_answers_what_is_open(filler: FakeFiller) -> None:
    scheduler = Scheduler()
    await scheduler.start(lambda: filler)
    filler.release.clear()
    running = asyncio.create_task(scheduler.fill("lane", request()))
    await started(filler)
    scheduler.close()
    assert text_of(await running) == "cancelled"
    assert scheduler.ended(WAIT_S)
    assert text_of(await scheduler.fill("lane", request())) == "cancelled"


async def test_drafts_arrive_on_the_loop_before_the_answer(scheduler: Scheduler) -> None:
    seen: list[tuple[Draft, str]] = []
    answer = await scheduler.fill(
        "lane", request("a"), lambda draft: seen.append((draft, threading.current_thread().name))
    )
    assert text_of(answer) == "A"
    assert seen == [(Draft("a", 1, 2), threading.current_thread().name)]


async def test_no_draft_is_shown_of_a_question_that_was_answered(scheduler: Scheduler, filler: FakeFiller) -> None:
    seen: list[Draft] = []
    filler.release.clear()
    asked = asyncio.create_task(scheduler.fill("lane", request("a"), seen.append))
    await started(filler)
    scheduler.supersede("lane", "cancelled")
    assert text_of(await asked) == "cancelled"
    filler.release.set()
    assert text_of(await scheduler.fill("lane", request("b"))) == "B"
    assert seen == []
