"""A tokenizer for servers that take and give text only: a character's id is its Unicode code point.

Ids above the code points mark the parts of a prompt, so that the text of each can be had back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from model.types import Asked

PAD, CONTEXT, SUFFIX, PREFIX = range(0x110000, 0x110004)
N_IDS = 0x110004
NOTHING = Asked()


class Parts(NamedTuple):
    """The texts that a prompt was made of."""

    context: str
    far_suffix: str
    prefix: str


class CodePointTokenizer:
    """`Tokenizer` whose budgets and lengths therefore count characters."""

    pad_id = PAD
    special_ids = frozenset((PAD, CONTEXT, SUFFIX, PREFIX))

    def encode(self, text: str) -> list[int]:
        """The code points of the text."""
        return list(map(ord, text))

    def decode(self, token_ids: Sequence[int]) -> str:
        """The text of code points; marks and pads are left out."""
        return "".join(map(chr, (i for i in token_ids if i < PAD)))

    def split_tail(self, prefix: str) -> tuple[str, str]:
        """All of it is stable: no later character changes the id of an earlier one."""
        return prefix, ""

    def prompt(self, context: str, far_suffix: str, prefix: str, asked: Asked = NOTHING) -> list[int]:
        """Each text behind its mark; what is asked for, and what tools report of it, before the context."""
        reports = "\n".join(f"- {report}" for report in asked.diagnostics)
        told = f"What tools report of it:\n{reports}" if reports else ""
        context = "\n\n".join(filter(None, (asked.instruction, told, context)))
        return [CONTEXT, *self.encode(context), SUFFIX, *self.encode(far_suffix), PREFIX, *self.encode(prefix)]

    def thinking(self, context: str, far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        """Nothing: whether its model thinks first is for the server to say."""
        return []

    def end(self, after: str, asked: Asked = NOTHING) -> list[int]:
        """The text alone: how an answer ends is for the server."""
        return self.encode(after)

    def parts(self, prompt_ids: Sequence[int]) -> Parts:
        """The texts that `prompt` was given."""
        suffix, prefix = prompt_ids.index(SUFFIX), prompt_ids.index(PREFIX)
        return Parts(*map(self.decode, (prompt_ids[:suffix], prompt_ids[suffix:prefix], prompt_ids[prefix:])))
