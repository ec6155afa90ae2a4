"""A text as the model is asked about it, which differs from the file's, and the way back for spans in it.

A comment with a marker is not there when the model writes in its place; what the comment says is.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from infill.types import Part, Span


class Swap(msgspec.Struct, frozen=True):
    """`there` of the file is `here` of the asked text."""

    there: Span
    here: Span


def swapped(text: str, swaps: Sequence[tuple[Span, str]]) -> tuple[str, tuple[Swap, ...]]:
    """Return the text with each span replaced, and where those are; spans ascend and do not overlap."""
    parts: list[str] = []
    found: list[Swap] = []
    at = length = 0
    for span, new in swaps:
        parts += [text[at : span.start], new]
        length += span.start - at
        found.append(Swap(span, Span(length, length + len(new))))
        at, length = span.end, length + len(new)
    return "".join([*parts, text[at:]]), tuple(found)


def in_file(swaps: Sequence[Swap], change: Part) -> Part:
    """Return a change of the asked text as one of the file; what touches a swap replaces all of it."""
    start, end = change.span.start, change.span.end
    touched = [swap for swap in swaps if start <= swap.here.end and swap.here.start <= end]
    new_start = min([_moved(swaps, start), *(swap.there.start for swap in touched)])
    new_end = max([_moved(swaps, end), *(swap.there.end for swap in touched)])
    return msgspec.structs.replace(change, span=Span(new_start, new_end))


def _moved(swaps: Sequence[Swap], offset: int) -> int:
    """Return where an offset is in the file; inside a swap, where that begins."""
    shift = 0
    for swap in swaps:
        if offset >= swap.here.end:
            shift = swap.there.end - swap.here.end
        elif offset > swap.here.start:
            return swap.there.start
    return offset + shift
