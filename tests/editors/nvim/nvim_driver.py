"""Drives a real Neovim as its screen: keys in, the drawn frames and the API's answers out."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import psutil

WAIT_S = 30.0  # generous: a shared machine; what never comes still fails the test
COLUMNS, ROWS = 100, 30


def version_of(program: str) -> tuple[int, ...] | None:
    """The version of a Neovim, None where it does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"NVIM v(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else None


class Screen:
    """The grid as a user interface has it; `frames` holds the rows at each flush."""

    def __init__(self) -> None:
        self._clear(COLUMNS, ROWS)
        self.highlights: dict[int, dict[str, Any]] = {0: {}}  # number of a highlight to its colours and styles
        self.cursor = (0, 0)  # row, column
        self.frames: list[list[str]] = []

    def take(self, event: str, *given: Any) -> None:
        if event == "grid_line":
            self._line(*given[:4])
        elif event == "grid_clear":
            self._clear(len(self.cells[0]), len(self.cells))
        elif event == "grid_resize":
            self._clear(*given[1:3])
        elif event == "grid_scroll":
            self._scroll(*given[1:6])
        elif event == "grid_cursor_goto":
            self.cursor = (given[1], given[2])
        elif event == "hl_attr_define":
            self.highlights[given[0]] = given[1]
        elif event == "default_colors_set":
            self.highlights[0] = {"foreground": given[0], "background": given[1]}
        elif event == "flush":
            self.frames.append(self.rows())

    def rows(self) -> list[str]:
        return ["".join(row).rstrip() for row in self.cells]

    def _clear(self, columns: int, rows: int) -> None:
        self.cells = [[" "] * columns for _ in range(rows)]
        self.styles = [[0] * columns for _ in range(rows)]  # the number of each cell's highlight

    def _line(self, _grid: int, row: int, column: int, cells: list[Any]) -> None:
        style = 0
        for text, *more in cells:
            style = more[0] if more else style  # a cell without one has that of the cell before
            for _ in range(more[1] if len(more) > 1 else 1):
                self.cells[row][column], self.styles[row][column] = text, style
                column += 1

    def _scroll(self, top: int, bottom: int, left: int, right: int, by: int) -> None:
        order = range(top, bottom - by) if by > 0 else range(bottom - 1, top - by - 1, -1)
        for row in order:
            self.cells[row][left:right] = self.cells[row + by][left:right]
            self.styles[row][left:right] = self.styles[row + by][left:right]


class Nvim:
    """One Neovim in a process group of its own; every method may be called from the test's thread only."""

    def __init__(self, program: str, *arguments: str, environment: dict[str, str], folder: Path) -> None:
        self.screen = Screen()
        self._answers: dict[int, list[Any]] = {}
        self._news = threading.Condition()
        self._next_id = 0
        self._ended = False
        self._errors = (folder / "nvim.stderr").open("wb")
        self.process = subprocess.Popen(
            [program, "--embed", "-n", "-i", "NONE", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.call("nvim_ui_attach", COLUMNS, ROWS, {"rgb": True, "ext_linegrid": True})

    def call(self, method: str, *given: Any) -> Any:
        """The answer of an API function."""
        self._next_id += 1
        msg_id = self._next_id
        assert self.process.stdin is not None
        self.process.stdin.write(msgpack.packb([0, msg_id, method, list(given)]))
        self.process.stdin.flush()
        self.until(lambda: msg_id in self._answers, f"answer to {method}")
        error, result = self._answers.pop(msg_id)
        assert error is None, error
        return result

    def lua(self, code: str, *given: Any) -> Any:
        """What a Lua chunk returns."""
        return self.call("nvim_exec_lua", code, list(given))

    def keys(self, keys: str) -> None:
        """Type, in the notation of mappings."""
        self.call("nvim_input", keys)

    def until(self, true: Callable[[], Any], what: str) -> Any:
        """Wait, message by message, until `true()` holds; what it returned."""
        deadline = time.monotonic() + WAIT_S
        with self._news:
            while not (found := true()):
                left = deadline - time.monotonic()
                assert left > 0 and not self._ended, f"no {what}; the screen:\n" + "\n".join(self.screen.rows())
                self._news.wait(left)
        return found

    def until_lua(self, code: str, *given: Any, what: str = "") -> Any:
        """Wait until a Lua chunk returns something true; it is asked again after each message of Neovim's."""
        deadline = time.monotonic() + WAIT_S
        while not (found := self.lua(code, *given)):
            assert time.monotonic() < deadline, f"never: {what or code}\n" + "\n".join(self.screen.rows())
            with self._news:
                self._news.wait(0.02)
        return found

    def until_drawn(self, text: str) -> str:
        """Wait until a row of the screen holds `text`; that row."""
        return self.until(lambda: next((row for row in self.screen.rows() if text in row), None), f"row with {text!r}")

    def until_gone(self, text: str) -> None:
        """Wait until no row of the screen holds `text`."""
        self.until(lambda: not any(text in row for row in self.screen.rows()), f"screen without {text!r}")

    def lines(self) -> list[str]:
        return self.call("nvim_buf_get_lines", 0, 0, -1, True)

    def close(self) -> list[str]:
        """End it with all that it started, but the engine, which outlives it; the names of what had to be killed."""
        children = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
        started = [child for child in children if not _is_engine(child)]
        if self.process.poll() is None:
            self._send_quit()
        _, alive = psutil.wait_procs([psutil.Process(p.pid) for p in started if p.is_running()], timeout=10)
        stubborn = [" ".join(process.cmdline()[:4]) for process in alive if process.is_running()]
        for process in alive:
            process.kill()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            stubborn.append("nvim")
            os.killpg(self.process.pid, 9)
            self.process.wait(10)
        self._reader.join(10)
        self._errors.close()
        return stubborn

    def _send_quit(self) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(msgpack.packb([2, "nvim_command", ["qa!"]]))
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def _read(self) -> None:
        assert self.process.stdout is not None
        unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, unicode_errors="surrogateescape")
        while data := os.read(self.process.stdout.fileno(), 2**16):
            unpacker.feed(data)
            with self._news:
                for message in unpacker:
                    self._take(message)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _take(self, message: list[Any]) -> None:
        if message[0] == 1:
            self._answers[message[1]] = message[2:]
        elif message[0] == 2 and message[1] == "redraw":
            for event, *batches in message[2]:
                for given in batches:
                    self.screen.take(event, *given)


def _is_engine(process: psutil.Process) -> bool:
    try:
        return "dg_lsp.engine" in process.cmdline()
    except psutil.NoSuchProcess:
        return False
