"""Excerpts of other files as the beginning of a prompt, each whole and below its path, within a budget of tokens.

Depends on nothing that typing changes, so the prompt's beginning and its cached keys stay. Imported files come first;
recently visited files have a share of their own, so that long imports do not use the whole budget.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from infill.prompt.context import lf
from infill.types import MAX_EXCERPT_CHARS, MAX_EXCERPTS, MAX_PATH_CHARS, MAX_TEXT_CHARS, Excerpt
from model.types import Tokenizer

if TYPE_CHECKING:
    from infill.syntax.languages import Language  # brings tree-sitter

RECENT_SHARE = 0.3  # of the budget, kept for recent excerpts where any fits into it
_BETWEEN = "\n\n"
_BETWEEN_TOKENS = 2  # at most


def excerpt(path: str, text: str, recent: bool = False) -> Excerpt:
    """Return an excerpt of a file, cut at a line end to at most `MAX_EXCERPT_CHARS` characters."""
    path, text = sendable(path), sendable(text)
    if len(text) > MAX_EXCERPT_CHARS:
        text = text[: text.rfind("\n", 0, MAX_EXCERPT_CHARS) + 1]
    return Excerpt(path[-MAX_PATH_CHARS:], text, recent)


def sendable(text: str) -> str:
    """Return the text with LF for line breaks, and a question mark for each lone surrogate."""
    return lf(text).encode("utf-8", "replace").decode()


def within(texts: Iterable[str], most: int = MAX_TEXT_CHARS) -> tuple[str, ...]:
    """Return the first texts that have `most` characters together, the last of them cut at a line end."""
    kept: list[str] = []
    for text in texts:
        if most <= 0 or len(kept) == MAX_EXCERPTS:
            break
        kept.append(text if len(text) <= most else text[: text.rfind("\n", 0, most) + 1])
        most -= len(text)
    return tuple(kept)


def shown_path(path: str, roots: Sequence[str]) -> str:
    """Return the path as the model sees it: relative to the innermost root, or only the name outside all roots."""
    inside = max((root for root in roots if path.startswith(os.path.join(root, ""))), key=len, default="")
    return (os.path.relpath(path, inside) if inside else os.path.basename(path)).replace(os.sep, "/")


def excerpts_text(context: Sequence[Excerpt], language: Language, budget: int, tokenizer: Tokenizer) -> str:
    """Return excerpts in order, in at most `budget` tokens: the first imported ones and the newest recent ones."""
    if not context or budget <= 0:
        return ""
    recent = [_headed(excerpt, language) for excerpt in context if excerpt.recent]
    reserved = sum(_cost(text, tokenizer) for text in _newest(recent, int(budget * RECENT_SHARE), tokenizer))
    imported = _first([_headed(e, language) for e in context if not e.recent], budget - reserved, tokenizer)
    budget -= sum(_cost(text, tokenizer) for text in imported)
    return _BETWEEN.join([*imported, *_newest(recent, budget, tokenizer)])


def _first(texts: Sequence[str], budget: int, tokenizer: Tokenizer) -> list[str]:
    """Return the first texts that fit, and the whole lines of the next that fit, if any besides its path."""
    kept: list[str] = []
    for text in texts:
        if (cost := _cost(text, tokenizer)) <= budget:
            kept.append(text)
            budget -= cost
            continue
        ids = tokenizer.encode(text)[: max(budget - _BETWEEN_TOKENS, 0)]
        beginning = tokenizer.decode(ids).rpartition("\n")[0]
        return [*kept, beginning] if "\n" in beginning else kept
    return kept


def _newest(texts: Sequence[str], budget: int, tokenizer: Tokenizer) -> list[str]:
    """Return the last texts that fit together, in order."""
    kept: list[str] = []
    for text in reversed(texts):
        budget -= _cost(text, tokenizer)
        if budget < 0:
            break
        kept.insert(0, text)
    return kept


def _cost(text: str, tokenizer: Tokenizer) -> int:
    return len(tokenizer.encode(text)) + _BETWEEN_TOKENS


def _headed(excerpt: Excerpt, language: Language) -> str:
    """Return the excerpt below a comment with its path, where the language has comments."""
    text, path = excerpt.text.strip("\n"), " ".join(excerpt.path.split())
    if language.line_comment:
        return f"{language.line_comment} {path}\n{text}"
    if language.block_comment:
        return f"{language.block_comment[0]} {path} {language.block_comment[1]}\n{text}"
    return text
