"""Windows of similar lines as files of a prompt: grouped by the file they are from, the most similar last."""

from __future__ import annotations

from infill.prompt.context import lf
from infill.prompt.excerpts import prompt_file
from infill.retrieval.similar_windows import similar_windows
from infill.syntax.languages import Language
from infill.types import Context, Excerpt, Hole
from model.prompt_parts import PromptFile


def window_files(text: str, hole: Hole, context: Context, language: Language, limit: int) -> tuple[PromptFile, ...]:
    """Return at most `limit` windows of the project that are similar to the lines before the hole."""
    if limit <= 0:
        return ()
    before, after = lf(text[: hole.span.start]), lf(text[hole.span.end :])
    found = similar_windows(before + after, len(before), context.texts, limit)
    paths = (*context.text_paths, *[""] * len(context.texts), context.path)  # the last for the file itself, index -1
    by_file: dict[int, list[str]] = {}
    for window in reversed(found):
        by_file.setdefault(window.index, []).append(window.text)
    return tuple(prompt_file(Excerpt(paths[i], "\n".join(texts)), language) for i, texts in by_file.items())
