"""Marks that belong to a conversation with a model and to no program: none is ever offered as code.

A model that runs in a server gives plain text, so what its tokenizer would have barred can come back as letters.
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
    """Return a mark that stands in `text`, an answer for a place in `document`, or None.

    What the document itself says is no mark there: somebody writes a tokenizer, or a text with fences in it.
    """
    for pattern in (_MARK, _FENCE):
        for match in pattern.finditer(text):
            if match[0].strip() not in document:
                return match[0].strip()
    return None
