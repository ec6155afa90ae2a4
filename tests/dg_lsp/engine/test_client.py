"""The filler that asks an engine: in this process, scripted in another, or none at all."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from dg_lsp.app.engine_cli import peek, stop
from dg_lsp.backend.question import Answer, Question
from dg_lsp.engine import client as clients
from dg_lsp.engine import finder
from dg_lsp.engine.client import EngineClient
from dg_lsp.engine.runtime_dir import socket_path
from infill.types import Draft, FillRequest, NoFill, OnDraft
from model.types import CheckpointError
from tests.dg_lsp.engine.engine_fakes import IDENTITY, WAIT_S, FakeFiller, LocalEngine, request, said
from tests.dg_lsp.engine.test_start import COMMAND, gone, starts


async def opened(command: tuple[str, ...] = ("/nowhere/python",)) -> EngineClient:
    return await EngineClient(IDENTITY, None, command).open()


async def ask(client: EngineClient, request: FillRequest, on_draft: OnDraft | None = None) -> Answer:
    question = Question(request, on_draft)
    client.submit(question)
    async with asyncio.timeout(WAIT_S):
        return await question.answer


async def left(client: EngineClient) -> None:
    """Return when the client knows that its engine is gone."""
    while client.facts is not None:
        await asyncio.sleep(0.001)


async def test_it_says_what_the_filler_says(local: LocalEngine) -> None:
    client = await opened()
    model = client.answering
    assert (model.name, model.show_threshold, model.takes_instructions) == ("fake", 0.5, True)
    assert model.languages == ("python", "py") and client.rewriting == model
    drafts: list[Draft] = []
    answer = await ask(client, request("a"), drafts.append)
    assert said(answer) == "A"
    assert [draft.step for draft in drafts] == [1, 2]
    assert client.state.clients == 1 and client.state.shared and client.state.failure is None
    client.close()


async def test_a_killed_engine_may_still_be_connected_to_for_a_moment(
    local: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its listener outlives its connections: who comes in between is never greeted, and comes again."""
    client, reach = await opened(), finder.reach
    dying: list[socket.socket] = []

    async def reach_the_dying(*arguments: object) -> socket.socket:
        if len(dying) == 2:
            return await reach(*arguments)  # type: ignore[arg-type]
        ours, theirs = socket.socketpair()
        theirs.close()
        dying.append(ours)
        return ours

    monkeypatch.setattr(finder, "reach", reach_the_dying)
    assert client._engine.connection is not None
    client._engine.connection.close()
    await left(client)
    assert said(await ask(client, request("a"))) == "A" and len(dying) == 2
    client.close()


async def test_a_cancel_answers_at_once_and_stops_the_model(local: LocalEngine, fake: FakeFiller) -> None:
    client, question = await opened(), Question(request("hold"))
    client.submit(question)
    await fake.begun()
    question.withdraw()
    assert said(question.answer.result()) == "cancelled"
    assert said(await ask(client, request("b"))) == "B"
    assert fake.cancelled == ["hold"]
    assert [asked.text for asked in fake.asked] == ["hold", "b"]


async def test_a_question_that_is_withdrawn_at_once_is_not_sent(local: LocalEngine, fake: FakeFiller) -> None:
    client, question = await opened(), Question(request("never"))
    client.submit(question)
    question.withdraw()
    assert said(await ask(client, request("b"))) == "B"
    assert [asked.text for asked in fake.asked] == ["b"]


async def test_leaving_waits_for_what_was_asked(local: LocalEngine, fake: FakeFiller) -> None:
    client, question = await opened(), Question(request("hold"))
    client.submit(question)
    await fake.begun()
    client.close()
    fake.release.set()
    assert said(await question.answer) == "HOLD"
    await left(client)


async def test_a_deadline_bounds_the_wait_for_an_engine_that_hangs(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens, and that is all it does."""
    monkeypatch.setattr(clients, "OVERTIME_S", 0.1)
    monkeypatch.setattr("dg_lsp.engine.engine_connection.WELCOME_LIMIT_S", 0.1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path(IDENTITY.digest)))
        listener.listen()
        with pytest.raises(Exception, match="does not answer"):
            await opened()
        answer = await ask(EngineClient(IDENTITY, None), request("a", deadline_ms=500))
        assert isinstance(answer, NoFill) and answer.reason == "deadline" and "engine stop" in answer.detail


async def test_a_model_that_does_not_open_is_an_error_with_the_reason(runtime_folder: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot read the fill script"):
        await opened((*COMMAND, "/nowhere.jsonl", "60"))


SCRIPT = '{"after": "slow", "text": "x", "delay_ms": 300}\n{"after": "quick", "text": "y"}\n'


@pytest.fixture
def command(runtime_folder: Path) -> tuple[str, ...]:
    script = runtime_folder / "script.jsonl"
    script.write_text(SCRIPT)
    return (*COMMAND, str(script), "60")


def cursor(text: str, trigger: str = "manual", deadline_ms: float | None = 20_000) -> FillRequest:
    return FillRequest(text, "python", offset=len(text), trigger=trigger, deadline_ms=deadline_ms)  # type: ignore[arg-type]


def kill(after: str = "ready") -> int:
    """Kill the engine once it is in this state; its process id."""
    path, until = socket_path(IDENTITY.digest), time.monotonic() + WAIT_S
    while (facts := peek(path)) is None or facts.state != after:
        assert time.monotonic() < until
        time.sleep(0.005)
    os.kill(facts.process_id, signal.SIGKILL)
    return facts.process_id


@pytest.mark.parametrize("trigger", ["manual", "automatic"])
async def test_an_engine_killed_in_the_middle_is_replaced_unnoticed(command: tuple[str, ...], trigger: str) -> None:
    client, killed = await opened(command), list[int]()
    killer = threading.Thread(target=lambda: killed.append(kill("busy")))
    killer.start()
    assert said(await ask(client, cursor("slow", trigger))) == "x"
    killer.join()
    assert client.facts is not None and killed and client.facts.process_id not in killed


@pytest.mark.parametrize("trigger", ["manual", "automatic"])
async def test_an_engine_killed_while_nobody_asks_is_replaced_unnoticed(command: tuple[str, ...], trigger: str) -> None:
    client = await opened(command)
    killed, until = await asyncio.to_thread(kill), time.monotonic() + WAIT_S
    while (facts := client.facts) is None or facts.process_id == killed or facts.state != "ready":
        assert time.monotonic() < until, "nobody starts another before there is a question"
        await asyncio.sleep(0.005)
    assert said(await ask(client, cursor("quick", trigger))) == "y"
    assert starts() == 2


async def test_a_question_asked_while_an_engine_is_replaced_is_answered_late(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model loads for as long as nobody writes to the pipe that the script is."""
    monkeypatch.setattr(clients, "RESTART_S", WAIT_S)
    pipe = runtime_folder / "script.jsonl"
    os.mkfifo(pipe)
    opening = threading.Thread(target=pipe.write_text, args=(SCRIPT,))
    opening.start()
    client = await opened((*COMMAND, str(pipe), "60"))
    opening.join()
    await asyncio.to_thread(kill)
    opening = threading.Timer(0.3, pipe.write_text, (SCRIPT,))
    opening.start()
    assert said(await ask(client, cursor("quick", "automatic", deadline_ms=50))) == "y"
    opening.join()


async def test_an_engine_left_on_purpose_is_not_replaced(command: tuple[str, ...]) -> None:
    client = await opened(command)
    client.close()
    await left(client)
    await asyncio.to_thread(stop, socket_path(IDENTITY.digest))
    await asyncio.to_thread(gone, socket_path(IDENTITY.digest))
    assert starts() == 1


async def test_a_connection_that_breaks_while_sending_is_not_used_again(local: LocalEngine) -> None:
    """Nobody has noticed yet when the question is sent."""
    client = await opened()
    broken = client._engine.connection
    assert broken is not None
    broken._writer.transport.abort()
    assert not broken.lost
    assert said(await ask(client, request("a"))) == "A"
    assert client._engine.connection is not broken


async def test_after_an_end_on_purpose_typing_is_told_that_the_model_loads(runtime_folder: Path) -> None:
    """The model loads for as long as nobody writes to the pipe that the script is."""
    pipe = runtime_folder / "script.jsonl"
    os.mkfifo(pipe)
    opening = threading.Thread(target=pipe.write_text, args=(SCRIPT,))
    opening.start()
    client = await opened((*COMMAND, str(pipe), "60"))
    opening.join()
    await asyncio.to_thread(stop, socket_path(IDENTITY.digest))
    await left(client)
    assert said(await ask(client, cursor("quick", "automatic"))) == "model_loading"
    assert client.facts is not None and client.facts.state == "loading"
    assert said(await ask(client, cursor("quick", deadline_ms=50))) == "model_loading"
    opening = threading.Timer(0.05, pipe.write_text, (SCRIPT,))
    opening.start()
    assert said(await ask(client, cursor("quick"))) == "y"
    assert said(await ask(client, cursor("quick", "automatic"))) == "y"


async def test_what_ends_every_engine_is_a_reason_and_tried_again_later(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "RETRY_S", (0.2, 0.4))
    client = await opened(command)
    await asyncio.to_thread(stop, socket_path(IDENTITY.digest))
    client._engine.command = (sys.executable, "-c", "pass")
    answer = await ask(client, cursor("quick"))
    assert isinstance(answer, NoFill) and answer.reason == "model_failed" and "log" in answer.detail
    client._engine.command = command
    answer = await ask(client, cursor("quick"))
    assert isinstance(answer, NoFill) and "tried again soon" in answer.detail
    assert starts() == 1  # not even tried
    await asyncio.sleep(0.2)
    assert said(await ask(client, cursor("quick"))) == "y"
    assert client._failures == 0


async def test_a_model_that_does_not_open_again_is_not_tried_at_every_key(command: tuple[str, ...]) -> None:
    client = await opened(command)
    await asyncio.to_thread(stop, socket_path(IDENTITY.digest))
    client._engine.command = (*COMMAND, "/nowhere.jsonl", "60")
    answers = [await ask(client, cursor("quick")) for _ in range(2)]
    assert [said(answer) for answer in answers] == ["model_failed"] * 2
    details = [answer.detail for answer in answers if isinstance(answer, NoFill)]
    assert "cannot read the fill script" in details[0] and "tried again soon" in details[1]


async def test_a_cancel_ends_the_wait_for_an_engine_that_never_comes(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    client, question = await opened(command), Question(cursor("quick"))
    path = socket_path(IDENTITY.digest)
    await asyncio.to_thread(stop, path)
    await left(client)
    with path.with_suffix(".lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        client.submit(question)
        await asyncio.sleep(0.05)
        question.withdraw()
        assert said(await question.answer) == "cancelled"
    assert said(await ask(client, cursor("quick"))) == "y"
