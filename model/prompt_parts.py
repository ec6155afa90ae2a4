"""What a prompt is made of besides the code around a hole: parts of other files, and what is wanted in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

Purpose = Literal["line", "block", "rewrite"]  # what a hole is for


class PromptFile(msgspec.Struct, frozen=True):
    """A part of another file that a model reads before the code: its path below the project's folder, and its text."""

    path: str
    text: str
    comment: tuple[str, str] = ("", "")  # what begins and ends a comment in its language; empty: it has none

    @property
    def headed(self) -> str:
        """The text below a comment with its path, where the language has comments."""
        opening, closing = self.comment
        return f"{opening} {self.path} {closing}".rstrip() + f"\n{self.text}" if opening else self.text


def joined(files: Sequence[PromptFile]) -> str:
    """The files as one text, each below a comment with its path."""
    return "\n\n".join(file.headed for file in files)


class Asked(msgspec.Struct, frozen=True):
    """What is wanted at a hole, for a model that is told so in words; others read the code around it."""

    purpose: Purpose = "line"
    language: str = ""  # id, as a fence names it
    instruction: str = ""
    diagnostics: tuple[str, ...] = ()  # of what stands there now
    selected: str = ""  # what is to be rewritten
    tail: str = ""  # before it and after the prefix
    rest: str = ""  # of the line on which that ends
    fence: str = "```"  # longer than any in the file
    thought: str = ""  # what the model has thought about it
    path: str = ""  # of the file, below the project's folder; empty where it has none
