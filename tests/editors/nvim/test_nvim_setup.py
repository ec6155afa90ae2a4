"""Setting the plugin up in a real Neovim: options, finding the server, health, help, status."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest
from nvim_driver import Nvim
from nvim_session import DEF, KEYS, PLUGIN, Session, show_ghost, undo_states

pytestmark = pytest.mark.editors

AREA = {"after": "return ", "text": "width * height"}


def messages(nvim: Nvim) -> str:
    return nvim.call("nvim_exec2", "messages", {"output": True})["output"]


def test_statusline_toggle_and_colours(session: Session) -> None:
    config = "vim.o.laststatus = 2; vim.o.statusline = '%{v:lua.require(\"dg_lsp\").status()}'"
    nvim = session.open(DEF, AREA, config=config)
    nvim.until_drawn("dg-lsp: ready")
    nvim.keys(":DgLspToggle<CR>")
    nvim.until_drawn("ghost text while typing is off")
    nvim.keys("jAreturn <Esc>:DgLspToggle<CR>")
    nvim.until_drawn("ghost text while typing is on")
    assert not any("return width" in row for frame in nvim.screen.frames for row in frame)
    show_ghost(nvim, "A", "width * height")
    nvim.keys("<Esc>:colorscheme blue<CR>")
    nvim.until_lua("return vim.g.colors_name == 'blue'")
    assert nvim.lua("return vim.api.nvim_get_hl(0, { name = 'DgLspGhost' }).link") == "Comment"


def test_the_completion_list_is_left_to_others(session: Session) -> None:
    """The plugin draws ghost text itself; the server offers the list to clients that do not say so."""
    nvim = session.open(DEF, AREA)
    offered = nvim.lua("return vim.lsp.get_clients({ name = 'dg_lsp' })[1].server_capabilities")
    assert "completionProvider" not in offered and "inlineCompletionProvider" in offered


def test_restart(session: Session) -> None:
    nvim = session.open(DEF, AREA)
    before = nvim.lua("return vim.lsp.get_clients({ name = 'dg_lsp' })[1].id")
    nvim.keys(":DgLspRestart<CR>")
    nvim.until_lua("local c = vim.lsp.get_clients({ name = 'dg_lsp' })[1]; return c and c.id > ...", before)
    show_ghost(nvim, "jAreturn ", "width * height")


def test_what_was_asked_while_the_model_was_loading_is_asked_again_when_it_is_there(session: Session) -> None:
    command, script = session.server(), session.folder / "script.jsonl"
    script.unlink()
    os.mkfifo(script)  # holds the model back until it is written
    nvim = session.start(DEF, "demo.py", "", cmd=command)
    nvim.until_lua("return (require('dg_lsp').status_info() or {}).state == 'loading'")
    nvim.keys("jAreturn ")
    session.until_logged("reason=model_loading")
    script.write_text(json.dumps(AREA) + "\n", "utf-8")
    nvim.until_drawn("width * height")


def test_the_help_names_every_option_command_and_function(session: Session) -> None:
    nvim = session.open(DEF, AREA)
    nvim.lua("vim.cmd.helptags(vim.fn.stdpath('data') .. '/site/pack/dg-lsp/start/dg-lsp/doc')")
    assert "dg-lsp-options" in nvim.lua("return vim.fn.getcompletion('dg-lsp', 'help')")
    text = (PLUGIN / "doc" / "dg-lsp.txt").read_text("utf-8")
    options = [*nvim.lua("return vim.tbl_keys(require('dg_lsp.config').defaults)"), "cmd"]
    commands = nvim.lua(
        "return vim.tbl_filter(function(c) return c:find('^DgLsp') end, vim.tbl_keys(vim.api.nvim_get_commands({})))"
    )
    functions = nvim.lua("return vim.tbl_keys(require('dg_lsp'))")
    wanted = [f"*dg-lsp-{name}*" for name in options] + [f"*:{name}*" for name in commands]
    wanted += [f"*dg_lsp.{name}()*" for name in functions]
    assert len(wanted) > 25 and [tag for tag in wanted if tag not in text] == []


def test_checkhealth(session: Session) -> None:
    nvim = session.open(DEF, AREA, keymaps=KEYS)
    nvim.call("nvim_command", "checkhealth dg_lsp")
    report = "\n".join(nvim.lines())
    assert "OK dg-lsp 0.1.0, from the option cmd" in report and "accept: <Tab>" in report
    assert "ready, model script:script.jsonl" in report and "ERROR" not in report and "WARNING" not in report


def test_a_missing_server_is_one_clear_message(session: Session) -> None:
    session.environment["PATH"] = "/nowhere"
    nvim = session.start(DEF, "demo.py", "")
    nvim.until_drawn("no server found ($VIRTUAL_ENV, PATH); :checkhealth dg_lsp")
    nvim.keys(":edit project/other.py<CR>")
    nvim.until_lua("return vim.fn.expand('%:t') == 'other.py'")
    assert messages(nvim).count("dg-lsp:") == 1
    assert nvim.lua("return require('dg_lsp').status()") == "dg-lsp: not found"
    nvim.call("nvim_command", "checkhealth dg_lsp")
    report = "\n".join(nvim.lines())
    assert "ERROR no server found" in report and "python3 -m pip install PATH" in report


def test_an_old_server_is_named(session: Session) -> None:
    nvim = session.start(DEF, "demo.py", "", cmd=[sys.executable, "-c", "print('dg-lsp 0.0.9')"])
    nvim.until_drawn("the server from the option cmd is 0.0.9, older than 0.1.0; :checkhealth dg_lsp")


def test_the_server_of_the_virtual_environment_comes_first(session: Session) -> None:
    for where in ("venv", "path"):
        program = session.folder / where / "bin" / "dg-lsp"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec {" ".join(session.server(AREA))} "$@"\n')
        program.chmod(0o755)
    session.environment["PATH"] = f"{session.folder}/path/bin:{session.environment['PATH']}"
    session.environment["VIRTUAL_ENV"] = str(session.folder / "venv")
    nvim = session.start(DEF, "demo.py", "")
    nvim.until_lua("return (require('dg_lsp').status_info() or {}).state == 'ready'")
    assert nvim.lua("return require('dg_lsp.client').found.source") == "$VIRTUAL_ENV"
    show_ghost(nvim, "jAreturn ", "width * height")


@pytest.mark.parametrize(
    ("options", "why"),
    [({"keymap": {}}, "unknown option keymap"), ({"keymaps": {"tab": "x"}}, "unknown option keymaps.tab"),
     ({"ghost_text": "mine"}, "ghost_text"), ({"preview": "no"}, "preview")],
)  # fmt: skip
def test_a_bad_option_is_named(session: Session, options: dict[str, Any], why: str) -> None:
    nvim = session.start("", "demo.txt", "")
    told = nvim.lua("return { pcall(require('dg_lsp').setup, vim.json.decode(...)) }", json.dumps(options))
    assert told[0] is False and why in told[1]


@pytest.mark.parametrize(
    ("accept", "first", "rest"), [("accept", "width * height", ""), ("accept_word", "width", " * height")]
)
def test_the_built_in_completion_with_our_way_of_taking_it(
    session: Session, accept: str, first: str, rest: str
) -> None:
    if "0.11" in session.program_version:
        nvim = session.start("", "demo.txt", "")
        refused = nvim.lua("return { pcall(require('dg_lsp').setup, { ghost_text = 'builtin' }) }")
        assert refused[0] is False and "needs Neovim 0.12" in refused[1]
        return
    nvim = session.open(DEF, AREA, ghost_text="builtin", keymaps=KEYS)
    nvim.keys("jAreturn ")
    nvim.until_drawn("return width * height")
    nvim.lua("assert(require('dg_lsp')[...]())", accept)
    nvim.until_lua("return vim.api.nvim_get_current_line() == ...", "    return " + first)
    if rest:
        nvim.until_drawn("return width * height")
        nvim.keys("<Tab>")
        nvim.until_lua("return vim.api.nvim_get_current_line() == '    return width * height'")
    nvim.until_lua("return vim.fn.execute('messages'):find('Error') == nil")
    steps = ["    return width * height", "    return width"] if rest else ["    return width * height"]
    states = [state[1] for state in undo_states(nvim)]
    assert states[-2:] == ["    return ", "    "] and states[:-2] == steps[1:]
    session.until_logged("accepted chars")
