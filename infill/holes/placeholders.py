"""Bodies that are not yet written: only `pass`, `...`, a TODO comment or the like, and where they are.

In a language of braces the tree shows the body. Where blocks are indentation the lines do, as the grammar
drops a body of comments alone.
"""

from __future__ import annotations

from infill.syntax import indentation as indents
from infill.syntax.indentation import BLANK
from infill.syntax.languages import placeholder_pattern
from infill.syntax.tree import Syntax
from infill.types import Hole, Span

_MAX_PLACEHOLDER = 2_000  # characters; a longer body is never a placeholder


def placeholder_hole(syntax: Syntax, offset: int) -> Hole | None:
    """Return the hole over a body that is only a placeholder, when the cursor is on or just above it; else None."""
    inner = (_python_body if syntax.language.block_style == "indent" else _brace_body)(syntax, offset)
    if inner is None or inner.end - inner.start > _MAX_PLACEHOLDER:
        return None
    found = placeholder_pattern(syntax.language).fullmatch(syntax.text, inner.start, inner.end)
    if found is None:
        return None
    start, end = found.span("placeholders")
    first, last = syntax.line(start), syntax.line(end)
    # a placeholder on the line of the header or the closing brace would need other line breaks
    if syntax.text[first.start : start].strip(BLANK) or syntax.text[end : last.end].strip(BLANK):
        return None
    here = syntax.line(offset)
    on_blank = not syntax.text[here.start : here.end].strip(BLANK)
    begun = syntax.text[here.start : offset].strip(BLANK)  # text of the body that is kept, such as a docstring
    ahead = offset < start and not begun and not syntax.text[offset:start].strip()
    if here.start <= inner.start or not (ahead or (start <= offset <= last.end and not on_blank)):
        return None
    indent = syntax.text[first.start : start]
    if offset < start:
        start = indents.blank_start(syntax, offset, indent)
    return Hole(Span(start, max(end, offset)), "block", indent, multiline=True)


def _brace_body(syntax: Syntax, offset: int) -> Span | None:
    """Return the span between the first and last token of the innermost body around the cursor."""
    node = syntax.enclosing(offset, syntax.language.body_types)
    if node is None or node.child_count < 2:
        return None
    first, last = node.children[0], node.children[-1]
    return Span(syntax.char_offset(first.end_byte), syntax.char_offset(last.start_byte))


def _python_body(syntax: Syntax, offset: int) -> Span | None:
    """Return the lines under the header above the cursor: those as deep as the cursor's line, or deeper."""
    text, here = syntax.text, syntax.line(offset)
    if not text[here.start : here.end].strip(BLANK):
        start = len(text) - len(text[here.end :].lstrip())
        here = syntax.line(start)
    own = indents.width(indents.indent_of(text[here.start : here.end]))
    for above in indents.filled_above(syntax, offset):
        if own == 0 or offset - above.start > _MAX_PLACEHOLDER:
            return None
        if _goes_on_in_string(syntax, above):
            continue
        code = indents.code_of(syntax, above)
        shallower = indents.width(indents.indent_of(text[above.start : above.end])) < own
        if code.endswith(":") and (shallower or indents.begins_inside(syntax, above)):
            return Span(above.end, _body_end(syntax, above, own))
        if shallower:
            return None
    return None


def _body_end(syntax: Syntax, header: Span, own: int) -> int:
    """Return the end of the last line under a header that is at least `own` wide, comments included."""
    text, end, at = syntax.text, header.end, header.end
    while at < len(text) and at - header.end <= _MAX_PLACEHOLDER:
        line = syntax.line(at + (2 if text.startswith("\r\n", at) else 1))
        content = text[line.start : line.end]
        if content.strip(BLANK):
            if indents.width(indents.indent_of(content)) < own and not _goes_on_in_string(syntax, line):
                break
            end = line.end
        at = line.end
    return end


def _goes_on_in_string(syntax: Syntax, line: Span) -> bool:
    """Whether the line begins inside a string, as those of a docstring do, so that it shows no block."""
    first = line.start + indents.n_blanks(syntax.text[line.start : line.end])
    return syntax.enclosing(first, syntax.language.string_types) is not None
