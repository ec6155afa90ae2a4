"""Rewriting in a real Neovim: what is asked, the difference that is shown, one undo step, and nothing when in doubt."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from nvim_driver import Nvim
from nvim_session import ROOT, Session, undo_states

pytestmark = pytest.mark.editors

CODE = (
    "@keep\n"
    "def total(boxes, start=0):\n"
    "    if boxes:  # 😋\n"
    "        pass\n"
    "    return ...\n"
    "\n"
    "\n"
    "def later(a: int) -> int:\n"
    "    raise NotImplementedError\n"
)
FIRST_LINES = "\n".join(CODE.split("\n")[:4])
RULES: list[dict[str, Any]] = [
    {"free": ["pass", "..."], "texts": ["start += 1", "start"]},
    {"free": ["...", "...", "..."], "texts": ["list", "int", "int"]},
    {"free": ["..."], "texts": ["Add up."]},
    {"selected": "start=0", "strength": 0.15, "text": "start=1"},
    {"selected": "start=0", "strength": 0.4, "text": "start=2"},
    {"selected": "start=0", "strength": 0.8, "text": "start=3"},
    {"selected": "start=0", "text": "first=0"},
    {"selected": "😋", "text": "é"},
    {"selected": FIRST_LINES, "text": FIRST_LINES.replace("@keep", "@keep(1)").replace("pass", "boxes.clear()")},
    {"selected": "def later(a: int) -> int:", "text": "def later(b: int) -> int:"},
    {"after": "-> int:\n    ", "text": "return a\n"},
]
WEIGHTS = ROOT / "model" / "embedded" / "model.safetensors"
FLOAT = "return vim.api.nvim_win_get_config(0).relative ~= ''"


def command(nvim: Nvim, keys: str, shown: str) -> None:
    """Type a command and wait until the preview shows this row."""
    nvim.keys(keys)
    nvim.until_drawn(shown)
    nvim.until_lua(FLOAT)


def text_of(nvim: Nvim) -> str:
    return "\n".join(nvim.lines()) + "\n"


@pytest.mark.parametrize(
    ("keys", "shown", "expected"),
    [
        ("2G:DgLspFillHoles<CR>", "+        start += 1",
         CODE.replace("pass", "start += 1").replace("...", "start")),
        ("2G:DgLspDocstring<CR>", '+    """Add up."""',
         CODE.replace("    if boxes", '    """Add up."""\n    if boxes')),
        ("2G:DgLspTypeHints<CR>", "+def total(boxes: list",
         CODE.replace("boxes, start=0)", "boxes: list, start: int = 0) -> int")),
        ("9G^:DgLspFillBody<CR>", "+    return a", CODE.replace("raise Not", "return a\nraise Not")),
        ("2G/start<CR>v6l:DgLspRefine low<CR>", "+def total(boxes, start=1)", CODE.replace("start=0", "start=1")),
        ("2G/start<CR>v6l:DgLspRefine<CR>", "+def total(boxes, start=2)", CODE.replace("start=0", "start=2")),
        ("2G/start<CR>v6l:DgLspRefine high<CR>", "+def total(boxes, start=3)", CODE.replace("start=0", "start=3")),
        ("2G/start<CR>v6l:DgLspRewrite name it<CR>", "+def total(boxes, first=0)", CODE.replace("start=0", "first=0")),
        ("3G$v:DgLspRewrite shorter<CR>", "+    if boxes:  # é", CODE.replace("😋", "é")),
    ],
)  # fmt: skip
def test_a_command_shows_the_difference_and_is_one_undo_step(
    session: Session, keys: str, shown: str, expected: str
) -> None:
    nvim = session.open(CODE, *RULES)
    command(nvim, keys, shown)
    assert any("│-" in row for row in nvim.screen.rows()) or "Add up" in shown
    nvim.keys("y")
    nvim.until_lua("return vim.api.nvim_win_get_config(0).relative == '' and vim.bo.modified")
    assert text_of(nvim) == expected
    assert undo_states(nvim) == [CODE.splitlines()]


def test_an_instruction_is_asked_for_and_no_means_no(session: Session) -> None:
    nvim = session.open(CODE, *RULES)
    nvim.lua("require('dg_lsp.status').info = function() return { takesInstructions = true } end")
    nvim.keys("2G/start<CR>v6l:DgLspRewrite<CR>")
    nvim.until_drawn("Rewrite how (empty: refill):")
    nvim.keys("name it")
    command(nvim, "<CR>", "+def total(boxes, first=0)")
    nvim.until_drawn("The model follows no instructions")
    nvim.keys("n")
    nvim.until_gone("first=0")
    assert text_of(nvim) == CODE and not nvim.lua("return vim.bo.modified")
    nvim.keys("gv:DgLspRewrite<CR>")
    nvim.until_drawn("Rewrite how (empty: refill):")
    nvim.keys("<Esc>gv:DgLspRewrite! at once<CR>")
    nvim.until_lua("return vim.bo.modified")
    assert text_of(nvim) == CODE.replace("start=0", "first=0")


TWO_CHANGES = ":1,4DgLspRewrite two things<CR>"


def test_changes_are_skipped_one_by_one_and_one_undo_takes_the_others_back(session: Session) -> None:
    nvim = session.open(CODE, *RULES)
    command(nvim, TWO_CHANGES, "+        boxes.clear()")
    nvim.until_drawn("y applies 2 of 2 changes")
    nvim.keys("]cx")
    nvim.until_drawn("y applies 1 of 2 changes")
    assert nvim.until_drawn("-        pass").rstrip("│").endswith("skipped")
    nvim.keys("x")  # taken again
    nvim.until_drawn("y applies 2 of 2 changes")
    nvim.keys("[cx")
    nvim.until_drawn("y applies 1 of 2 changes")
    nvim.keys("y")
    nvim.until_lua("return vim.api.nvim_win_get_config(0).relative == '' and vim.bo.modified")
    assert text_of(nvim) == CODE.replace("pass", "boxes.clear()")
    assert undo_states(nvim) == [CODE.splitlines()]


def test_none_of_the_changes_is_no_change(session: Session) -> None:
    nvim = session.open(CODE, *RULES)
    command(nvim, TWO_CHANGES, "+        boxes.clear()")
    nvim.until_drawn("y applies 2 of 2 changes")
    nvim.keys("x]cx")
    nvim.until_drawn("y applies 0 of 2 changes")
    nvim.keys("y")
    nvim.until_lua("return vim.api.nvim_win_get_config(0).relative == ''")
    assert text_of(nvim) == CODE and not nvim.lua("return vim.bo.modified")


def reads_instructions(session: Session) -> list[str]:
    return [*session.server(*RULES), "--takes-instructions"]


def test_the_last_instructions_are_offered_again_and_kept_for_the_next_neovim(session: Session) -> None:
    def ask(nvim: Nvim) -> None:
        nvim.keys("2G/start<CR>v6l:DgLspRewrite<CR>")
        nvim.until_drawn("Rewrite how (empty: refill):")

    nvim = session.open(CODE, cmd=reads_instructions(session))
    for words in ("name it", "shorter"):
        ask(nvim)
        command(nvim, f"{words}<CR>", "+def total(boxes, first=0)")
        nvim.keys("n")
        nvim.until_gone("first=0")
    ask(nvim)
    nvim.keys("<Up><Up>")
    nvim.until_drawn("Rewrite how (empty: refill): name it")
    nvim.keys("<C-u>s<Tab>")
    nvim.until_drawn("Rewrite how (empty: refill): shorter")
    nvim.keys("<Esc>")
    other = session.open(CODE, cmd=reads_instructions(session))
    ask(other)
    other.keys("<Up>")
    other.until_drawn("Rewrite how (empty: refill): shorter")
    other.keys("<Esc>:DgLspRewrite na<Tab>")
    other.until_drawn("DgLspRewrite name it")
    (kept,) = session.folder.glob("state/**/instructions.json")
    assert json.loads(kept.read_text()) == ["shorter", "name it"] and kept.stat().st_mode & 0o777 == 0o600


def test_no_instruction_is_kept_where_the_option_says_so(session: Session) -> None:
    (kept := session.folder / "state" / "nvim" / "dg_lsp" / "instructions.json").parent.mkdir(parents=True)
    kept.write_text('["of before"]')
    nvim = session.open(CODE, cmd=reads_instructions(session), remember_instructions=False)
    assert not kept.exists()
    nvim.keys("2G/start<CR>v6l:DgLspRewrite<CR>")
    nvim.until_drawn("Rewrite how (empty: refill):")
    command(nvim, "name it<CR>", "+def total(boxes, first=0)")
    assert not kept.exists() and nvim.lua("return vim.fn.histget('input', -1)") == ""


def test_what_changes_while_the_user_is_asked_is_not_rewritten(session: Session) -> None:
    nvim = session.open(CODE, cmd=reads_instructions(session))
    nvim.lua("vim.ui.input = function(_, done) _G.done = done end")
    nvim.keys("2G/start<CR>v6l:DgLspRewrite<CR>")
    nvim.until_lua("return _G.done ~= nil")
    nvim.lua("vim.api.nvim_buf_set_lines(0, 0, 1, true, { '@other' }); _G.done('name it')")
    nvim.until_drawn("The document changed meanwhile: select again.")
    assert text_of(nvim) == CODE.replace("@keep", "@other")


def test_the_code_action_with_dots_asks_how(session: Session) -> None:
    nvim = session.open(CODE, cmd=reads_instructions(session))
    nvim.lua("""vim.ui.select = function(items, _, done)
      for i, item in ipairs(items) do
        if item.action.title == 'Rewrite selection…' then return done(item, i) end
      end
    end""")
    nvim.keys("2G/start<CR>v6l<Cmd>lua vim.lsp.buf.code_action()<CR>")
    nvim.until_drawn("Rewrite how (empty: refill):")
    command(nvim, "name it<CR>", "+def total(boxes, first=0)")
    nvim.keys("y")
    nvim.until_lua("return vim.bo.modified")
    assert text_of(nvim) == CODE.replace("start=0", "first=0")


def test_why_nothing_is_said_in_one_sentence(session: Session) -> None:
    nvim = session.open(CODE, *RULES)
    nvim.keys(":DgLspWhy<CR>")
    nvim.until_drawn("dg-lsp: The last request got an answer.")
    nvim.keys("1G:DgLspFillBody<CR>")
    nvim.until_drawn("no unwritten body is there")
    nvim.keys("<CR>:messages clear<CR>:DgLspWhy<CR>")
    nvim.until_drawn("dg-lsp: There is nothing here to which this applies (no unwritten body is there).")


def test_lines_and_their_ends(session: Session) -> None:
    """Whole lines of a file with CRLF: what is selected has its line ends, and they stay."""
    rule = {"selected": "x = 1\r\ny = 2", "text": "x = 3\ny = 4\nz = 5"}
    nvim = session.open("x = 1\r\ny = 2\r\n", rule)
    command(nvim, ":1,2DgLspRewrite other numbers<CR>", "+z = 5")
    nvim.keys("y")
    nvim.until_lua("return vim.bo.modified")
    nvim.keys(":w<CR>")
    nvim.until_lua("return not vim.bo.modified")
    assert session.on_disk() == b"x = 3\r\ny = 4\r\nz = 5\r\n"


def test_drafts_are_shown_on_the_way(session: Session) -> None:
    rule = {"selected": "start=0", "text": "first=0, last=9", "drafts": 3, "delay_ms": 1200}
    nvim = session.open(CODE, rule)
    command(nvim, "2G/start<CR>v6l:DgLspRewrite more<CR>", "step 1 of 3")
    assert nvim.lua(
        "return vim.iter(vim.api.nvim_buf_get_lines(0, 0, -1, true)):any(function(l) return l:find('^+') end)"
    )
    nvim.keys("y")  # nothing to apply yet
    nvim.until_drawn("y applies")
    assert any("step 2 of 3" in row for frame in nvim.screen.frames for row in frame)
    nvim.keys("y")
    nvim.until_lua("return vim.bo.modified")
    assert text_of(nvim) == CODE.replace("start=0", "first=0, last=9")


@pytest.mark.parametrize("key", ["q", "<Esc>", "n", "<C-w>p"])
def test_closing_the_window_cancels(session: Session, key: str) -> None:
    nvim = session.open(CODE, {"selected": "start=0", "text": "x", "delay_ms": 60_000})
    command(nvim, "2G/start<CR>v6l:DgLspRewrite more<CR>", "n cancels")
    nvim.keys(key)
    nvim.until_gone("n cancels")
    nvim.until_lua("return next(vim.lsp.get_clients()[1].requests) == nil", what="an end of the question")
    assert text_of(nvim) == CODE
    session.until_logged("reason=cancelled")


def test_what_was_made_for_an_older_text_is_not_applied(session: Session) -> None:
    nvim = session.open(CODE, *RULES)
    command(nvim, "2G/start<CR>v6l:DgLspRewrite name it<CR>", "+def total(boxes, first=0)")
    nvim.lua("vim.api.nvim_buf_set_lines(vim.fn.bufnr('demo.py'), 0, 1, true, { '@other' })")
    nvim.keys("y")
    nvim.until_drawn("nothing was applied")
    assert text_of(nvim) == CODE.replace("@keep", "@other")


def test_nothing_to_put_there_is_said(session: Session) -> None:
    nvim = session.open(CODE, *RULES)
    nvim.keys(":1DgLspRewrite x<CR>")
    nvim.until_drawn("The model has nothing to write there")
    nvim.keys("<CR>:1DgLspRefine little<CR>")
    nvim.until_drawn("little is none of low, medium, high")
    nvim.keys("<CR>:1DgLspFix<CR>")
    nvim.until_lua("return vim.fn.execute('messages'):find('nothing to write.*nothing to write') ~= nil")
    nvim.keys("<CR>1G:DgLspFix<CR>")
    nvim.until_drawn("no diagnostic on this line")
    assert text_of(nvim) == CODE


def test_fix_is_about_the_diagnostic_at_the_cursor(session: Session) -> None:
    nvim = session.open(CODE, *RULES)
    nvim.lua("""vim.diagnostic.set(vim.api.nvim_create_namespace('test'), 0, {
      { lnum = 7, col = 10, end_lnum = 7, end_col = 11, message = 'a bad name' } })""")
    command(nvim, "8G:DgLspFix<CR>", "+def later(b: int)")
    nvim.keys("<CR>")
    nvim.until_lua("return vim.bo.modified")
    assert text_of(nvim) == CODE.replace("later(a", "later(b")


def test_code_actions(session: Session) -> None:
    nvim = session.open(CODE, *RULES)
    nvim.lua("vim.ui.select = function(items, _, done) done(items[1], 1) end")
    nvim.keys("2G")
    nvim.lua("""vim.lsp.buf.code_action({ apply = true, filter = function(action)
      return action.title == 'Fill all holes in this function' end })""")
    nvim.until_lua("return vim.bo.modified")
    assert text_of(nvim) == CODE.replace("pass", "start += 1").replace("...", "start")


@pytest.mark.weights
@pytest.mark.skipif(not WEIGHTS.is_file(), reason="model/embedded/model.safetensors is missing")
def test_with_the_embedded_model(runtime_folder: Path, session: Session) -> None:
    """Ghost text that it is sure of is taken; then a hole is filled, or why not is said."""
    session.environment["DG_LSP_RUNTIME_DIR"] = os.environ["DG_LSP_RUNTIME_DIR"]
    box = "class Box:\n    def __init__(self, name: str, size: int) -> None:\n        self.name = name\n"
    text = box + "\n\ndef f(a):\n    ...\n"
    nvim = session.open(text, cmd=[sys.executable, "-m", "dg_lsp"], settings={"manualDeadlineMs": 60_000})
    nvim.keys("3Goself.size = ")
    nvim.until_lua("return require('dg_lsp').visible()", what="ghost text of the model")
    nvim.lua("assert(require('dg_lsp').accept())")
    nvim.until_lua("return #vim.api.nvim_get_current_line() > #'        self.size = '")
    assert nvim.lines()[3].startswith("        self.size = ")
    nvim.keys("<Esc>G:DgLspFillHoles<CR>")
    nvim.until_lua("return vim.fn.execute('messages'):find('dg%-lsp: ') ~= nil or vim.bo.filetype == 'diff'")
