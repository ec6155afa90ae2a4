"""Candidate texts for a hole, from every source, each once.

Sources: the denoised canvases; the left-to-right draft of the causal encoder (the same weights), whole
and cut where it could end; what the file says elsewhere after the same words. Choosing among them is
the reranker's work, not ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from infill.candidates.postprocess import postprocess
from infill.checks.parse_check import closing_brackets
from infill.prompt.context import lf
from infill.retrieval.near_misses import NearMiss, near_misses
from infill.retrieval.similar_lines import Continuation, Retrieved, continuations
from infill.syntax.blanks import indent_of
from infill.syntax.comments import is_in_comment_or_string, without_trailing_comments
from infill.syntax.language_table import Language, keywords
from infill.syntax.quotes import QUOTES
from infill.syntax.word_chars import is_word_char, word_end
from infill.types import Hole, Source
from model.types import Fill, Tokenizer

MAX_RETRIEVED = 4
MAX_CLOSED = 8
MAX_ENDS = 8  # of the left-to-right draft that are worth scoring


class Candidate(msgspec.Struct, frozen=True):
    """One text that might fill the hole, with how sure and how long its making was."""

    text: str
    token_texts: tuple[str, ...]
    token_entropies: tuple[float, ...]
    steps: int
    stop_reason: str
    source: Source


def filled(fills: Sequence[Fill], tokenizer: Tokenizer, is_causal: bool) -> list[Candidate]:
    """One candidate for each fill that says something; a causal model's were written left to right."""
    return [
        Candidate(
            text=tokenizer.decode(fill.token_ids),
            token_texts=tuple(tokenizer.decode([i]) for i in fill.token_ids),
            token_entropies=fill.token_entropies,
            steps=fill.steps,
            stop_reason=fill.stop_reason,
            source="left_to_right" if is_causal else "diffusion",
        )
        for fill in fills
        if fill.token_ids
    ]


def drafted(text: str, hole: Hole) -> list[Candidate]:
    """The text of a left-to-right draft, whole and cut at its plausible ends."""
    return [plain(t, "left_to_right") for t in draft_ends(text, hole)]


def similar_code(text: str, hole: Hole, texts: Sequence[str], language: Language) -> list[Retrieved]:
    """What the file and other `texts` say after the same words, and the file where it has the same shape."""
    found: list[Continuation | NearMiss] = []
    if not hole.multiline:
        found += continuations(text, hole.span, MAX_RETRIEVED)
        if texts:
            found += continuations(text, hole.span, MAX_RETRIEVED, texts)
    found += near_misses(text, hole, MAX_RETRIEVED, keywords(language) - language.soft_keywords)
    left = lf(text[: hole.span.start]).rpartition("\n")[2]
    if is_in_comment_or_string(left, language):
        return list[Retrieved](found)
    return list(_code_of(found, language, alone=not hole.multiline))


def _code_of(found: Iterable[Continuation | NearMiss], language: Language, alone: bool) -> Iterator[Retrieved]:
    """Yield what was found without the comments behind it, which are true of the place where it stands."""
    for one in found:
        text = without_trailing_comments(one.text, language, alone)
        if text == one.text:
            yield one
        elif text.strip():
            yield msgspec.structs.replace(one, text=text)


def from_retrieved(found: Iterable[Retrieved]) -> list[Candidate]:
    """Each text that stands elsewhere as a candidate."""
    return [plain(each.text, "nearby") for each in found]


def suggested(text: str, hole: Hole) -> list[Candidate]:
    """What is left of the last suggestion, and the same without the word that the user is writing anew."""
    line = text if hole.multiline else text.split("\n", 1)[0]
    without_word = line[word_end(line, 0) :]
    return [plain(t, "suggested") for t in dict.fromkeys((line, without_word)) if t.strip()]


def draft_ends(text: str, hole: Hole) -> list[str]:
    """Where a left-to-right draft may stop: the whole of it, and the first ends of lines or of words."""
    if hole.multiline:
        lines = text.split("\n")
        return ["\n".join(lines[:n]) for n in (len(lines), *range(1, min(len(lines), MAX_ENDS + 1)))]
    line = text.split("\n", 1)[0]
    ends = [i for i in range(1, len(line)) if not (is_word_char(line[i - 1]) and is_word_char(line[i]))]
    return [line, *(line[:i] for i in ends[:MAX_ENDS])]


def plain(text: str, source: Source) -> Candidate:
    """A candidate of whose tokens nothing is known."""
    return Candidate(text, (), (), 0, "converged", source)


def closed(candidates: Iterable[Candidate], prefix: str, suffix: str, quotes: str = QUOTES) -> list[Candidate]:
    """Candidates with the brackets closed that they, or the line before them, leave open at a line's end."""
    if suffix.partition("\n")[0].strip():
        return []
    left = prefix.rpartition("\n")[2]
    pairs = [(c, closing_brackets(left + c.text, quotes)) for c in candidates]
    return [plain(c.text.rstrip() + missing, c.source) for c, missing in pairs if missing][:MAX_CLOSED]


def fitted_candidate(candidate: Candidate, hole: Hole, prefix: str, suffix: str, language: Language) -> Candidate:
    """The candidate with its text made to fit the hole; what was known of its tokens goes when the text changes."""
    by_indent = language.block_style == "indent"
    text = postprocess(candidate.text, hole, prefix, suffix, indent_blocks=by_indent, quotes=language.quotes)
    if text == candidate.text:
        return candidate
    return Candidate(text, (), (), candidate.steps, candidate.stop_reason, candidate.source)


def own_indents(candidate: Candidate, hole: Hole, prefix: str) -> list[Hole]:
    """The hole at the indentation that the candidate's first line has itself, if it has one, and as it was found.

    A text that was written left to right goes on from the prefix, and its indentation is seldom wrong.
    """
    lines = candidate.text.lstrip("\n").split("\n")
    left = prefix.rpartition("\n")[2]
    if candidate.source != "left_to_right" or not hole.multiline or hole.kind == "selection" or left.strip():
        return [hole]
    own = left + indent_of(lines[0])
    return [hole] if own == hole.indent else [msgspec.structs.replace(hole, indent=own), hole]


def distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each non-blank text once, the first source to say it kept."""
    seen: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.text.strip() and candidate.text not in seen:
            seen[candidate.text] = candidate
    return list(seen.values())
