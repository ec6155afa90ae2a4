"""The folder and the sockets in it are this user's alone, or there is no shared engine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dg_lsp.engine import runtime_dir as place
from dg_lsp.engine.engine_connection import EngineLost
from dg_lsp.engine.runtime_dir import EngineUnavailable, folder, is_ours, log_path, peer_uid, socket_path
from dg_lsp.engine.start import connect
from dg_lsp.user_folders import VARIABLE
from tests.dg_lsp.engine.engine_fakes import LocalEngine

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short folder; no variable names any."""
    for name in (VARIABLE, "XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="dgp-") as path:
        yield Path(path)


def test_the_folder_is_made_for_this_user_alone(free: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(free))
    assert folder() == free / "dg-lsp"
    assert folder().stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv(VARIABLE, str(free / "own" / "place"))
    assert folder() == free / "own" / "place"
    assert folder().stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_read_is_closed_to_them(free: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (free / "open").mkdir(mode=0o755)
    monkeypatch.setenv(VARIABLE, str(free / "open"))
    assert folder().stat().st_mode & 0o777 == 0o700


def test_without_a_runtime_folder_the_one_for_temporary_files_is_used(
    free: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(free / "missing"))
    monkeypatch.setattr(place.os, "access", lambda *_: False)
    monkeypatch.setattr(place.tempfile, "gettempdir", lambda: str(free))
    assert folder() == free / f"dg-lsp-{os.geteuid()}"


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_to_is_refused(free: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    (free / "open").mkdir()
    (free / "open").chmod(mode)
    monkeypatch.setenv(VARIABLE, str(free / "open"))
    with pytest.raises(EngineUnavailable, match="chmod 700"):
        folder()


def test_a_folder_that_others_may_replace_is_refused(free: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free.chmod(0o777)
    monkeypatch.setenv(VARIABLE, str(free / "x"))
    with pytest.raises(EngineUnavailable, match="replace"):
        folder()
    free.chmod(0o1777)
    assert folder() == free / "x"


def test_a_link_and_a_file_are_refused(free: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (free / "real").mkdir()
    (free / "link").symlink_to(free / "real")
    (free / "file").touch()
    for name, why in (("link", "not a folder"), ("file", "cannot use")):
        monkeypatch.setenv(VARIABLE, str(free / name))
        with pytest.raises(EngineUnavailable, match=why):
            folder()


@as_root
def test_a_folder_of_another_user_is_refused(free: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (free / "theirs").mkdir(mode=0o700)
    os.chown(free / "theirs", NOBODY, NOBODY)
    monkeypatch.setenv(VARIABLE, str(free / "theirs"))
    with pytest.raises(EngineUnavailable, match="another user"):
        folder()


def test_a_path_too_long_for_a_socket_gets_a_short_one(free: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(free / ("x" * 120)))
    short = folder()
    assert folder() == short
    assert len(os.fsencode(socket_path("0" * 16))) <= place.MAX_SOCKET_BYTES
    monkeypatch.setenv(VARIABLE, str(free / ("y" * 120)))
    other = folder()
    assert other != short
    for made in (short, other):
        made.rmdir()


def test_the_log_is_with_the_user_s_state_or_in_the_folder_that_was_named(
    free: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform != "darwin":
        assert log_path() == Path.home() / ".local" / "state" / "dg-lsp" / "engine.log"
        monkeypatch.setenv("XDG_STATE_HOME", str(free))
        assert log_path() == free / "dg-lsp" / "engine.log"
    monkeypatch.setenv(VARIABLE, str(free))
    assert log_path() == free / "engine.log"


def test_who_is_at_the_other_end_is_known() -> None:
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        assert peer_uid(here) == os.geteuid()
        assert is_ours(there)


async def test_an_engine_refuses_another_user(local: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "peer_uid", lambda _connection: os.geteuid() + 1)
    connection = await local.connection()
    with pytest.raises(EngineLost):
        await connection.opened()
    assert connection.facts is None and connection.lost


def test_a_server_refuses_an_engine_of_another_user(free: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(free / "s"))
        listener.listen()
        monkeypatch.setattr(place, "peer_uid", lambda _connection: os.geteuid() + 1)
        with pytest.raises(EngineUnavailable, match="another user"):
            connect(free / "s")


@as_root
def test_another_user_s_process_gets_nothing_even_through_an_open_folder(free: Path) -> None:
    """A listener that asks who is there, and a real process of another user."""
    free.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(free / "s"))
        (free / "s").chmod(0o666)
        listener.listen()
        code = f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({str(free / 's')!r}); s.recv(1)"
        process = subprocess.Popen(["/usr/bin/env", "python3", "-c", code], user=NOBODY, stderr=subprocess.DEVNULL)
        listener.settimeout(20)
        connection, _ = listener.accept()
        with connection:
            assert peer_uid(connection) == NOBODY
            assert not is_ours(connection)
        process.wait(20)
