"""Excerpts of other files as the beginning of a prompt, each whole, within a budget of tokens.

Depends on nothing that typing changes, so the prompt's beginning and its cached keys stay. Imported files come first;
recently visited files have a share of their own, so that long imports do not use the whole budget.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from infill.prompt.context import lf
from infill.types import MAX_EXCERPT_CHARS, MAX_EXCERPTS, MAX_PATH_CHARS, MAX_TEXT_CHARS, Excerpt
from model.prompt_parts import PromptFile
from model.types import Tokenizer

if TYPE_CHECKING:
    from infill.syntax.languages import Language  # brings tree-sitter

RECENT_SHARE = 0.3  # of the budget, kept for recent excerpts where any fits into it
BETWEEN_TOKENS = 2  # between two files of a prompt, at most


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


def prompt_files(
    context: Sequence[Excerpt], language: Language, budget: int, tokenizer: Tokenizer
) -> tuple[PromptFile, ...]:
    """Return excerpts in order, in at most `budget` tokens: the first imported ones and the newest recent ones."""
    if not context or budget <= 0:
        return ()
    recent = [prompt_file(excerpt, language) for excerpt in context if excerpt.recent]
    reserved = sum(cost(file, tokenizer) for file in last_that_fit(recent, int(budget * RECENT_SHARE), tokenizer))
    imported = _first([prompt_file(e, language) for e in context if not e.recent], budget - reserved, tokenizer)
    budget -= sum(cost(file, tokenizer) for file in imported)
    return (*imported, *last_that_fit(recent, budget, tokenizer))


def prompt_file(excerpt: Excerpt, language: Language) -> PromptFile:
    """Return the excerpt as the model reads it, with what a comment is in its language."""
    line, block = language.line_comment, language.block_comment
    comment = (line, "") if line else block or ("", "")
    return PromptFile(" ".join(excerpt.path.split()), excerpt.text.strip("\n"), comment)


def cost(file: PromptFile, tokenizer: Tokenizer) -> int:
    """Return how many tokens the file takes in a prompt."""
    return len(tokenizer.encode(file.headed)) + BETWEEN_TOKENS


def _first(files: Sequence[PromptFile], budget: int, tokenizer: Tokenizer) -> list[PromptFile]:
    """Return the first files that fit, and the whole lines of the next that fit, if any besides its path."""
    kept: list[PromptFile] = []
    for file in files:
        if (needed := cost(file, tokenizer)) <= budget:
            kept.append(file)
            budget -= needed
            continue
        ids = tokenizer.encode(file.headed)[: max(budget - BETWEEN_TOKENS, 0)]
        beginning = tokenizer.decode(ids).rpartition("\n")[0]
        heading = len(file.headed) - len(file.text)
        return [*kept, msgspec.structs.replace(file, text=beginning[heading:])] if "\n" in beginning else kept
    return kept


def last_that_fit(files: Sequence[PromptFile], budget: int, tokenizer: Tokenizer) -> list[PromptFile]:
    """Return the last files that fit together, in order."""
    kept: list[PromptFile] = []
    for file in reversed(files):
        budget -= cost(file, tokenizer)
        if budget < 0:
            break
        kept.insert(0, file)
    return kept
