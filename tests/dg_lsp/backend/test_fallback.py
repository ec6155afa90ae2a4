"""The embedded model answers while the chosen one cannot."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from dg_lsp.backend.backend import BackendState
from dg_lsp.backend.fallback import FallbackBackend, open_with_fallback
from dg_lsp.backend.question import Question
from dg_lsp.backend.scheduler import in_process
from infill.types import Filled, FillRequest, NoFill, OnDraft, Request, Trigger
from model.types import CancelToken, CheckpointError
from tests.dg_lsp.server_fakes import WAIT_S, FakeFiller


class Named(FakeFiller):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.model_name = name


class Opening:
    """The chosen model opens once `may` is set, or fails with `error`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.may = threading.Event()
        self.error = error
        self.filler = Named("chosen")

    def __call__(self) -> Named:
        assert self.may.wait(WAIT_S)
        if self.error is not None:
            raise self.error
        return self.filler


class Embedded:
    """Opens the embedded model, and counts how often."""

    def __init__(self) -> None:
        self.opened: list[Named] = []

    def __call__(self) -> Named:
        self.opened.append(Named("embedded"))
        return self.opened[-1]


async def opened(opening: Opening, embedded: Embedded, patience_s: float = WAIT_S) -> FallbackBackend:
    return await open_with_fallback(in_process(opening), in_process(embedded), patience_s, ("python",))


async def settled(backend: FallbackBackend, opening: Opening) -> None:
    """Let the chosen model open, or fail, and wait for it."""
    told = asyncio.Event()
    backend.watch(told.set)
    opening.may.set()
    async with asyncio.timeout(WAIT_S):
        await told.wait()


async def ask(backend: FallbackBackend, trigger: Trigger, language: str = "python") -> None:
    question = Question(FillRequest("a", language, offset=0, trigger=trigger))
    backend.submit(question)
    async with asyncio.timeout(WAIT_S):
        assert isinstance(await question.answer, Filled)


async def test_the_embedded_model_answers_until_the_chosen_one_is_open() -> None:
    opening, embedded = Opening(), Embedded()
    backend = await opened(opening, embedded, patience_s=0)
    await ask(backend, "manual")
    assert (backend.state, backend.answering.name) == (BackendState(substitute="model_loading"), "embedded")
    await settled(backend, opening)
    await ask(backend, "manual")
    assert (backend.state, backend.answering.name) == (BackendState(has_smaller=True), "chosen")
    assert [len(made.asked) for made in (embedded.opened[0], opening.filler)] == [1, 1]


async def test_one_that_opens_at_once_needs_nobody_in_its_place() -> None:
    opening, embedded = Opening(), Embedded()
    opening.may.set()
    assert (await opened(opening, embedded)).answering.name == "chosen"
    assert embedded.opened == []


async def test_of_one_that_does_not_open_the_reason_is_told_and_the_embedded_model_answers() -> None:
    opening, embedded = Opening(CheckpointError("no such folder")), Embedded()
    opening.may.set()
    backend = await opened(opening, embedded)
    await ask(backend, "automatic")
    assert backend.state == BackendState(failure="no such folder", substitute="model_failed")
    assert backend.answering.name == "embedded"


async def test_when_neither_opens_the_reason_is_that_of_the_chosen_one() -> None:
    def fail() -> Named:
        raise RuntimeError("embedded")

    opening = Opening(CheckpointError("chosen"))
    opening.may.set()
    with pytest.raises(CheckpointError, match="chosen"):
        await open_with_fallback(in_process(opening), in_process(fail), WAIT_S)


async def test_while_the_chosen_one_is_too_slow_only_automatic_requests_go_to_the_embedded_one() -> None:
    opening, embedded = Opening(), Embedded()
    opening.may.set()
    backend = await opened(opening, embedded)
    backend.prefer_smaller(True)
    await ask(backend, "manual")
    assert embedded.opened == [] and backend.answering.name == "chosen"
    await ask(backend, "automatic")
    await ask(backend, "automatic")
    assert backend.answering.name == "embedded"
    backend.prefer_smaller(False)
    await ask(backend, "automatic")
    assert [len(opening.filler.asked), len(embedded.opened), len(embedded.opened[0].asked)] == [2, 1, 2]


async def test_however_slow_the_chosen_one_answers_in_languages_that_the_embedded_one_does_not_know() -> None:
    opening, embedded = Opening(), Embedded()
    opening.may.set()
    backend = await opened(opening, embedded)
    backend.prefer_smaller(True)
    await ask(backend, "automatic", "go")
    assert len(opening.filler.asked) == 1 and embedded.opened == []


async def test_a_model_that_is_left_still_answers_what_it_was_asked() -> None:
    opening, embedded = Opening(), Embedded()
    backend = await opened(opening, embedded, patience_s=0)
    embedded.opened[0].release.clear()
    asked = [asyncio.create_task(ask(backend, "manual")) for _ in range(2)]
    await asyncio.sleep(0)
    await settled(backend, opening)
    await ask(backend, "manual")
    embedded.opened[0].release.set()
    await asyncio.gather(*asked)
    assert [len(made.asked) for made in (embedded.opened[0], opening.filler)] == [2, 1]


async def test_after_the_end_nothing_is_told_and_the_state_can_still_be_read() -> None:
    opening, embedded = Opening(CheckpointError("no such folder")), Embedded()
    opening.may.set()
    backend = await opened(opening, embedded)
    backend.watch(lambda: pytest.fail("told"))
    backend.close()
    await asyncio.sleep(0)
    backend._changed()
    assert backend.state.failure == "no such folder"


class Reading(Named):
    """A model that first has to read, as long as `reads` is set."""

    reads_ahead = True

    def __init__(self) -> None:
        super().__init__("chosen")
        self.reads = True

    def fill(self, request: Request, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        answer = super().fill(request, cancel, on_draft)
        if request.only_reads:
            return NoFill("read", unread=1)
        return NoFill("reading", model="chosen") if self.reads and request.trigger == "automatic" else answer


async def answer_of(backend: FallbackBackend, language: str = "python", **options: Any) -> Filled | NoFill:
    question = Question(FillRequest("a", language, offset=0, **options))
    backend.submit(question)
    async with asyncio.timeout(WAIT_S):
        return await question.answer


@pytest.fixture
async def reading() -> tuple[FallbackBackend, Reading, Embedded]:
    """A chosen model that reads, with the embedded one behind it for Python."""
    opening, embedded = Opening(), Embedded()
    filler = Reading()
    opening.filler = filler
    opening.may.set()
    return await open_with_fallback(in_process(opening), in_process(embedded), WAIT_S, ("python",)), filler, embedded


async def test_while_the_chosen_one_reads_the_embedded_one_answers_in_its_language(
    reading: tuple[FallbackBackend, Reading, Embedded],
) -> None:
    backend, chosen, embedded = reading
    assert isinstance(await answer_of(backend, trigger="automatic"), Filled)
    assert [len(embedded.opened[0].asked), len(chosen.asked)] == [1, 1]
    assert backend.answering.name == "chosen" and backend.state.substitute is None
    chosen.reads = False
    assert isinstance(await answer_of(backend, trigger="automatic"), Filled)
    assert [len(embedded.opened[0].asked), len(chosen.asked)] == [1, 2]


async def test_in_another_language_the_answer_is_that_it_reads_and_nothing_is_opened(
    reading: tuple[FallbackBackend, Reading, Embedded],
) -> None:
    backend, _, embedded = reading
    told = await answer_of(backend, "go", trigger="automatic")
    assert isinstance(told, NoFill) and told.reason == "reading" and embedded.opened == []


async def test_only_the_chosen_one_reads_ahead_and_it_answers_what_the_user_asks(
    reading: tuple[FallbackBackend, Reading, Embedded],
) -> None:
    backend, chosen, embedded = reading
    told = await answer_of(backend, only_reads=True, speculative=True, trigger="automatic")
    assert isinstance(told, NoFill) and told.reason == "read"
    assert isinstance(await answer_of(backend, trigger="manual"), Filled)
    assert [each.asked for each in embedded.opened] == [[]], "open by now, for who types before all is read"
    assert len(chosen.asked) == 2


async def test_before_the_chosen_one_is_open_nothing_is_read_ahead() -> None:
    opening, embedded = Opening(), Embedded()
    backend = await opened(opening, embedded, patience_s=0)
    told = await answer_of(backend, only_reads=True, speculative=True, trigger="automatic")
    assert isinstance(told, NoFill) and told.reason == "model_loading" and embedded.opened[0].asked == []
    opening.may.set()


async def test_a_question_that_is_withdrawn_asks_neither_model_further(
    reading: tuple[FallbackBackend, Reading, Embedded],
) -> None:
    backend, chosen, embedded = reading
    chosen.release.clear()
    question = Question(FillRequest("a", "python", offset=0, trigger="automatic"))
    backend.submit(question)
    await asyncio.to_thread(chosen.started.acquire)
    question.withdraw("superseded")
    answer = await question.answer
    assert isinstance(answer, NoFill) and answer.reason == "superseded"
    chosen.release.set()
    assert isinstance(await answer_of(backend, trigger="manual"), Filled)
    assert embedded.opened == []
