"""The default model in a real Neovim: a question that waits for Normal mode, and a command for later."""

from __future__ import annotations

import json
import sys
import time

import pytest
from nvim_driver import Nvim
from nvim_session import DEF, Session

pytestmark = pytest.mark.editors

AREA = {"after": "return ", "text": "width * height"}
FETCH = "Fetch (491 MB, Apache-2.0)"
HERE = "qwen-0.5b is here"
CALM = "vim.o.updatetime = 300"


def opened(session: Session, **settings: object) -> Nvim:
    """A user without the model, with a fetcher that needs no network."""
    session.environment |= {"DG_LSP_RUNTIME_DIR": str(session.folder / "run"), "CI": "", "HF_HUB_OFFLINE": ""}
    fetches = json.dumps([sys.executable, "-m", "tests.fake_fetcher", "good"])
    command = [*session.server(AREA), "--fetch-command", fetches, "--offer-after", "0.2"]
    return session.open(DEF, cmd=command, settings=settings, config=CALM)


def test_the_question_waits_for_normal_mode_and_a_yes_fetches(session: Session) -> None:
    nvim = opened(session)
    nvim.keys("jAreturn ")
    nvim.until_drawn("width * height")
    time.sleep(1)  # the server has asked by now
    assert not any(FETCH in row for frame in nvim.screen.frames for row in frame)
    nvim.keys("<Esc>")
    nvim.until_drawn(FETCH)
    nvim.keys("1<CR>")
    nvim.until_lua("return vim.fn.execute('messages'):find(..., 1, true) ~= nil", HERE)
    assert (session.folder / "data" / "dg-lsp" / "models" / "qwen-0.5b").is_dir()


def test_the_command_fetches_without_a_question(session: Session) -> None:
    nvim = opened(session, offerModel=False)
    nvim.keys(":DgLspFetch<CR>")
    nvim.until_lua("return vim.fn.execute('messages'):find(..., 1, true) ~= nil", HERE)
    assert not any("Not now" in row for frame in nvim.screen.frames for row in frame)
