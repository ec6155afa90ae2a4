"""A place in a file that a job is about, and what the model is asked to change there."""

from __future__ import annotations

import msgspec

from infill.holes.target import Target, applied
from infill.jobs.asked import Swap, in_file
from infill.types import Completion, Part, Span


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One place: `about` are the characters of the file that it is about.

    The target's text is the file's, or differs from it by `swaps`. `begins` is a blank that belongs before the answer.
    """

    about: Span
    target: Target
    swaps: tuple[Swap, ...] = ()
    begins: str = ""
    frozen: tuple[str, ...] = ()  # texts that an answer must keep, in this order

    def changes(self, completion: Completion) -> tuple[Part, ...]:
        """Return an answer as changes of the file, in order, none overlapping; those that change nothing are left out.

        Raises `ValueError` for an answer that changes what is frozen.
        """
        text = self.target.text
        parts = self.target.changes(completion)
        if self.swaps or self.begins:
            moved = [in_file(self.swaps, part) for part in parts]
            parts = tuple(msgspec.structs.replace(part, text=self.begins + part.text) for part in moved)
        elif not self.target.inserted:
            parts = tuple(part for part in parts if text[part.span.start : part.span.end] != part.text)
        new = applied(text, completion.parts) if completion.parts else completion.text
        at = 0
        for kept in self.frozen:
            found = new.find(kept, at)
            if found < 0:
                raise ValueError(f"it changes what is frozen: {kept.strip().splitlines()[0][:60]}")
            at = found + len(kept)
        return parts
