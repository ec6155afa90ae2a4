"""What a real Neovim tells the server of its suggestions, and what the server's word changes in the plugin."""

from __future__ import annotations

import pytest
from nvim_session import DEF, KEYS, Session, show_ghost

pytestmark = pytest.mark.editors

SHOW, PARTLY = "textDocument/didShowCompletion", "textDocument/didPartiallyAcceptCompletion"


def test_the_server_is_told_what_is_shown_and_what_is_taken(session: Session) -> None:
    """Lengths count from the item's start, in UTF-16 units whatever the encoding of positions is."""
    text = "'😋é' + b\n    # end"
    nvim = session.open("\n", keymaps=KEYS, cmd=session.late_server(text))
    session.answer(1)
    show_ghost(nvim, "i", text)
    assert session.until_told(SHOW, 1) == [{"item": {"insertText": text}}]
    for times, (key, units) in enumerate((("<C-l>", 1), ("<C-l>", 4), ("<C-j>", 9), ("<C-l>", 15)), 1):
        nvim.keys(key)
        assert session.until_told(PARTLY, times)[-1] == {"item": {"insertText": text}, "acceptedLength": units}
    show_ghost(nvim, "", " end")
    assert len(session.told(SHOW)) == 1


def test_each_alternative_is_told_once(session: Session) -> None:
    nvim = session.open("\n", keymaps=KEYS, cmd=session.late_server("a + b", "b + a"))
    session.answer(1)
    show_ghost(nvim, "i", "a + b")
    for key, row in (("<M-n>", "b + a (2/2)"), ("<M-n>", "a + b (1/2)"), ("<M-p>", "b + a (2/2)")):
        nvim.keys(key)
        nvim.until_drawn(row)
    assert [told["item"]["insertText"] for told in session.until_told(SHOW, 2)] == ["a + b", "b + a"]


def test_the_server_is_told_where_the_cursor_rests(session: Session) -> None:
    nvim = session.open("one\ntwo\nthree\n", cmd=session.late_server())
    moved = "dgLsp/didMoveCursor"
    assert session.until_told(moved, 1)[0]["position"] == {"line": 0, "character": 0}
    nvim.keys("jjl")
    told = session.until_told(moved, 2)
    assert len(told) == 2 and told[1]["position"] == {"line": 2, "character": 1}
    assert told[1]["textDocument"]["uri"].endswith("/demo.py")


def test_what_could_not_be_answered_in_time_is_asked_again_when_the_server_says_so(session: Session) -> None:
    nvim = session.open("\n", cmd=session.late_server())
    session.answer(1, "nothing")
    nvim.keys("ix")
    session.until_told("textDocument/inlineCompletion", 2)
    session.answer(8)
    nvim.until_drawn("xlate")


@pytest.mark.parametrize("takes", [True, False])
def test_an_instruction_is_asked_for_only_where_it_is_read(session: Session, takes: bool) -> None:
    nvim = session.open("x = 1\n", {"selected": "x = 1", "text": "x = 2"})
    nvim.lua(
        "local takes = ...; require('dg_lsp.status').info = function() return { takesInstructions = takes } end", takes
    )
    nvim.keys(":1DgLspRewrite<CR>")
    if takes:
        nvim.until_drawn("Rewrite how (empty: refill):")
        nvim.keys("<CR>")
    nvim.until_drawn("+x = 2")
    assert takes == any("Rewrite how" in row for frame in nvim.screen.frames for row in frame)


def test_a_folder_that_is_not_trusted(session: Session) -> None:
    """The server is told, and then takes no model from the settings."""
    rule = {"after": "return ", "text": "width * height"}
    nvim = session.start(DEF, "demo.py", "", trusted=False, settings={"model": "/"}, cmd=session.server(rule))
    nvim.until_drawn("'model' is not taken from a workspace that is not trusted")
    nvim.keys("<CR>")
    nvim.until_lua("return (require('dg_lsp').status_info() or {}).state == 'ready'")
    show_ghost(nvim, "GAreturn ", "width * height")
