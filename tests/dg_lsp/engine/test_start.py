"""Exactly one engine process, whoever asks at the same time and whatever was left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec
import pytest

from dg_lsp.app.engine_cli import engine, holder, peek, stop
from dg_lsp.engine import start as starting
from dg_lsp.engine.client import EngineClient
from dg_lsp.engine.identity import Identity, identity_of
from dg_lsp.engine.runtime_dir import EngineUnavailable, log_path, socket_path
from dg_lsp.engine.start import start_early
from model.types import CheckpointError, ModelSpec
from tests.dg_lsp.engine.engine_fakes import IDENTITY, WAIT_S

COMMAND = (sys.executable, str(Path(__file__).with_name("scripted_engine.py")))


@pytest.fixture
def command(runtime_folder: Path) -> tuple[str, ...]:
    """Starts an engine with an empty script that lingers for a minute."""
    script = runtime_folder / "script.jsonl"
    script.touch()
    return (*COMMAND, str(script), "60")


def reach(identity: Identity, command: tuple[str, ...] = starting.ENGINE_COMMAND) -> socket.socket:
    return asyncio.run(starting.reach(identity, command))


def starts() -> int:
    return log_path().read_text().count("starting version") if log_path().exists() else 0


def test_ten_at_once_start_one(command: tuple[str, ...]) -> None:
    ready, connections = threading.Barrier(10), list[socket.socket]()

    def one() -> None:
        ready.wait(WAIT_S)
        connections.append(reach(IDENTITY, command))

    threads = [threading.Thread(target=one) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(connections) == 10
    path = socket_path(IDENTITY.digest)
    assert peek(path) is not None
    assert starts() == 1
    assert path.stat().st_mode & 0o777 == 0o600
    for connection in connections:
        connection.close()


def test_after_one_that_was_killed_comes_one_more(command: tuple[str, ...]) -> None:
    path = socket_path(IDENTITY.digest)
    killed: list[int] = []
    for _ in range(3):
        with reach(IDENTITY, command):
            facts = peek(path)
            assert facts is not None and facts.process_id not in killed and facts.process_id == holder(path)
            os.kill(facts.process_id, signal.SIGKILL)
            killed.append(facts.process_id)
            gone(path)
        assert path.exists()  # stale
    assert starts() == 3


def gone(path: Path) -> None:
    until = time.monotonic() + WAIT_S
    while holder(path) is not None:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_other_identities_have_other_engines(command: tuple[str, ...]) -> None:
    other = msgspec.structs.replace(IDENTITY, spec=ModelSpec(threads=3))
    with reach(IDENTITY, command), reach(other, command):
        pids = {facts.process_id for i in (IDENTITY, other) if (facts := peek(socket_path(i.digest)))}
    assert len(pids) == 2


def test_an_engine_that_cannot_be_started_is_a_reason(runtime_folder: Path) -> None:
    with pytest.raises(EngineUnavailable, match="cannot be started"):
        reach(IDENTITY, ("/nowhere/python",))
    assert holder(socket_path(IDENTITY.digest)) is None
    assert not socket_path(IDENTITY.digest).exists()


def test_an_engine_that_ends_at_once_is_a_reason(runtime_folder: Path) -> None:
    with pytest.raises(EngineUnavailable, match="ends at once"):
        asyncio.run(EngineClient(IDENTITY, None, (sys.executable, "-c", "raise SystemExit(3)")).open())


def test_a_lock_without_a_listener_is_waited_for_but_not_for_ever(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(starting, "START_LIMIT_S", 0.1)
    path = socket_path(IDENTITY.digest)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EngineUnavailable, match="engine stop"):
            reach(IDENTITY, ("/nowhere/python",))


def test_a_folder_that_cannot_be_written_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.NamedTemporaryFile(dir="/tmp") as file:  # a short path: a long one is replaced by another folder
        monkeypatch.setenv("DG_LSP_RUNTIME_DIR", f"{file.name}/x")
        with pytest.raises(EngineUnavailable, match="DG_LSP_RUNTIME_DIR"):
            reach(IDENTITY)


def test_people_see_and_end_the_engines(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert engine(["status"]) == 0
    assert capsys.readouterr().out == "no engine runs\n"
    with reach(IDENTITY, command):
        path = socket_path(IDENTITY.digest)
        process_id = holder(path)
        while (facts := peek(path)) is None or facts.state == "loading":
            time.sleep(0.01)
        assert engine(["status"]) == 0
        line = capsys.readouterr().out
        assert line.startswith(f"pid {process_id}  ready  model script:script.jsonl  windows 0  waiting 0  ")
        assert engine(["stop"]) == 0
    assert capsys.readouterr().out == f"stopped pid {process_id}\n"
    assert engine(["stop"]) == 0
    assert capsys.readouterr().out == "no engine runs\n"
    assert not path.exists() and holder(path) is None


def test_an_engine_that_does_not_listen_is_ended_by_force(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dg_lsp.app.engine_cli._ANSWER_LIMIT_S", 0.2)
    with reach(IDENTITY, command):
        path = socket_path(IDENTITY.digest)
        while (process_id := holder(path)) is None:
            time.sleep(0.005)
        os.kill(process_id, signal.SIGSTOP)
        assert engine(["status"]) == 0
        assert "does not answer" in capsys.readouterr().out
        assert stop(path) == process_id
    assert holder(path) is None


def test_an_early_engine_is_the_one_that_default_settings_need(
    runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Identity] = []
    monkeypatch.setattr(starting, "start", lambda identity, _path, _command: started.append(identity))
    start_early(ModelSpec())
    assert started == [identity_of(ModelSpec())]
    socket_path("other").touch()
    start_early(ModelSpec())
    assert len(started) == 1  # some engine runs: it may be the one that the settings want
    socket_path("other").unlink()
    start_early(ModelSpec("/nowhere"))
    assert len(started) == 1


def test_an_identity_changes_with_the_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "diffusion_gemma"}')
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    before = identity_of(ModelSpec(str(tmp_path)))
    assert before == identity_of(ModelSpec(f"{tmp_path}/../{tmp_path.name}"))
    assert before.digest != identity_of(ModelSpec(str(tmp_path), threads=1)).digest
    assert before.digest != identity_of(ModelSpec(str(tmp_path), niceness=1)).digest
    (tmp_path / "model.safetensors").write_text("{} ")
    assert before.digest != identity_of(ModelSpec(str(tmp_path))).digest
    with pytest.raises(CheckpointError):
        identity_of(ModelSpec(str(tmp_path / "missing")))


def test_another_format_or_device_is_another_engine(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "diffusion_gemma"}')
    model = str(tmp_path)
    specs = (ModelSpec(model), ModelSpec(model, "int4"), ModelSpec(model, "int4", "cpu"))
    others = [identity_of(spec) for spec in specs]
    assert len({other.digest for other in others}) == 3
