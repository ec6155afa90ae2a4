"""The process that fetches a model: started when the user said so, at a low priority, and ended with a cancel.

It is the command that people run themselves, so what was fetched before a break is not fetched again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from dg_lsp.child_process import python_environment

NICENESS = 10  # it computes for a minute when it converts, and nobody waits for that
CANCEL_LIMIT_S = 10.0  # for the process to tidy up
_LINE_BYTES = 1 << 20
_SAYS_ITSELF = "infill: "  # how the command begins its last words


class Progress(msgspec.Struct, frozen=True):
    """How far it is, as `infill model fetch --json --progress` writes it."""

    stage: str  # "downloading": bytes; "converting": tensors
    done: int
    total: int


class Failure(msgspec.Struct, frozen=True):
    """Why there is no model; `cancelled` when the user did not want it any more."""

    reason: str
    cancelled: bool = False


class FetchProcess:
    """One run of the command. For the event loop's thread."""

    def __init__(self, command: Sequence[str], on_progress: Callable[[Progress], None]) -> None:
        self._command = command
        self._on_progress = on_progress
        self._process: Process | None = None
        self._cancelled = False

    async def run(self) -> Failure | None:
        """Run it to its end; return why there is no model, None when there is."""
        try:
            self._process = process = await _start(self._command)
        except OSError as error:
            return Failure(f"the command cannot be run ({error.strerror or error})")
        if self._cancelled:
            self._interrupt(process)
        assert process.stdout is not None and process.stderr is not None
        said, _ = await asyncio.gather(process.stderr.read(), self._read(process.stdout))
        code = await process.wait()
        if code == 0:
            return None
        lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
        reason = lines[-1].removeprefix(_SAYS_ITSELF) if lines else f"the command ended with code {code}"
        return Failure(reason, self._cancelled)

    def cancel(self) -> None:
        """End the process; what it has fetched stays. Does not wait."""
        self._cancelled = True
        if self._process is not None and self._process.returncode is None:
            self._interrupt(self._process)

    async def ended(self, limit_s: float) -> None:
        """Wait for the process to end, at most so long. A loop that closes before would kill it at its tidying up."""
        if self._process is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), limit_s)

    def _interrupt(self, process: Process) -> None:
        _signal(process, getattr(signal, "SIGINT", None))
        with contextlib.suppress(RuntimeError):  # no loop any more: the server ends
            asyncio.get_running_loop().call_later(CANCEL_LIMIT_S, _signal, process, None)

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        """Hand on what the process says of its progress; the last line says where the model is."""
        with contextlib.suppress(ValueError):  # a line beyond all measure: then there is no progress to show
            async for line in stdout:
                with contextlib.suppress(msgspec.DecodeError):
                    self._on_progress(msgspec.json.decode(line, type=Progress))
            return
        await stdout.read()


async def _start(command: Sequence[str]) -> Process:
    """Start the command in a process group of its own, so that an end reaches what it starts in turn.

    Not in the workspace: Python and pip would read what lies there.
    """
    options: dict[str, Any] = {"start_new_session": True, "cwd": "/"}
    if os.name == "nt":
        options = {"creationflags": subprocess.BELOW_NORMAL_PRIORITY_CLASS}  # pyright: ignore
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, limit=_LINE_BYTES, env=python_environment(), **options
    )
    if os.name != "nt":
        with contextlib.suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    return process


def _signal(process: Process, number: int | None) -> None:
    """Send a signal to the process and to what it has started; None: end it by force."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, number or signal.SIGKILL)
