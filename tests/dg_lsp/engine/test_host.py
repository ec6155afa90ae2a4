"""The engine over real sockets, with a filler that the test steers."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import msgspec
import pytest

from dg_lsp.app.engine_cli import peek
from dg_lsp.backend.question import Answer, Question
from dg_lsp.engine.engine_connection import EngineConnection, EngineLost
from dg_lsp.engine.messages import Ask, Cancel, News, Peek, pack
from dg_lsp.engine.runtime_dir import EngineUnavailable
from infill.types import Draft, FillRequest
from model.types import ModelSpec, OnBytes
from tests.dg_lsp.engine.engine_fakes import IDENTITY, WAIT_S, FakeFiller, LocalEngine, request, said

ASKED = Ask(1, b"a", FillRequest("", "python", offset=0), patient=True, drafts=False)


class Window:
    """One client, which sends without waiting."""

    def __init__(self, connection: EngineConnection) -> None:
        self.connection = connection

    def ask(
        self,
        text: str,
        deadline_ms: float | None = None,
        patient: bool = True,
        drafts: bool = False,
        speculative: bool = False,
    ) -> Asked:
        asked = msgspec.structs.replace(request(text, deadline_ms), speculative=speculative)
        shown: list[Draft] = []
        number, coming = self.connection.ask(Question(asked, shown.append if drafts else None), patient)
        return Asked(number, coming, shown)


class Asked:
    """A question that was sent, and what came for it."""

    def __init__(self, number: int, coming: asyncio.Future[Answer], drafts: list[Draft]) -> None:
        self.number, self.coming, self.drafts = number, coming, drafts

    async def answer(self) -> str:
        async with asyncio.timeout(WAIT_S):
            return said(await self.coming)


async def window(local: LocalEngine, unload_after_s: float | None = None) -> Window:
    connection = await local.connection(unload_after_s=unload_after_s)
    await connection.opened()
    return Window(connection)


async def test_the_facts_are_those_of_the_filler(local: LocalEngine) -> None:
    facts = await (await local.connection()).opened()
    assert (facts.state, facts.model, facts.show_threshold, facts.takes_instructions) == ("ready", "fake", 0.5, True)
    assert (facts.clients, facts.queued, facts.failure, facts.device) == (1, 0, None, "cpu")
    assert facts.resident_mib > 1


async def test_answers_go_to_who_asked(local: LocalEngine) -> None:
    one, two = await window(local), await window(local)
    asked = [(w, text, w.ask(text)) for text in ("a", "b", "c") for w in (one, two)]
    for _, text, question in asked:
        assert await question.answer() == text.upper()


async def test_windows_are_served_in_turn(local: LocalEngine, fake: FakeFiller) -> None:
    busy, other = await window(local), await window(local)
    questions = [busy.ask("hold")]
    await fake.begun()
    questions += [busy.ask(f"busy {i}") for i in range(4)]
    await settled(local, 4)
    questions += [other.ask("other 0"), other.ask("other 1")]
    await settled(local, 6)
    fake.release.set()
    for question in questions:
        await question.answer()
    order = [asked.text for asked in fake.asked]
    assert order == ["hold", "other 0", "busy 0", "other 1", "busy 1", "busy 2", "busy 3"]


async def test_what_nobody_waits_for_makes_way_for_every_window(local: LocalEngine, fake: FakeFiller) -> None:
    idle, typing = await window(local), await window(local)
    running = idle.ask("hold ahead", speculative=True)
    await fake.begun()
    waiting = idle.ask("ahead", speculative=True)
    await settled(local, 1)
    assert not fake.cancelled, "no reason yet to make way"
    asked = typing.ask("hold")
    assert await running.answer() == "cancelled"
    await fake.begun()
    late = typing.ask("last")
    await settled(local, 2)
    fake.release.set()
    assert [await question.answer() for question in (asked, late, waiting)] == ["HOLD", "LAST", "AHEAD"]
    assert [request.text for request in fake.asked] == ["hold ahead", "hold", "last", "ahead"]


async def settled(local: LocalEngine, n_waiting: int) -> None:
    """Return when so many questions wait."""
    while local.host.facts().queued != n_waiting:
        await asyncio.sleep(0.001)


async def test_a_cancel_reaches_its_own_question_only(local: LocalEngine, fake: FakeFiller) -> None:
    one, two = await window(local), await window(local)
    running = one.ask("hold 1")
    await fake.begun()
    waiting, others = one.ask("waiting"), two.ask("hold 2")
    assert (running.number, others.number) == (1, 1)  # the same number in another window is another question
    await settled(local, 2)
    two.connection.send(Cancel(waiting.number))  # it has no such question
    one.connection.cancel(waiting.number)
    await settled(local, 1)
    assert not fake.cancelled
    one.connection.cancel(running.number)
    await fake.begun()
    assert fake.cancelled == ["hold 1"]
    fake.release.set()
    assert await others.answer() == "HOLD 2"
    assert [asked.text for asked in fake.asked] == ["hold 1", "hold 2"]


async def test_a_cancelled_question_is_answered_once_all_the_same(local: LocalEngine, fake: FakeFiller) -> None:
    """On the wire: the connection itself does not wait for it."""
    one = await window(local)
    running, waiting = one.ask("hold"), one.ask("waiting")
    await fake.begun()
    for question in (waiting, running):
        one.connection.send(Cancel(question.number))
        one.connection.send(Cancel(question.number))
        assert await question.answer() == "cancelled"
    assert await one.ask("last").answer() == "LAST"


async def test_a_window_that_goes_takes_its_questions_along(local: LocalEngine, fake: FakeFiller) -> None:
    gone, stays = await window(local), await window(local)
    gone.ask("hold 1")
    gone.ask("never")
    await fake.begun()
    question = stays.ask("next")
    await settled(local, 2)
    gone.connection.close()
    assert await question.answer() == "NEXT"
    assert fake.cancelled == ["hold 1"]
    assert [asked.text for asked in fake.asked] == ["hold 1", "next"]
    while stays.connection.facts is None or stays.connection.facts.clients != 1:
        await asyncio.sleep(0.001)


async def test_the_wait_counts_against_the_deadline(local: LocalEngine, fake: FakeFiller) -> None:
    one, two = await window(local), await window(local)
    running = one.ask("hold")
    await fake.begun()
    late, patient = two.ask("late", deadline_ms=30), two.ask("patient", deadline_ms=60_000)
    assert await late.answer() == "deadline"  # while the model is still busy
    fake.release.set()
    assert (await running.answer(), await patient.answer()) == ("HOLD", "PATIENT")
    left_ms = fake.asked[-1].deadline_ms
    assert left_ms is not None and 0 < left_ms < 60_000 - 25


async def test_drafts_come_before_the_answer_to_who_wants_them(local: LocalEngine) -> None:
    one = await window(local)
    wanted, unwanted = one.ask("a", drafts=True), one.ask("b")
    assert await wanted.answer() == "A"
    assert [draft.step for draft in wanted.drafts] == [1, 2]
    assert (await unwanted.answer(), unwanted.drafts) == ("B", [])


async def test_errors_are_answers(local: LocalEngine, caplog: pytest.LogCaptureFixture) -> None:
    one = await window(local)
    assert await one.ask("error quokka").answer() == "model_failed"
    assert "RuntimeError" in caplog.text and "quokka" not in caplog.text
    assert await one.ask("b").answer() == "B"


async def test_an_answer_that_cannot_travel_is_a_reason(local: LocalEngine) -> None:
    one = await window(local)
    assert await one.ask("\ud800").answer() == "model_failed"
    assert await one.ask("b").answer() == "B"


@pytest.mark.parametrize("field", ["protocol", "version", "program", "weights", "spec"])
async def test_another_identity_is_refused_with_a_remedy(local: LocalEngine, field: str) -> None:
    changed: dict[str, object] = {"protocol": 7, "spec": ModelSpec(threads=7)}
    other = msgspec.structs.replace(IDENTITY, **{field: changed.get(field, "x")})
    assert other.digest != IDENTITY.digest
    connection = await local.connection(other)
    with pytest.raises(EngineUnavailable, match=r"another model, version or number of threads.*engine stop"):
        await connection.opened()


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", pack(ASKED), b"\0\0\0\1\xc1", b"\xff" * 9, b"\0"],
)
async def test_a_stranger_costs_nobody_anything(local: LocalEngine, data: bytes) -> None:
    one = await window(local)
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(local.path))
        stranger.sendall(data)
        stranger.shutdown(socket.SHUT_WR)
        stranger.settimeout(WAIT_S)
        answer = await asyncio.to_thread(lambda: b"".join(iter(lambda: stranger.recv(4096), b"")))
    assert answer == b"" or b"refused" in answer
    assert await one.ask("a").answer() == "A"


async def test_a_number_in_use_ends_the_connection(local: LocalEngine, fake: FakeFiller) -> None:
    one = await window(local)
    question = one.ask("hold")
    await fake.begun()
    one.connection.send(msgspec.structs.replace(ASKED, id=question.number))
    with pytest.raises(EngineLost):
        await question.coming
    assert one.connection.refusal is not None and "number in use" in one.connection.refusal


async def test_the_facts_can_be_asked_for(local: LocalEngine, fake: FakeFiller) -> None:
    one = await window(local)
    running, _ = one.ask("hold"), one.ask("waiting")
    await fake.begun()
    facts = await asyncio.to_thread(peek, local.path)
    assert facts is not None
    assert (facts.state, facts.clients, facts.queued) == ("busy", 1, 1)  # who peeks is no client
    one.connection.send(Peek())
    while one.connection.facts is None or one.connection.facts.queued != 1:
        await asyncio.sleep(0.001)
    assert isinstance(News(facts), News) and not running.coming.done()


# Opening, resting, ending.


async def test_while_the_model_opens_the_patient_wait_and_the_others_are_told(
    fake: FakeFiller, runtime_folder: Path
) -> None:
    may_open = threading.Event()

    def open_slowly(on_bytes: OnBytes) -> FakeFiller:
        for n_bytes in (3, 4, 5):  # at once: only the first is told
            on_bytes(n_bytes, 7)
        assert may_open.wait(WAIT_S)
        return fake

    local = LocalEngine(open_slowly)
    one = Window(await local.connection())
    while one.connection.facts is None or one.connection.facts.bytes_loaded != (3, 7):
        await asyncio.sleep(0.001)
    assert await one.ask("typing", patient=False).answer() == "model_loading"
    assert await one.ask("in a hurry", deadline_ms=20).answer() == "model_loading"
    asked, cancelled = one.ask("a"), one.ask("b")
    one.connection.send(Cancel(cancelled.number))
    assert await cancelled.answer() == "cancelled"
    may_open.set()
    assert await asked.answer() == "A"
    facts = one.connection.facts
    assert facts is not None and facts.bytes_loaded is None
    local.host.end("stopped")
    await local.served


async def test_a_model_that_does_not_open_is_told_and_the_engine_ends(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dg_lsp.engine.host.FAILED_S", 0.05)
    may_fail = threading.Event()

    def fail(on_bytes: OnBytes) -> FakeFiller:
        may_fail.wait(WAIT_S)
        raise RuntimeError("no such folder")

    local = LocalEngine(fail)
    one = Window(await local.connection())
    asked = one.ask("a")
    may_fail.set()
    assert await asked.answer() == "model_failed"
    facts = await one.connection.opened()
    assert (facts.state, facts.failure) == ("failed", "no such folder")
    await local.served
    assert not local.path.exists()


async def test_the_engine_ends_after_its_last_client(fake: FakeFiller, runtime_folder: Path) -> None:
    local = LocalEngine(lambda _: fake, linger_s=0.05)
    one = await window(local)
    await asyncio.sleep(0.1)
    assert await one.ask("a").answer() == "A"
    one.connection.close()
    await asyncio.wait_for(local.served, WAIT_S)
    assert not local.path.exists()


async def test_an_engine_that_nobody_came_to_ends(
    fake: FakeFiller, runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dg_lsp.engine.idle_timer.UNMET_S", 0.05)
    await asyncio.wait_for(LocalEngine(lambda _: fake).served, WAIT_S)


async def test_the_model_is_unloaded_when_nobody_has_asked_for_as_long_as_every_window_says(
    fake: FakeFiller, runtime_folder: Path
) -> None:
    local = LocalEngine(lambda _: fake)
    hasty, patient = await window(local, 0.05), await window(local, None)
    await asyncio.sleep(0.15)
    assert not local.served.done()
    held = hasty.ask("hold")
    await fake.begun()
    patient.connection.close()
    await asyncio.sleep(0.15)
    assert not local.served.done()  # somebody asks
    fake.release.set()
    assert await held.answer() == "HOLD"
    await asyncio.wait_for(local.served, WAIT_S)
    while hasty.connection.goodbye is None:
        await asyncio.sleep(0.001)
    assert hasty.connection.goodbye.why == "unloaded"
