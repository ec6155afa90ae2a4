"""Marks of a conversation with a model (special tokens, fences, tags): none of them is ever offered as code.

A model in a server returns plain text, so special tokens that a local tokenizer would bar can come back as letters.
"""

from __future__ import annotations

import re

_MARK = re.compile(
    r"</?hole\d*\s*/?>"  # ours, see model/http/prompt.py
    r"|<\|[\w./-]+\|>|<｜[^<>｜]*｜>"  # special tokens of most tokenizers
    r"|<(?:fim[_-]\w+|file_sep|filename|repo_name|reponame|gh_stars|issue_\w+|jupyter_\w+|commit_\w+"
    r"|start_of_turn|end_of_turn|endoftext|end_of_text|PRE|SUF|MID|EOT|pad|eos|bos|unk)>"
    r"|\[/?(?:INST|SYS|MASK)\]|<</?SYS>>",
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


def foreign_mark(text: str, document: str) -> str | None:
    """Return a mark in `text`, an answer for a hole in `document`; None where there is none.

    A mark that the document itself contains is allowed, as in the source of a tokenizer or a text with fences.
    """
    for pattern in (_MARK, _FENCE):
        for match in pattern.finditer(text):
            if match[0].strip() not in document:
                return match[0].strip()
    return None
