"""Makes the lines of a fill fit an indentation, however the model counted its columns.

A model that saw the text before the cursor writes absolute columns; one that was asked for a block may
write from column 0, or repeat the indentation that the cursor's line has already. The second line of the
fill tells which. All texts here have LF line breaks.
"""

from __future__ import annotations

from infill.candidates.overlap import unclosed
from infill.syntax.blanks import BLANK, indent_of, width
from infill.syntax.indent_units import block_unit
from infill.syntax.quotes import QUOTES

_OPENERS = ("{", "(", "[", ":", "=>")
_BLOCK_OPENERS = ("{", ":", "=>")
_UNITS = (2, 4, 8)
_MAX_LINES_SEEN = 100
_COMMENTS = ("#", "//", "/*", "*", "<!--")


def fit(fill: str, indent: str, left: str, prefix: str, quotes: str = QUOTES) -> str:
    """Return the fill with its first line at `indent` and the rest relative to it.

    `left` is the line before the hole: if blank, what it lacks of `indent` is added to the first line; if
    not, the first line begins in the middle of a line and stays. `prefix` shows whether tabs indent.
    """
    lines = fill.split("\n")
    starts_line = not left.strip(BLANK)
    if starts_line and fill.lstrip(BLANK)[:1] in tuple(")]}"):
        return fill  # it closes the block of the hole, so it does not belong at the hole's indentation
    first_own = indent_of(lines[0]) if starts_line else ""
    base = _base(lines, indent, left + first_own if starts_line else indent, first_own, quotes)
    lines = [lines[0], *_own_style(lines, base, indent, prefix)]
    if starts_line:
        missing = indent[len(left) :] if indent.startswith(left) else ""
        lines[0] = missing + lines[0].lstrip(BLANK)
    return "\n".join(lines)


def within(fill: str, indent: str) -> str:
    """Return the fill up to the first line that is indented less than `indent`."""
    lines = fill.split("\n")
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() and width(indent_of(line)) < width(indent):
            return "\n".join(lines[:number])
    return fill


def _base(lines: list[str], indent: str, absolute: str, first_own: str, quotes: str) -> str:
    """Return the indentation that the fill's first line has in the fill's own way of counting."""
    rest = [line for line in lines[1:] if line.strip()]
    if not rest:
        return absolute
    first = lines[0].strip()
    opens = first.endswith(_OPENERS) and not first.startswith(_COMMENTS)
    closes = rest[0].lstrip(BLANK)[0] in ")]}"
    if closes and not opens:
        return indent  # it closes what stands before the fill, not a line of the fill
    second = width(indent_of(rest[0]))
    guesses = [absolute, indent, first_own]
    if first_own and first_own.startswith(indent):
        guesses = [first_own]  # the first line repeats what the cursor's line has
    for guess in guesses:
        if second > width(guess) if opens and not closes else second == width(guess):
            # after a gap, column 0 is the next definition rather than the same block from column 0
            leaves = not lines[1].strip() and width(guess) < width(indent) and not opens
            return indent if leaves else guess
    same_block = not opens and not unclosed(first, quotes) and not rest[0].lstrip(BLANK).startswith(_COMMENTS)
    if same_block and any(abs(second - width(guess)) == 1 for guess in guesses):
        return indent_of(rest[0])  # one column off: miscounted, not meant
    return indent


def _own_style(lines: list[str], base: str, indent: str, prefix: str) -> list[str]:
    """Move all lines but the first from under `base` to under `indent`, in the unit of the block around."""
    rest = lines[1:]
    steps = [indent_of(line)[len(base) :] for line in rest if indent_of(line).startswith(base)]
    spaces = [len(step) for step in steps if step and not step.strip(" ")]
    unit = min(spaces, default=4)
    own_unit = _unit_around(indent, prefix)
    tabs = "\t" in (own_unit or indent)
    blocks = any(line.rstrip().endswith(_BLOCK_OPENERS) for line in lines[:-1])  # else they are aligned, not indented
    exchanged = own_unit if blocks and unit in _UNITS and all(n % unit == 0 for n in spaces) else None
    moved: list[str] = []
    for line in rest:
        own = indent_of(line)
        if not line.strip():
            moved.append("")
            continue
        if not own.startswith(base):
            moved.append(line)  # left of the base: it leaves the block, as it is
            continue
        step = own[len(base) :]
        if tabs and step and not step.strip(" "):
            step = "\t" * (len(step) // unit) + " " * (len(step) % unit)
        elif not tabs and "\t" in step and indent:
            step = step.expandtabs(4)
        elif not tabs and exchanged is not None and not step.strip(" "):
            step = exchanged * (len(step) // unit)
        moved.append(indent + step + line[len(own) :])
    return moved


def _unit_around(indent: str, prefix: str) -> str | None:
    """Return one level of indentation as the lines above have it, nearest first; None where they have none."""
    end, left = len(prefix), _MAX_LINES_SEEN
    while end > 0 and left:
        start = prefix.rfind("\n", 0, end) + 1
        line, end, left = prefix[start:end], start - 1, left - 1
        own = indent_of(line)
        if line.strip() and (width(own) < width(indent) or (own and not indent)):
            if not indent:
                return "\t" if own.startswith("\t") else None
            return block_unit(indent, own) if line.rstrip().endswith(_OPENERS) else None
    return None
