"""Which holes an answer leaves as they are, and why, in one line for the user."""

from __future__ import annotations

from infill.types import LeftHole

MAX_NAMED = 5  # holes; of more, how many there are says enough
_MAX_TEXT = 40  # characters of a placeholder


def left_detail(text: str, left: list[LeftHole]) -> str:
    """Return a sentence about the holes of the document `text` that are left; empty where none is."""
    if not left:
        return ""
    named: list[str] = []
    for hole in left[:MAX_NAMED]:
        before = text[: hole.span.start]
        line = before.count("\n") + before.count("\r") - before.count("\r\n") + 1
        held = text[hole.span.start : hole.span.end].strip().split("\n")[0].rstrip()[:_MAX_TEXT]
        named.append(f"line {line}" + (f" ({held})" if held else "") + f": {hole.why}")
    more = f"; and {len(left) - MAX_NAMED} more" if len(left) > MAX_NAMED else ""
    what = "One hole is left" if len(left) == 1 else f"{len(left)} holes are left"
    return f"{what}: {'; '.join(named)}{more}."
