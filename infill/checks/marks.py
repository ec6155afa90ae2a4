"""Marks of a conversation with a model (special tokens, fences, tags): none of them is ever offered as code.

A model in a server returns plain text, so special tokens that a local tokenizer would bar can come back as letters.
A mark that the document itself contains is allowed, as in the source of a tokenizer or a text with fences.
"""

from __future__ import annotations

import re

# An answer ends where one of these begins: no code is likely to contain them, and what is before them is good.
_SPECIAL_TOKEN = re.compile(
    r"<\|[\w▁-]{1,40}\|>|<｜[^｜\n]{1,40}｜>|<(?:start|end)_of_turn>|<fim_(?:prefix|middle|suffix|pad)>"
    r"|<(?:pad|eos|bos|unk)>|<unused\d+>|<\|?(?:think|channel|turn)\|?>|\ufffd|\x00"
)
# Tags that some model uses, but a document may as well: an answer with one is dropped rather than cut.
_TAG = re.compile(
    r"</?hole\d*\s*/?>"  # ours, see model/http/prompt.py
    r"|<\|[\w./-]+\|>|<｜[^<>｜]*｜>"
    r"|<(?:fim[_-]\w+|file_sep|filename|repo_name|reponame|gh_stars|issue_\w+|jupyter_\w+|commit_\w+"
    r"|endoftext|end_of_text|PRE|SUF|MID|EOT)>"
    r"|\[/?(?:INST|SYS|MASK)\]|<</?SYS>>",
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_OPENING_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\n")
_CLOSING_FENCE = re.compile(r"\n[ \t]*```")


def foreign_mark(text: str, document: str) -> str | None:
    """Return a mark in `text`, an answer for a hole in `document`; None where there is none."""
    for pattern in (_SPECIAL_TOKEN, _TAG, _FENCE):
        for match in pattern.finditer(text):
            if match[0].strip() not in document:
                return match[0].strip()
    return None


def special_token_at(text: str, prefix: str, suffix: str) -> int | None:
    """Return the offset in `text` of the first special token that neither side of the hole has; None without one."""
    found = (match for match in _SPECIAL_TOKEN.finditer(text) if match[0] not in prefix and match[0] not in suffix)
    return next((match.start() for match in found), None)


def unfenced(text: str) -> str:
    """Return what is inside the Markdown fence that opens the text; the text itself where none does. LF only."""
    opened = _OPENING_FENCE.match(text)
    return text if opened is None else _CLOSING_FENCE.split(text[opened.end() :], maxsplit=1)[0]
