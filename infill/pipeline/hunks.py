"""What changed between a selection and its new text, as hunks of whole lines that can be taken one by one."""

from __future__ import annotations

from difflib import SequenceMatcher

from infill.types import Part, Span


def hunks(text: str, span: Span, new: str, confidence: float) -> tuple[Part, ...]:
    """Return the changes of the text within a span that make it `new`, in order; equal lines are in none of them."""
    old_lines = text[span.start : span.end].splitlines(keepends=True)
    new_lines = new.splitlines(keepends=True)
    matcher = SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    starts = [span.start]
    for line in old_lines:
        starts.append(starts[-1] + len(line))
    parts: list[Part] = []
    for kind, first, last, new_first, new_last in matcher.get_opcodes():
        if kind != "equal":
            changed = Span(starts[first], starts[last])
            parts.append(Part(changed, "".join(new_lines[new_first:new_last]), round(confidence, 4)))
    return tuple(parts)
