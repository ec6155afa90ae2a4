"""Draws the screen that a test has in front of it as an SVG picture, cell for cell, in Neovim's own colours."""

from __future__ import annotations

from itertools import groupby
from xml.sax.saxutils import escape

from nvim_driver import Screen

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE, BASELINE = 8, 18, 13, 13


def svg(screen: Screen) -> str:
    """The picture's text; each run of cells with one look is a rectangle and a text as wide as its cells."""
    columns, rows = len(screen.cells[0]), len(screen.cells)
    width, height = columns * CELL_WIDTH, rows * CELL_HEIGHT
    _, background = _colours(screen, 0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"',
        f' font-family="ui-monospace, DejaVu Sans Mono, Consolas, monospace" font-size="{FONT_SIZE}">',
        f'<rect width="{width}" height="{height}" fill="{background}"/>\n',
    ]
    for row in range(rows):
        looks = [(screen.styles[row][column], (row, column) == screen.cursor) for column in range(columns)]
        for look, run in groupby(range(columns), key=looks.__getitem__):
            cells = list(run)
            text = "".join(screen.cells[row][column] for column in cells)
            parts.append(_run(screen, look, row, cells[0], len(cells), text))
    return "".join(parts) + "</svg>\n"


def _run(screen: Screen, look: tuple[int, bool], row: int, column: int, n_cells: int, text: str) -> str:
    style, is_cursor = look
    foreground, background = _colours(screen, style)
    if is_cursor:
        foreground, background = background, foreground
    x, y, width = column * CELL_WIDTH, row * CELL_HEIGHT, n_cells * CELL_WIDTH
    drawn = ""
    if background != _colours(screen, 0)[1]:
        drawn = f'<rect x="{x}" y="{y}" width="{width}" height="{CELL_HEIGHT}" fill="{background}"/>'
    if shown := text.strip():
        x += CELL_WIDTH * (len(text) - len(text.lstrip()))
        width -= CELL_WIDTH * (len(text) - len(shown))
        weight = ' font-weight="bold"' if screen.highlights.get(style, {}).get("bold") else ""
        where = f'x="{x}" y="{y + BASELINE}" textLength="{width}" lengthAdjust="spacingAndGlyphs"'
        drawn += f'<text {where} fill="{foreground}"{weight} xml:space="preserve">{escape(shown)}</text>'
    return drawn + "\n" if drawn else ""


def _colours(screen: Screen, style: int) -> tuple[str, str]:
    """Foreground and background of a highlight."""
    look = screen.highlights[0] | screen.highlights.get(style, {})
    foreground, background = f"#{look['foreground']:06x}", f"#{look['background']:06x}"
    return (background, foreground) if look.get("reverse") else (foreground, background)
