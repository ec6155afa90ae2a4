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
from dg_lsp.engine import client as clients
from dg_lsp.engine.client import SharedFiller
from dg_lsp.engine.link import Signal
from dg_lsp.engine.runtime_dir import socket_path
from infill.types import Draft, FillRequest, NoFill
from model.types import CancelToken, CheckpointError
from tests.dg_lsp.engine.engine_fakes import IDENTITY, WAIT_S, FakeFiller, LocalEngine, request, said
from tests.dg_lsp.engine.test_start import COMMAND, gone, starts


async def opened(unload_after_s: float | None = None) -> SharedFiller:
    return await asyncio.to_thread(SharedFiller, IDENTITY, unload_after_s, ("/nowhere/python",))


async def test_it_says_what_the_filler_says(local: LocalEngine) -> None:
    shared = await opened()
    assert (shared.model_name, shared.show_threshold, shared.takes_instructions) == ("fake", 0.5, True)
    assert shared.languages == ("python", "py")
    drafts: list[Draft] = []
    answer = await asyncio.to_thread(shared.fill, request("a"), CancelToken(), drafts.append)
    assert said(answer) == "A"
    assert [draft.step for draft in drafts] == [1, 2]
    assert shared.facts is not None and shared.facts.clients == 1
    shared.close()


async def test_a_killed_engine_may_still_be_connected_to_for_a_moment(
    local: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its listener outlives its connections: who comes in between is never greeted, and comes again."""
    shared, reach = await opened(), clients.reach
    dying: list[socket.socket] = []

    def reach_the_dying(*arguments: object) -> socket.socket:
        if len(dying) == 2:
            return reach(*arguments)  # type: ignore[arg-type]
        ours, theirs = socket.socketpair()
        theirs.close()
        dying.append(ours)
        return ours

    monkeypatch.setattr(clients, "reach", reach_the_dying)
    assert shared._link is not None
    shared._link.close()
    while not shared._link.lost:
        await asyncio.sleep(0.001)
    answer = await asyncio.to_thread(shared.fill, request("a"), CancelToken())
    assert said(answer) == "A" and len(dying) == 2
    shared.close()


async def test_a_cancel_answers_at_once_and_stops_the_model(local: LocalEngine, fake: FakeFiller) -> None:
    shared, token = await opened(), CancelToken()
    running = asyncio.create_task(asyncio.to_thread(shared.fill, request("hold"), token))
    await fake.begun()
    token.cancel()
    assert said(await running) == "cancelled"
    assert said(await asyncio.to_thread(shared.fill, request("b"), CancelToken())) == "B"
    assert fake.cancelled == ["hold"]
    assert said(await asyncio.to_thread(shared.fill, request("c"), token)) == "cancelled"
    assert [asked.text for asked in fake.asked] == ["hold", "b"]


async def test_a_deadline_bounds_the_wait_for_an_engine_that_hangs(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens, and that is all it does."""
    monkeypatch.setattr(clients, "OVERTIME_S", 0.1)
    monkeypatch.setattr("dg_lsp.engine.link.WELCOME_LIMIT_S", 0.1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path(IDENTITY.digest)))
        listener.listen()
        with pytest.raises(Exception, match="does not answer"):
            await opened()
        monkeypatch.setattr(SharedFiller, "_open", lambda _self: None)
        shared = await opened()
        answer = await asyncio.to_thread(shared.fill, request("a", deadline_ms=500), CancelToken())
        assert isinstance(answer, NoFill) and answer.reason == "deadline" and "engine stop" in answer.detail


def test_a_model_that_does_not_open_is_an_error_with_the_reason(runtime_folder: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot read the fill script"):
        SharedFiller(IDENTITY, None, (*COMMAND, "/nowhere.jsonl", "60"))


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
def test_an_engine_killed_in_the_middle_is_replaced_unnoticed(command: tuple[str, ...], trigger: str) -> None:
    shared, killed = SharedFiller(IDENTITY, None, command), list[int]()
    killer = threading.Thread(target=lambda: killed.append(kill("busy")))
    killer.start()
    assert said(shared.fill(cursor("slow", trigger), CancelToken())) == "x"
    killer.join()
    assert shared.facts is not None and killed and shared.facts.process_id not in killed


@pytest.mark.parametrize("trigger", ["manual", "automatic"])
def test_an_engine_killed_while_nobody_asks_is_replaced_unnoticed(command: tuple[str, ...], trigger: str) -> None:
    shared = SharedFiller(IDENTITY, None, command)
    killed, until = kill(), time.monotonic() + WAIT_S
    while (facts := shared.facts) is None or facts.process_id == killed or facts.state != "ready":
        assert time.monotonic() < until, "nobody starts another before there is a question"
        time.sleep(0.005)
    assert said(shared.fill(cursor("quick", trigger), CancelToken())) == "y"
    assert starts() == 2


def test_a_question_asked_while_an_engine_is_replaced_is_answered_late(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model loads for as long as nobody writes to the pipe that the script is."""
    monkeypatch.setattr(clients, "RESTART_S", WAIT_S)
    pipe = runtime_folder / "script.jsonl"
    os.mkfifo(pipe)
    opening = threading.Thread(target=pipe.write_text, args=(SCRIPT,))
    opening.start()
    shared = SharedFiller(IDENTITY, None, (*COMMAND, str(pipe), "60"))
    opening.join()
    kill()
    opening = threading.Timer(0.3, pipe.write_text, (SCRIPT,))
    opening.start()
    assert said(shared.fill(cursor("quick", "automatic", deadline_ms=50), CancelToken())) == "y"
    opening.join()


def test_an_engine_left_on_purpose_is_not_replaced(command: tuple[str, ...]) -> None:
    shared = SharedFiller(IDENTITY, None, command)
    shared.close()
    while shared.facts is not None:
        time.sleep(0.001)
    stop(socket_path(IDENTITY.digest))
    gone(socket_path(IDENTITY.digest))
    assert starts() == 1


async def test_a_connection_that_breaks_while_sending_is_not_used_again(local: LocalEngine) -> None:
    """The reading thread notices last of all; what it then says belongs to the try that failed."""
    shared = await opened()
    link = shared._link
    assert link is not None
    connection, (link._connection, other) = link._connection, socket.socketpair()
    other.close()
    link.forget = lambda number: link._inboxes[number].put(Signal.LOST)
    assert said(await asyncio.to_thread(shared.fill, request("a"), CancelToken())) == "A"
    connection.close()


def test_after_an_end_on_purpose_typing_is_told_that_the_model_loads(runtime_folder: Path) -> None:
    """The model loads for as long as nobody writes to the pipe that the script is."""
    pipe = runtime_folder / "script.jsonl"
    os.mkfifo(pipe)
    opening = threading.Thread(target=pipe.write_text, args=(SCRIPT,))
    opening.start()
    shared = SharedFiller(IDENTITY, None, (*COMMAND, str(pipe), "60"))
    opening.join()
    stop(socket_path(IDENTITY.digest))
    while shared.facts is not None:
        time.sleep(0.001)
    assert said(shared.fill(cursor("quick", "automatic"), CancelToken())) == "model_loading"
    assert shared.facts is not None and shared.facts.state == "loading"
    assert said(shared.fill(cursor("quick", deadline_ms=50), CancelToken())) == "model_loading"
    opening = threading.Timer(0.05, pipe.write_text, (SCRIPT,))
    opening.start()
    assert said(shared.fill(cursor("quick"), CancelToken())) == "y"
    assert said(shared.fill(cursor("quick", "automatic"), CancelToken())) == "y"


def test_what_ends_every_engine_is_a_reason_and_tried_again_later(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "RETRY_S", (0.2, 0.4))
    shared = SharedFiller(IDENTITY, None, command)
    stop(socket_path(IDENTITY.digest))
    shared._command = (sys.executable, "-c", "pass")
    answer = shared.fill(cursor("quick"), CancelToken())
    assert isinstance(answer, NoFill) and answer.reason == "model_failed" and "log" in answer.detail
    shared._command = command
    answer = shared.fill(cursor("quick"), CancelToken())
    assert isinstance(answer, NoFill) and "tried again soon" in answer.detail
    assert starts() == 1  # not even tried
    time.sleep(0.2)
    assert said(shared.fill(cursor("quick"), CancelToken())) == "y"
    assert shared._failures == 0


def test_a_model_that_does_not_open_again_is_not_tried_at_every_key(command: tuple[str, ...]) -> None:
    shared = SharedFiller(IDENTITY, None, command)
    stop(socket_path(IDENTITY.digest))
    shared._command = (*COMMAND, "/nowhere.jsonl", "60")
    answers = [shared.fill(cursor("quick"), CancelToken()) for _ in range(2)]
    assert [said(answer) for answer in answers] == ["model_failed"] * 2
    details = [answer.detail for answer in answers if isinstance(answer, NoFill)]
    assert "cannot read the fill script" in details[0] and "tried again soon" in details[1]


def test_a_cancel_ends_the_wait_for_an_engine_that_never_comes(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    shared, token = SharedFiller(IDENTITY, None, command), CancelToken()
    path = socket_path(IDENTITY.digest)
    stop(path)
    while shared.facts is not None:
        time.sleep(0.001)
    with path.with_suffix(".lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        threading.Timer(0.05, token.cancel).start()
        assert said(shared.fill(cursor("quick"), token)) == "cancelled"
    assert said(shared.fill(cursor("quick"), CancelToken())) == "y"
