"""From a model's raw text to what can stand in the hole: an ordered list of small passes.

Each pass is pure, takes the fill and the text around the hole and says why it is there. The clamped suffix makes
overlap impossible for the denoised fills; for the left-to-right draft the overlap passes do the work,
for the others they check it. Refuses to know of parsing: whether the result is code is for the parse check.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import msgspec

from infill.candidates import overlap, reindent
from infill.checks import marks
from infill.prompt.context import lf
from infill.syntax.indentation import BLANK
from infill.syntax.line_breaks import line_break_at
from infill.syntax.quotes import QUOTES
from infill.types import Hole

_LONGEST_CYCLE = 4  # lines; longer repeats are more often meant
_REPEATS = 3
_MAX_BLANK_LINES = 2
_TOO_MANY_BREAKS = re.compile(rf"\n{{{_MAX_BLANK_LINES + 2},}}")


class HoleContext(msgspec.Struct, frozen=True):
    """A hole with the text before and after it, line breaks as LF; `line_break` is what stands around it.

    `quotes` are the characters that open a string in its language.
    """

    hole: Hole
    prefix: str
    suffix: str
    line_break: str
    indent_blocks: bool = False
    quotes: str = QUOTES

    @property
    def left(self) -> str:
        """The hole's line up to the hole."""
        return self.prefix.rpartition("\n")[2]

    @property
    def right(self) -> str:
        """The rest of the line on which the hole ends."""
        return self.suffix.partition("\n")[0]


class Pass(msgspec.Struct, frozen=True):
    """One step: a pure function of the fill and the hole's context, and the reason for it."""

    name: str
    why: str
    apply: Callable[[str, HoleContext], str]


def postprocess(
    fill_text: str, hole: Hole, prefix: str, suffix: str, *, indent_blocks: bool = False, quotes: str = QUOTES
) -> str:
    """Return what should replace the hole, perhaps ''. Line breaks are those around the hole.

    `prefix` and `suffix` are the text around `hole.span`; the fill may hold any line breaks.
    `indent_blocks` says that a line less indented than the hole leaves its block (Python), `quotes` what
    opens a string in the language.
    """
    return trace(fill_text, hole, prefix, suffix, indent_blocks=indent_blocks, quotes=quotes)[-1][1]


def trace(
    fill_text: str, hole: Hole, prefix: str, suffix: str, *, indent_blocks: bool = False, quotes: str = QUOTES
) -> list[tuple[str, str]]:
    """Return the text after each pass that changed it, by pass name; the first entry is the raw text."""
    context = _hole_context(hole, prefix, suffix, indent_blocks, quotes)
    seen = [("raw", fill_text)]
    for step in PASSES:
        text = step.apply(seen[-1][1], context)
        if text != seen[-1][1]:
            seen.append((step.name, text))
    return seen


@functools.lru_cache(maxsize=2)
def _hole_context(hole: Hole, prefix: str, suffix: str, indent_blocks: bool, quotes: str) -> HoleContext:
    """The hole's context, made once for all the fills of a hole."""
    line_break = line_break_at(prefix + suffix, len(prefix))
    return HoleContext(hole, lf(prefix), lf(suffix), line_break, indent_blocks, quotes)


def _plain_breaks(fill: str, _: HoleContext) -> str:
    return lf(fill)


def _document_breaks(fill: str, context: HoleContext) -> str:
    return fill.replace("\n", context.line_break)


def _cut_special(fill: str, context: HoleContext) -> str:
    return fill[: marks.special_token_at(fill, context.prefix, context.suffix)]


def _unfence(fill: str, context: HoleContext) -> str:
    return fill if "```" in context.left else marks.unfenced(fill)


def _one_line(fill: str, context: HoleContext) -> str:
    return fill if context.hole.multiline else fill.partition("\n")[0]


def _outer_blanks(fill: str, context: HoleContext) -> str:
    """Drop blank lines at both ends; of the first line keep its indentation."""
    if not fill.strip():
        return ""
    if context.hole.multiline:
        fill = re.sub(r"\A(?:[ \t\f\v]*\n)+", "", fill)
        return fill.rstrip()
    return fill


def _blank_runs(fill: str, _: HoleContext) -> str:
    fill = re.sub(r"[ \t\f\v]+\n", "\n", fill)
    return _TOO_MANY_BREAKS.sub("\n" * (_MAX_BLANK_LINES + 1), fill)


def _cut_repeats(fill: str, _: HoleContext) -> str:
    """Cut where a run of lines that says something comes for the second of three times in a row."""
    lines = fill.split("\n")
    for at in range(len(lines)):
        for length in range(1, _LONGEST_CYCLE + 1):
            cycle = lines[at : at + length]
            if not any(char.isalnum() for line in cycle for char in line):
                continue  # a run of closing brackets or blank lines is no loop
            if lines[at : at + length * _REPEATS] == cycle * _REPEATS:
                return "\n".join(lines[: at + length])
    return fill


def _seam(fill: str, context: HoleContext) -> str:
    """Keep one blank, not two, where the fill meets the text on its line."""
    if context.left.strip(BLANK) and context.left[-1] in BLANK:
        fill = fill.lstrip(BLANK)
    if not context.right.strip(BLANK) or context.right[0] in BLANK:
        fill = fill.rstrip(BLANK)
    return fill


def _fit_indent(fill: str, context: HoleContext) -> str:
    if not context.hole.multiline:
        # the cursor stands at the indentation already: a line that brings its own would go too far
        return fill if context.left.strip(BLANK) else fill.lstrip(BLANK)
    return reindent.fit(fill, context.hole.indent, context.left, context.prefix, context.quotes)


def _cut_dedent(fill: str, context: HoleContext) -> str:
    """End a fill where it leaves the block it is for."""
    if not (context.indent_blocks and context.hole.multiline and context.hole.kind != "selection"):
        return fill
    return reindent.within(fill, context.hole.indent)


def _cut_next_lines(fill: str, context: HoleContext) -> str:
    if context.right.strip(BLANK):
        return fill
    return overlap.without_next_lines(fill, context.left, context.suffix, context.quotes)


def _trim_overlap(fill: str, context: HoleContext) -> str:
    return overlap.without_overlap(fill, context.left, context.right, context.quotes)


def _drop_closers(fill: str, context: HoleContext) -> str:
    return overlap.without_second_closers(fill, context.left, context.right, context.suffix, context.quotes)


PASSES: tuple[Pass, ...] = (
    Pass("plain_breaks", "the other passes need to know one line break only", _plain_breaks),
    Pass("cut_special", "special tokens and undecodable bytes are no code", _cut_special),
    Pass("unfence", "an instructed model may wrap its answer in a fence", _unfence),
    Pass("one_line", "a hole inside a line takes one line", _one_line),
    Pass("outer_blanks", "blank lines at the ends push code around", _outer_blanks),
    Pass("cut_repeats", "a model that says a thing three times is in a loop", _cut_repeats),
    Pass("fit_indent", "models write a block at column 0 or repeat the cursor's indentation", _fit_indent),
    Pass("cut_dedent", "what is less indented belongs to the code below", _cut_dedent),
    Pass("cut_next_lines", "the code below is there already", _cut_next_lines),
    Pass("trim_overlap", "the text to the right is there already", _trim_overlap),
    Pass("drop_closers", "editors close brackets and quotes themselves", _drop_closers),
    Pass("blank_runs", "more than two blank lines are noise, and so are blanks at line ends", _blank_runs),
    Pass("seam", "two blanks where one belongs", _seam),
    Pass("outer_blanks_again", "cuts leave blank lines at the end", _outer_blanks),
    Pass("document_breaks", "a file keeps its own line breaks", _document_breaks),
)
