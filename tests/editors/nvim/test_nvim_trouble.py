"""What goes wrong, in a real Neovim: a server that ends, a renamed file, a model of no use, refusals of many words."""

from __future__ import annotations

import sys

import psutil
import pytest
from nvim_driver import Nvim
from nvim_session import DEF, PLUGIN, Session, ghost, show_ghost

pytestmark = [pytest.mark.editors, pytest.mark.reports]

AREA = {"after": "return ", "text": "width * height"}
EMBEDDED = [sys.executable, "-m", "dg_lsp", "--no-shared-engine"]


def server_of(nvim: Nvim) -> psutil.Process:
    """The language server; in another Neovim than the newest it has no number in the client."""
    children = psutil.Process(nvim.process.pid).children(recursive=True)
    return next(child for child in children if "--stdio" in child.cmdline())


def health(nvim: Nvim) -> str:
    nvim.call("nvim_command", "checkhealth dg_lsp")
    return "\n".join(nvim.lines())


def test_the_help_is_there_as_the_readme_leaves_it(session: Session) -> None:
    nvim = session.open(DEF, AREA)
    committed = (PLUGIN / "doc" / "tags").read_text("utf-8")
    for subject in ("dg-lsp", "dg-lsp-options", "dg_lsp.setup()"):
        nvim.call("nvim_command", f"help {subject}")
        assert nvim.lua("return vim.fn.expand('%:t')") == "dg-lsp.txt"
    folder = nvim.lua("return vim.fn.stdpath('data') .. '/site/pack/dg-lsp/start/dg-lsp/doc'")
    nvim.call("nvim_command", f"helptags {folder}")
    assert nvim.lua("return table.concat(vim.fn.readfile(...), '\\n') .. '\\n'", f"{folder}/tags") == committed, (
        "write editors/nvim/doc/tags anew: `:helptags editors/nvim/doc`"
    )


def test_a_server_that_was_killed_is_started_again(session: Session) -> None:
    nvim = session.open(DEF, AREA)
    show_ghost(nvim, "jAreturn ", "width * height")
    killed = server_of(nvim)
    killed.kill()
    nvim.until_lua(
        "return vim.fn.execute('messages'):find('the server ended (signal 9) and is started again', 1, true)"
    )
    nvim.until_lua("return (require('dg_lsp').status_info() or {}).state == 'ready'")
    assert server_of(nvim).pid != killed.pid
    nvim.keys("<BS> ")
    nvim.until(lambda: ghost(nvim) == "width * height", "ghost text of the new server")


def test_the_ghost_text_of_a_dead_server_goes(session: Session) -> None:
    nvim = session.open(DEF, AREA)
    show_ghost(nvim, "jAreturn ", "width * height")
    nvim.lua("require('dg_lsp.client').attach = function() end")
    server_of(nvim).kill()
    nvim.until_gone("return width * height")
    assert ghost(nvim) is None and nvim.lua("return require('dg_lsp').visible()") is False


def test_a_server_that_ends_again_and_again_is_given_up(session: Session) -> None:
    command = [sys.executable, "-c", "import sys; '--version' in sys.argv and print('dg-lsp 0.1.0') or sys.exit(3)"]
    nvim = session.start(DEF, "demo.py", "", cmd=command)
    nvim.until_lua("return require('dg_lsp.client').gave_up ~= nil")
    assert nvim.lua("return require('dg_lsp').status()") == "dg-lsp: ended"
    nvim.keys("<CR>")
    nvim.call("nvim_command", "edit! project/other.py")
    assert nvim.lua("return #vim.lsp.get_clients({ name = 'dg_lsp' })") == 0
    report = health(nvim)
    assert "ERROR the server ended 5 times in 3 minutes (exit code 3)" in report and ":DgLspRestart" in report
    nvim.call("nvim_command", "bwipeout!")
    nvim.lua("require('dg_lsp.config').options.cmd = ...", session.server(AREA))
    nvim.call("nvim_command", "edit! project/demo.py")
    nvim.call("nvim_command", "DgLspRestart")
    nvim.until_lua("return (require('dg_lsp').status_info() or {}).state == 'ready'")


@pytest.mark.parametrize("command", ["file project/new.py", "saveas! project/new.py"])
def test_a_renamed_file_goes_on(session: Session, command: str) -> None:
    nvim = session.open(DEF, AREA)
    nvim.call("nvim_command", command)
    show_ghost(nvim, "jAreturn ", "width * height")
    assert nvim.lua("return vim.fn.expand('%:t')") == "new.py"
    assert nvim.lua("return #vim.lsp.get_clients({ name = 'dg_lsp' })") == 1


def test_a_buffer_that_gets_its_name_later(session: Session) -> None:
    nvim = session.open(DEF, AREA)
    nvim.call("nvim_command", "enew")
    nvim.call("nvim_command", "set filetype=python")
    nvim.call("nvim_command", "file project/later.py")
    show_ghost(nvim, "ireturn ", "width * height")


def test_a_dotted_filetype_is_served(session: Session) -> None:
    nvim = session.open(
        "return \n", AREA, config="vim.filetype.add({ extension = { dj = 'python.django' } })", name="a.dj"
    )
    assert nvim.lua("return vim.bo.filetype") == "python.django"
    show_ghost(nvim, "A", "width * height")


@pytest.mark.weights
def test_a_language_that_the_model_does_not_know(session: Session) -> None:
    nvim = session.open("package main\n", name="a.go", cmd=EMBEDDED)
    assert nvim.lua("return require('dg_lsp').status()") == "dg-lsp: the model does not know go"
    assert "WARNING dg-embedded-6m does not know go: project/a.go" in health(nvim)
    nvim.call("nvim_command", "edit! project/b.py")
    nvim.until_lua("return require('dg_lsp').status() == 'dg-lsp: ready'")


@pytest.mark.weights
def test_a_model_that_cannot_be_opened(session: Session) -> None:
    nvim = session.open(
        DEF, cmd=[*EMBEDDED, "--model", str(session.folder / "a" / "folder" / "that" / "is" / "nowhere")]
    )
    assert nvim.lua("return require('dg_lsp').status()") == "dg-lsp: the chosen model could not be opened"
    report = health(nvim)
    assert (
        "the chosen model could not be opened" in report and "no such folder" in report and "ready, model" not in report
    )


def prompts(nvim: Nvim) -> bool:
    return nvim.call("nvim_get_mode")["blocking"]


def test_long_messages_fit_the_window(session: Session) -> None:
    nvim = session.open(DEF, AREA)
    for text in ("word " * 100, "two\nlines", "é😋" * 200, "line\n" * 30):
        nvim.lua("require('dg_lsp.client').tell(...)", text)
        nvim.until_drawn("dg-lsp: " + text[:3])
        assert not prompts(nvim)
    assert "line " * 30 in " ".join(health(nvim).split()) + " "
