"""One small edit that may mend an error."""

from __future__ import annotations

import msgspec

from infill.fixes.report import Trouble
from infill.types import Span


class Edit(msgspec.Struct, frozen=True):
    """Replace `span` by `text`, which is all that changes. `doubt` (nats) is how much less usual it is than others.

    It is counted against the edit where a model judges several.
    """

    span: Span
    text: str
    trouble: Trouble
    doubt: float = 0.0

    def applied(self, text: str) -> str:
        """Return the text with the edit made."""
        return text[: self.span.start] + self.text + text[self.span.end :]
