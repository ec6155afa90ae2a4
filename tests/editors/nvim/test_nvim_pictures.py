"""What a person sees: suggestion, text and status differ on the screen; its pictures go to `$DG_LSP_SCREENSHOTS`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nvim_driver import Nvim
from nvim_session import KEYS, ROOT, Session
from picture import svg

pytestmark = pytest.mark.editors

COLOUR = "return vim.api.nvim_get_hl(0, { name = ..., link = false }).fg"
STATUSLINE = """
vim.o.statusline = ' %f %m%=%{v:lua.require("dg_lsp").status()} '
vim.o.expandtab, vim.o.shiftwidth = true, 4
"""
INVENTORY = (ROOT / "tests" / "demo" / "inventory.py").read_text("utf-8")
WEIGHTS = ROOT / "model" / "embedded" / "model.safetensors"
TOTAL = "        total = 0\n        for count in self.boxes.values():\n            total += count\n        return total"
SUM = "        return sum(self.boxes.values())"


def resize(nvim: Nvim, rows: int) -> None:
    nvim.call("nvim_ui_try_resize", 84, rows)
    nvim.until(lambda: len(nvim.screen.frames[-1]) == rows, "a smaller screen")


def picture(nvim: Nvim, folder: Path, name: str) -> None:
    folder = Path(os.environ.get("DG_LSP_SCREENSHOTS") or folder)
    folder.mkdir(parents=True, exist_ok=True)
    nvim.call("nvim_command", "redraw")
    drawn = nvim.until(lambda: svg(nvim.screen), "a picture")
    (folder / f"nvim-{name}.svg").write_text(drawn, "utf-8")


def until_colours(nvim: Nvim, before: str, text: str, right: Callable[[set[int]], bool]) -> None:
    """Wait until a text on the screen, which follows another in its row, has the right foreground colours."""

    def drawn() -> bool:
        for row, cells in enumerate(nvim.screen.cells):
            at = "".join(cells).find(before + text)
            if at >= 0:
                styles = nvim.screen.styles[row][at + len(before) :][: len(text)]
                return right({nvim.screen.highlights[style].get("foreground", -1) for style in styles})
        return False

    nvim.until(drawn, f"{text!r} in its colours")


@pytest.mark.weights
@pytest.mark.skipif(not WEIGHTS.is_file(), reason="model/embedded/model.safetensors is missing")
def test_ghost_text_is_dim_until_it_is_taken(runtime_folder: Path, session: Session) -> None:
    session.environment["DG_LSP_RUNTIME_DIR"] = str(runtime_folder)
    nvim = session.open(
        INVENTORY,
        config=STATUSLINE,
        keymaps=KEYS,
        cmd=[sys.executable, "-m", "dg_lsp"],
        settings={"deadlineMs": 60_000},
        name="inventory.py",
    )
    resize(nvim, 22)
    nvim.keys("13GA")
    nvim.until_lua("return require('dg_lsp').visible()", what="ghost text of the model")
    nvim.until_drawn("dg-lsp: ready, ")
    row = nvim.until_drawn("self.name = n")
    assert nvim.call("nvim_get_current_line") == "        self.name = "
    suggested = row.strip().removeprefix("self.name = ")
    dim = nvim.lua(COLOUR, "Comment")
    until_colours(nvim, "self.name = ", suggested, lambda found: found == {dim})
    picture(nvim, session.folder, "ghost-text")
    nvim.keys("<Tab>")
    nvim.until_lua("return vim.api.nvim_get_current_line() == ...", "        self.name = " + suggested)
    until_colours(nvim, "self.name = ", suggested, lambda found: dim not in found)
    picture(nvim, session.folder, "accepted")


def test_the_difference_has_the_colours_of_one(session: Session) -> None:
    rule = {"selected": TOTAL.strip(), "text": SUM.strip()}
    text = INVENTORY.replace("self.name = \n", "self.name = name\n")
    text = text[: text.index("    def total")] + f"    def total(self) -> int:\n{TOTAL}\n"
    nvim = session.open(text, rule, config=STATUSLINE, name="inventory.py")
    resize(nvim, 26)
    nvim.keys("G3k^v3j$h:DgLspRefine high<CR>")
    nvim.until_drawn("+" + SUM)
    nvim.until_drawn("y applies")
    added, removed = (nvim.lua(COLOUR, name) for name in ("Added", "Removed"))
    until_colours(nvim, "", "+" + SUM, lambda found: found == {added})
    until_colours(nvim, "", "-        total = 0", lambda found: found == {removed})
    picture(nvim, session.folder, "rewrite-preview")
