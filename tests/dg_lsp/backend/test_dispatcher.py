from __future__ import annotations

import asyncio
import threading

import pytest

from dg_lsp.backend.dispatcher import Dispatcher
from dg_lsp.backend.question import Answer
from dg_lsp.backend.scheduler import in_process
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
async def dispatcher(filler: FakeFiller):
    dispatcher = Dispatcher()
    await dispatcher.start(in_process(lambda: filler))
    yield dispatcher
    dispatcher.close()
    assert dispatcher.ended(WAIT_S)


async def test_questions_are_answered_from_one_thread(dispatcher: Dispatcher, filler: FakeFiller) -> None:
    answers = await asyncio.gather(*(dispatcher.fill(lane, request(lane)) for lane in "abc"))
    assert [text_of(answer) for answer in answers] == ["A", "B", "C"]
    assert filler.threads == {"dg-lsp-model"}


async def test_a_newer_question_answers_the_running_one_at_once(dispatcher: Dispatcher, filler: FakeFiller) -> None:
    filler.release.clear()
    older = asyncio.create_task(dispatcher.fill("lane", request("old")))
    await started(filler)
    newer = asyncio.create_task(dispatcher.fill("lane", request("new")))
    assert text_of(await older) == "superseded"
    await started(filler)  # the worker heard the cancel of the older one, or it would not be here
    filler.release.set()
    assert text_of(await newer) == "NEW"


async def test_a_superseded_question_that_waits_never_reaches_the_model(
    dispatcher: Dispatcher, filler: FakeFiller
) -> None:
    filler.release.clear()
    blocking = asyncio.create_task(dispatcher.fill("other", request("first")))
    await started(filler)
    waiting = asyncio.create_task(dispatcher.fill("lane", request("waiting")))
    await asyncio.sleep(0)
    dispatcher.supersede("lane")
    assert text_of(await waiting) == "superseded"
    filler.release.set()
    assert text_of(await blocking) == "FIRST"
    assert text_of(await dispatcher.fill("lane", request("last"))) == "LAST"
    assert [asked.text for asked in filler.asked] == ["first", "last"]


async def test_lanes_do_not_supersede_each_other(dispatcher: Dispatcher, filler: FakeFiller) -> None:
    filler.release.clear()
    first = asyncio.create_task(dispatcher.fill("one", request("a")))
    await started(filler)
    second = asyncio.create_task(dispatcher.fill("two", request("b")))
    await asyncio.sleep(0)
    assert not first.done()
    filler.release.set()
    assert [text_of(await first), text_of(await second)] == ["A", "B"]


async def test_cancelling_the_caller_stops_the_model(dispatcher: Dispatcher, filler: FakeFiller) -> None:
    filler.release.clear()
    task = asyncio.create_task(dispatcher.fill("lane", request()))
    await started(filler)
    assert dispatcher.state == "busy"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert dispatcher.state == "ready"
    next_one = asyncio.create_task(dispatcher.fill("lane", request("next")))
    await started(filler)  # only a model that stopped can begin again
    filler.release.set()
    assert text_of(await next_one) == "NEXT"


async def test_an_error_of_the_filler_is_an_answer_and_the_worker_lives_on(
    dispatcher: Dispatcher, filler: FakeFiller, caplog: pytest.LogCaptureFixture
) -> None:
    filler.error = RuntimeError("def secret(): pass")
    answer = await dispatcher.fill("lane", request())
    assert answer == NoFill("model_failed", "RuntimeError")
    assert "RuntimeError" in caplog.text and "secret" not in caplog.text
    filler.error = None
    assert text_of(await dispatcher.fill("lane", request("b"))) == "B"


async def test_the_wait_for_the_worker_counts_against_the_deadline(dispatcher: Dispatcher, filler: FakeFiller) -> None:
    filler.release.clear()
    blocking = asyncio.create_task(dispatcher.fill("other", request("first")))
    await started(filler)
    late = asyncio.create_task(dispatcher.fill("late", request("late", deadline_ms=1)))
    patient = asyncio.create_task(dispatcher.fill("patient", request("patient", deadline_ms=60_000)))
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

    dispatcher = Dispatcher()
    assert dispatcher.state == "starting"
    assert text_of(await dispatcher.fill("lane", request())) == "model_loading"
    loaded = dispatcher.start(in_process(open_slowly))
    assert dispatcher.state == "loading"
    assert text_of(await dispatcher.fill("lane", request())) == "model_loading"
    may_open.set()
    await loaded
    assert (dispatcher.state, dispatcher.model_name) == ("ready", "fake")
    assert dispatcher.start(in_process(open_slowly)) is loaded
    dispatcher.close()
    assert dispatcher.ended(WAIT_S)


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

    dispatcher = Dispatcher()
    await dispatcher.start(in_process(fail))
    assert (dispatcher.state, dispatcher.failure) == ("failed", said)
    assert await dispatcher.fill("lane", request()) == NoFill("model_failed", said)
    assert dispatcher.ended(WAIT_S)


async def test_closing_answers_what_is_open(filler: FakeFiller) -> None:
    dispatcher = Dispatcher()
    await dispatcher.start(in_process(lambda: filler))
    filler.release.clear()
    running = asyncio.create_task(dispatcher.fill("lane", request()))
    await started(filler)
    dispatcher.close()
    assert text_of(await running) == "cancelled"
    assert dispatcher.ended(WAIT_S)
    assert text_of(await dispatcher.fill("lane", request())) == "cancelled"


async def test_drafts_arrive_on_the_loop_before_the_answer(dispatcher: Dispatcher) -> None:
    seen: list[tuple[Draft, str]] = []
    answer = await dispatcher.fill(
        "lane", request("a"), lambda draft: seen.append((draft, threading.current_thread().name))
    )
    assert text_of(answer) == "A"
    assert seen == [(Draft("a", 1, 2), threading.current_thread().name)]


async def test_no_draft_is_shown_of_a_question_that_was_answered(dispatcher: Dispatcher, filler: FakeFiller) -> None:
    seen: list[Draft] = []
    filler.release.clear()
    asked = asyncio.create_task(dispatcher.fill("lane", request("a"), seen.append))
    await started(filler)
    dispatcher.supersede("lane", "cancelled")
    assert text_of(await asked) == "cancelled"
    filler.release.set()
    assert text_of(await dispatcher.fill("lane", request("b"))) == "B"
    assert seen == []
