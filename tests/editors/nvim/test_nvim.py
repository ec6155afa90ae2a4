"""Ghost text in a real Neovim: what is drawn on the screen, what is in the buffer, what the server was told."""

from __future__ import annotations

import pytest
from nvim_driver import Nvim
from nvim_session import DEF, KEYS, Session, ghost, sha256, show_ghost, undo_states

pytestmark = pytest.mark.editors

AREA = {"after": "return ", "text": "width * height"}
BODY = {"after": "def total(boxes):", "text": "\n    n = 0\n    return n"}


def line(nvim: Nvim) -> str:
    return nvim.call("nvim_get_current_line")


def test_ghost_text_is_drawn_and_tab_takes_it_as_one_undo_step(session: Session) -> None:
    nvim = session.open(DEF, AREA, keymaps=KEYS)
    show_ghost(nvim, "jAreturn ", "width * height")
    assert nvim.screen.rows()[:2] == ["def area(width, height):", "    return width * height"]
    assert line(nvim) == "    return "
    nvim.keys("<Tab>")
    nvim.until_lua("return vim.api.nvim_get_current_line() == '    return width * height'")
    assert ghost(nvim) is None and nvim.call("nvim_win_get_cursor", 0) == [2, 25]
    nvim.keys(" + 1")
    nvim.until_lua("return vim.api.nvim_get_current_line():sub(-4) == ' + 1'")
    states = [state[1] for state in undo_states(nvim)]
    assert states == ["    return width * height", "    return ", "    "]
    session.until_logged("accepted chars=14 lines=1")


def test_several_lines(session: Session) -> None:
    nvim = session.open("x = 1\n\ny = 2\n", BODY, keymaps=KEYS)
    show_ghost(nvim, "jidef total(boxes):", "\n    n = 0\n    return n")
    rows = ["x = 1", "def total(boxes):", "    n = 0", "    return n", "y = 2"]
    nvim.until(lambda: nvim.screen.rows()[:5] == rows, "the lines below the cursor's")
    nvim.keys("<Tab>")
    nvim.until_lua("return vim.api.nvim_buf_line_count(0) == 5")
    assert nvim.lines() == rows and nvim.call("nvim_win_get_cursor", 0) == [4, 12]


def test_word_by_word_and_line_by_line_and_nothing_flickers(session: Session) -> None:
    nvim = session.open("\n", BODY, keymaps=KEYS)
    show_ghost(nvim, "idef total(boxes):", "\n    n = 0\n    return n")
    first = len(nvim.screen.frames) - 1
    for key, end in (("<C-l>", "    n"), ("<C-j>", "    n = 0"), ("<C-l>", "    return")):
        nvim.keys(key)
        nvim.until_lua("return vim.api.nvim_get_current_line() == ...", end)
        nvim.until_lua("return #vim.api.nvim_buf_get_extmarks(0, require('dg_lsp.draw').NAMESPACE, 0, -1, {}) == 1")
    assert ghost(nvim) == " n"
    nvim.keys("<C-j>")
    nvim.until_lua("return vim.api.nvim_get_current_line() == '    return n'")
    for frame in nvim.screen.frames[first:]:
        assert frame[:3] == ["def total(boxes):", "    n = 0", "    return n"]


def test_typing_into_it_keeps_it_in_every_frame(session: Session) -> None:
    nvim = session.open(DEF, AREA, keymaps=KEYS)
    show_ghost(nvim, "jAreturn ", "width * height")
    first = len(nvim.screen.frames) - 1
    for typed in ("w", "id", "th *"):
        before = ghost(nvim) or ""
        show_ghost(nvim, typed, before[len(typed) :])
    for frame in nvim.screen.frames[first:]:
        assert frame[1] == "    return width * height"
    nvim.keys(" x")
    nvim.until_drawn("return width * x")
    nvim.until_gone("height\n")
    nvim.until(lambda: nvim.screen.rows()[1] == "    return width * x", "a row without ghost text")
    assert ghost(nvim) is None


def test_next_and_previous(session: Session) -> None:
    nvim = session.open(
        "\n", {"after": "ret", "text": "urn a + b"}, {"after": "return ", "text": "b + a"}, keymaps=KEYS
    )
    show_ghost(nvim, "iret", "urn a + b")
    show_ghost(nvim, "urn ", "a + b")
    nvim.keys("<M-n>")
    nvim.until_drawn("return b + a (2/2)")
    nvim.keys("<M-n>")
    nvim.until_drawn("return a + b (1/2)")
    nvim.keys("<M-p>")
    nvim.until_drawn("return b + a (2/2)")
    nvim.keys("<Tab>")
    nvim.until_lua("return vim.api.nvim_get_current_line() == 'return b + a'")


def test_dismissed_it_stays_away_until_the_text_changes_or_it_is_asked_for(session: Session) -> None:
    nvim = session.open(DEF, AREA, keymaps=KEYS)
    show_ghost(nvim, "jAreturn ", "width * height")
    nvim.keys("<C-x>")
    nvim.until_gone("width * height")
    assert ghost(nvim) is None and line(nvim) == "    return "
    show_ghost(nvim, "<M-t>", "width * height")
    nvim.keys("<C-x>")
    nvim.until_gone("width * height")
    show_ghost(nvim, "w", "idth * height")


def test_tab_falls_through(session: Session) -> None:
    """To the key, to Neovim's snippets, to the user's own mapping; and nobody's keys are taken unasked."""
    mine = "vim.keymap.set('i', '<C-l>', function() vim.api.nvim_put({ 'mine' }, 'c', true, true) end)\n"
    mine += "vim.keymap.set('i', '<C-j>', 'plain<lt>', { remap = true })\nvim.o.expandtab = true"
    nvim = session.open("\n", keymaps=KEYS, config=mine)
    nvim.keys("i<Tab>a<C-l><C-j>")
    nvim.until_lua("return vim.api.nvim_get_current_line() == (' '):rep(vim.bo.tabstop) .. 'amineplain<'")
    nvim.keys("<Esc>cc")
    nvim.lua("vim.snippet.expand('f(${1:a}, ${2:b})')")
    nvim.keys("x<Tab>")
    nvim.until_lua("return vim.api.nvim_get_mode().mode == 's'")
    nvim.keys("y")
    nvim.until_lua("return vim.api.nvim_get_current_line() == 'f(x, y)'")


def test_no_key_is_mapped_unless_asked(session: Session) -> None:
    nvim = session.open(DEF, AREA)
    mapped = nvim.lua("""return vim.iter(vim.api.nvim_get_keymap('i')):any(function(map)
      return (map.desc or ''):find('dg-lsp', 1, true) ~= nil end)""")
    assert not mapped
    show_ghost(nvim, "jAreturn ", "width * height")
    nvim.lua("assert(require('dg_lsp').accept())")
    nvim.until_lua("return vim.api.nvim_get_current_line() == '    return width * height'")


def cancelled(session: Session) -> list[int]:
    return [params["id"] for params in session.told("$/cancelRequest")]


def test_a_late_answer_is_dropped_and_what_is_left_is_cancelled(session: Session) -> None:
    """With a server that ignores `$/cancelRequest`."""
    nvim = session.open("\n", cmd=session.late_server())
    completion = "textDocument/inlineCompletion"
    nvim.keys("i")
    session.until_told(completion, 1)
    nvim.keys("x")
    session.until_told(completion, 2)
    assert cancelled(session) == session.told(completion)[:1]
    session.answer(1)
    nvim.keys("<Esc>")
    session.until_told("$/cancelRequest", 2)
    assert cancelled(session) == session.told(completion)
    session.answer(2)
    nvim.keys("a")
    session.until_told(completion, 3)
    session.answer(3)
    nvim.until_drawn("xlate3")
    nvim.keys("<C-c>")
    nvim.until_gone("late3")
    assert not any("late1" in row or "late2" in row for frame in nvim.screen.frames for row in frame)


def test_leaving_insert_mode_cancels_at_the_server(session: Session) -> None:
    nvim = session.open("\n", {"after": "slow", "text": "never", "delay_ms": 60_000})
    nvim.keys("islow")
    nvim.until_lua("""for _, request in pairs(vim.lsp.get_clients()[1].requests) do
      if request.method == 'textDocument/inlineCompletion' and request.type == 'pending' then return true end end""")
    nvim.keys("<Esc>")
    nvim.until_lua("return next(vim.lsp.get_clients()[1].requests) == nil", what="an end of the question")
    assert ghost(nvim) is None
    session.until_logged("reason=cancelled")


@pytest.mark.parametrize(
    ("name", "text", "keys"),
    [
        ("crlf", "def f(a):\r\n    b = 1\r\n\r\n", "jjidef g(b):<CR>pass<CR>"),
        ("emoji", "# 😋 é\nx = 1\n\n", "A 👨‍👩‍👧 ü<CR>y = '🙂' + <Esc>jjA"),
        ("tabs", "def f(a):\n\tif a:\n\t\tpass\n\n", "jjjI<Tab><Tab>z<CR>"),
        ("long", "".join(f"x_{i} = {i}  # é\n" for i in range(5000)) + "\n", "4000GOnew = 1<CR>two = 2<Esc>Gi"),
    ],
)
def test_the_server_has_the_same_text(session: Session, name: str, text: str, keys: str) -> None:
    """Ghost text that is the hash of the server's document, taken, written, and compared with the file."""
    nvim = session.open(text, {"after": "#hash", "echo_hash": True}, config="vim.o.textwidth = 0")
    nvim.keys(keys)
    nvim.keys("#hash")
    ends = "\r\n" if name == "crlf" else "\n"
    nvim.until_lua("return vim.api.nvim_get_current_line():sub(-5) == '#hash'")
    document = ends.join(nvim.lines()) + ends
    nvim.until_drawn("#hash" + sha256(document)[:30])
    nvim.lua("assert(require('dg_lsp').accept())")
    nvim.until_lua("return #vim.api.nvim_get_current_line() > 60")
    nvim.keys("<Esc>:w<CR>")
    nvim.until_lua("return not vim.bo.modified")
    assert session.on_disk().decode() == document.replace("#hash", "#hash" + sha256(document))


def test_crlf_in_a_suggestion_of_several_lines(session: Session) -> None:
    nvim = session.open("x = 1\r\n\r\n", BODY)
    show_ghost(nvim, "jidef total(boxes):", "\n    n = 0\n    return n")
    nvim.lua("assert(require('dg_lsp').accept())")
    nvim.until_lua("return vim.api.nvim_buf_line_count(0) == 4")
    nvim.keys("<Esc>:w<CR>")
    nvim.until_lua("return not vim.bo.modified")
    assert session.on_disk() == b"x = 1\r\ndef total(boxes):\r\n    n = 0\r\n    return n\r\n"


def test_emoji_before_the_cursor(session: Session) -> None:
    nvim = session.open("\n", {"after": "'👍🏽é' + ", "text": "'😋' + x"}, keymaps=KEYS)
    show_ghost(nvim, "is = '👍🏽é' + ", "'😋' + x")
    nvim.keys("<C-l>")
    nvim.until_lua("return vim.api.nvim_get_current_line() == ...", "s = '👍🏽é' + '")
    nvim.keys("<Tab>")
    nvim.until_lua("return vim.api.nvim_get_current_line() == ...", "s = '👍🏽é' + '😋' + x")


def test_tabs_are_drawn_as_wide_as_they_are(session: Session) -> None:
    rule = {"after": "if a:", "text": "\n\t\tx =\t1\n\t\treturn x"}
    nvim = session.open("def f(a):\n\tif a\n", rule, config="vim.o.tabstop = 4")
    nvim.keys("jA:")
    nvim.until_drawn("        x = 1")
    assert nvim.screen.rows()[1:4] == ["    if a:", "        x = 1", "        return x"]
    nvim.lua("assert(require('dg_lsp').accept())")
    nvim.until_lua("return vim.api.nvim_buf_line_count(0) == 4")
    assert nvim.lines()[2:] == ["\t\tx =\t1", "\t\treturn x"]


def test_text_behind_the_cursor_comes_behind_the_suggestion(session: Session) -> None:
    nvim = session.open("call()  # end\n\n", {"after": "call(", "text": "\n    a,\n"}, keymaps=KEYS)
    nvim.keys("$F)i")
    nvim.until(lambda: nvim.screen.rows()[:3] == ["call(", "    a,", ")  # end"], "the end of the line below")
    nvim.keys("<Tab>")
    nvim.until_lua("return vim.api.nvim_buf_line_count(0) == 4")
    assert nvim.lines()[:3] == ["call(", "    a,", ")  # end"]


def test_a_bracket_that_the_editor_closed_is_not_doubled(session: Session) -> None:
    closes = "vim.keymap.set('i', '(', '()<Left>')"
    nvim = session.open("\n", {"after": "x = ", "text": "f(a)"}, keymaps=KEYS, config=closes)
    show_ghost(nvim, "ix = ", "f(a)")
    first = len(nvim.screen.frames) - 1
    nvim.keys("f(")
    nvim.until_lua("return vim.api.nvim_get_current_line() == 'x = f()'")
    nvim.until_drawn("x = f(a)")
    assert all(frame[0] in ("x = f(a)", "x = f(a))") for frame in nvim.screen.frames[first:])
    nvim.keys("<Tab>")
    nvim.until_lua("return vim.api.nvim_get_current_line() == 'x = f(a)'")
