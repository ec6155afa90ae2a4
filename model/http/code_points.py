"""A tokenizer for servers that take and give text only: a character's id is its Unicode code point.

Ids above the code points mark the parts of a prompt, so that the text of each can be had back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from model.prompt_parts import Asked, PromptFile, joined

PAD, LANGUAGE, TOLD, CONTEXT, SUFFIX, PREFIX = range(0x110000, 0x110006)
N_IDS = 0x110006
NOTHING = Asked()
REPORTED = "What tools report of it:"


class Parts(NamedTuple):
    """The texts that a prompt was made of."""

    language: str
    told: str
    context: str
    far_suffix: str
    prefix: str


class CodePointTokenizer:
    """`Tokenizer` whose budgets and lengths therefore count characters."""

    pad_id = PAD
    special_ids = frozenset((PAD, LANGUAGE, TOLD, CONTEXT, SUFFIX, PREFIX))

    def encode(self, text: str) -> list[int]:
        """The code points of the text."""
        return list(map(ord, text))

    def decode(self, token_ids: Sequence[int]) -> str:
        """The text of code points; marks and pads are left out."""
        return "".join(map(chr, (i for i in token_ids if i < PAD)))

    def split_tail(self, prefix: str) -> tuple[str, str]:
        """All of it is stable: no later character changes the id of an earlier one."""
        return prefix, ""

    def prompt(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked = NOTHING) -> list[int]:
        """Each text behind its mark; what is asked for in words is the instruction, and what tools report."""
        reports = "\n".join(f"- {report}" for report in asked.diagnostics)
        reported = f"{REPORTED}\n{reports}" if reports else ""
        told = "\n\n".join(filter(None, (asked.instruction, reported)))
        parts = zip(
            (LANGUAGE, TOLD, CONTEXT, SUFFIX, PREFIX),
            (asked.language, told, joined(context), far_suffix, prefix),
            strict=True,
        )
        return [i for mark, text in parts for i in (mark, *self.encode(text))]

    def thinking(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        """Nothing: whether its model thinks first is for the server to say."""
        return []

    def end(self, after: str, asked: Asked = NOTHING) -> list[int]:
        """The text alone: how an answer ends is for the server."""
        return self.encode(after)

    def parts(self, prompt_ids: Sequence[int]) -> Parts:
        """The texts that `prompt` was given."""
        starts = [prompt_ids.index(mark) for mark in (LANGUAGE, TOLD, CONTEXT, SUFFIX, PREFIX)]
        ends = (*starts[1:], len(prompt_ids))
        return Parts(*(self.decode(prompt_ids[start:end]) for start, end in zip(starts, ends, strict=True)))
