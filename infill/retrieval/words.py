"""Completions of the word at the cursor: the names of the code base that begin with its letters.

They are counted after the same tokens as at the cursor, after longer and longer runs of them, in other files and then
in this one. Each estimate backs off to the one before: prediction by partial matching, with the escape of Witten and
Bell, 1991. The result is weighed against the causal encoder's probability of each.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from infill.prompt.context import PromptContext, lf
from infill.retrieval.similar_lines import word_before
from infill.syntax.word_chars import is_word_char, word_end, words
from infill.types import Span
from model.types import CancelToken, Engine, Tokenizer

TOKENS = re.compile(r"\w+|[^\w\s]|\n")
MAX_TOKENS = 5  # tokens to the left of a word that count
WINDOW = 100  # characters in which they are looked for
MAX_MATCHES = 1_000  # in one text, the nearest; more do not change the result
MAX_LETTERS = 100  # longer words are data
MAX_WORDS = 32  # words that the model is asked about
LEAST_BEGUN = 3  # letters, before the only name that begins so is as good as sure
SURE = 0.9  # probability of what the code says: the only name that is begun so, or a member of the class
# After these comes a new name.
DECLARES = re.compile(
    r"\b(?:def|class|as|for|lambda|let|const|var|mut|fn|func|function|struct|enum|type|interface|trait)\s+$"
)
LEAST = 1e-300  # a probability that has a logarithm
# Fitted on the training packages; see model/train/LOG.md.
MODEL, SEEN = 0.4, 0.53  # weights of the two log-probabilities
UNSEEN = -1.8  # nats, of a word that only a candidate begins with
LEAST_MODEL = -8.0  # nats: the least log-probability that a word gets from the model, which has not seen every name

Levels = list[Counter[str]]  # how often each word follows 0, 1, ... of the tokens at the cursor


class Word(msgspec.Struct, frozen=True):
    """One completion of the word that is begun: the missing letters, empty if it is whole.

    `log_prob` (nats) is the causal encoder's, of the typed letters and these. `probability` (0..1) is that of these
    alone, and counts the code base's evidence too.
    """

    text: str
    log_prob: float
    probability: float


def words_begun(
    text: str, hole: Span, texts: Iterable[str], known: Iterable[str], members: Iterable[str] = ()
) -> dict[str, float]:
    """Return the letters that may be missing of the word before the hole, with probabilities (0..1), likeliest first.

    Empty where no word is begun there, or one continues after the hole. `texts` are other files. A word in `known`
    needs no occurrence elsewhere, unless it is an attribute; `members` are the attributes that need none.
    """
    begun = word_before(text[: hole.start])
    if not 0 < len(begun) <= MAX_LETTERS or is_word_char(text[hole.end : hole.end + 1]):
        return {}
    before, after = lf(text[: hole.start - len(begun)]), lf(text[hole.end :])
    tokens = _tokens_before(before, len(before))
    here = [Counter[str]() for _ in range(MAX_TOKENS + 1)]
    there = [Counter[str]() for _ in range(MAX_TOKENS + 1)]
    _count(here, before, begun, tokens, reverse=True)
    _count(here, after, begun, tokens)
    for other in texts:
        _count(there, other, begun, tokens)
    free = (
        members if tokens[:1] == ["."] else {*known, *members}
    )  # after a dot comes an attribute, which is not in `known`
    every = {*here[0], *there[0], *(word for word in free if word.startswith(begun)), begun}
    found = dict.fromkeys(every, 1 / len(every))
    for counted in (*there, *here):
        found = _backed_off(counted, found)
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return {word.removeprefix(begun): probability for word, probability in ranked}


def weighed(
    engine: Engine, prompt: PromptContext, seen: Mapping[str, float], proposed: Iterable[str], cancel: CancelToken
) -> list[Word]:
    """Return the `seen` words and the first words of candidates, weighed with the model, most probable first.

    Empty when cancelled, or where no word is begun.
    """
    if not seen:
        return []
    texts = [*seen][:MAX_WORDS]
    texts += [text for text in dict.fromkeys(map(first_word, proposed)) if text not in texts]
    rows = [engine.tokenizer.encode(prompt.tail + text) for text in ("", *texts)]
    scores = [score.log_probs for score in engine.score(prompt.prompt_ids, rows, cancel)]
    if not all(scores):
        return []
    typed = log_prob_typed(engine.tokenizer, prompt.tail, rows, scores)
    log_probs = [sum(log_probs) for log_probs in scores[1:]]
    unseen = SEEN * math.log(min(seen.values())) + UNSEEN
    elsewhere = [SEEN * math.log(seen[text]) if text in seen else unseen for text in texts]
    weights = [math.exp(MODEL * max(p - typed, LEAST_MODEL) + t) for p, t in zip(log_probs, elsewhere, strict=True)]
    total = sum(weights)
    found = [Word(t, p, w / total) for t, p, w in zip(texts, log_probs, weights, strict=True)]
    return sorted(found, key=lambda word: -word.probability)


def preferred(found: Sequence[Word], chosen: Collection[str], share: float) -> list[Word]:
    """Return the words with at least `share` (0..1) of the probability for the `chosen`, most probable first."""
    held = sum(word.probability for word in found if word.text in chosen)
    if not 0 < held < share:
        return [*found]
    inside, outside = share / held, (1 - share) / (1 - held)
    scaled = [(word, word.probability * (inside if word.text in chosen else outside)) for word in found]
    return sorted((Word(w.text, w.log_prob, p) for w, p in scaled), key=lambda word: -word.probability)


def only_name(text: str, hole: Span, seen: Mapping[str, float], texts: Iterable[str]) -> str | None:
    """Return the letters that are missing of the only known name that begins as the word before the hole does.

    None where there are several, where what is typed is a name itself, or may become a new one.
    """
    begun, rests = word_before(text[: hole.start]), [rest for rest in seen if rest]
    if len(begun) < LEAST_BEGUN or len(rests) != 1:
        return None
    line = text[text.rfind("\n", 0, hole.start) + 1 : hole.start - len(begun)]
    if not line.strip() or DECLARES.search(line):
        return None
    whole = re.compile(rf"{re.escape(begun)}(?<!\w{re.escape(begun)})(?!\w)")
    elsewhere = (text[: hole.start - len(begun)], text[hole.end :], *texts)
    return None if any(whole.search(other) for other in elsewhere) else rests[0]


def first_word(text: str) -> str:
    """Return the letters that the text begins with."""
    return text[: word_end(text, 0)]


def log_prob_typed(
    tokenizer: Tokenizer, tail: str, rows: Sequence[Sequence[int]], log_probs: Sequence[Sequence[float]]
) -> float:
    """Return the log-probability (nats) of the typed letters `tail`, summed over the rows' ways to begin with them.

    The letters may be a whole word, with tokens of their own, or the beginning of other tokens.
    """
    begun: dict[tuple[int, ...], float] = {}
    for row, row_log_probs in zip(rows, log_probs, strict=True):
        n = next((n for n in range(len(row)) if len(tokenizer.decode(row[:n])) >= len(tail)), len(row))
        begun[tuple(row[:n])] = math.exp(sum(row_log_probs[:n]))
    return math.log(max(sum(begun.values()), LEAST))


def _count(levels: Levels, text: str, begun: str, tokens: Sequence[str], reverse: bool = False) -> None:
    """Add to `levels` the words that begin with `begun`, by how many tokens before them equal `tokens`."""
    # It begins with plain characters, which makes the search in a long text ten times faster.
    matches = [*re.finditer(rf"{begun}(?<!\w{begun})\w{{,{MAX_LETTERS}}}(?!\w)", text)]
    for match in matches[-MAX_MATCHES:] if reverse else matches[:MAX_MATCHES]:
        word = match[0]
        if not text.isascii():  # then marks may go on with the word, or stand before it
            word += text[match.end() : word_end(text, match.end())]
            if is_word_char(text[match.start() - 1 : match.start()]):
                continue
        levels[0][word] += 1
        for level, there, here in zip(levels[1:], _tokens_before(text, match.start()), tokens, strict=False):
            if there != here:
                break
            level[word] += 1


def _tokens_before(text: str, at: int) -> list[str]:
    """Return the last tokens before an offset, nearest first; a line's end and the text's beginning count as tokens."""
    start = max(0, at - WINDOW)
    window = text[start:at]
    tokens = TOKENS.findall(window) if window.isascii() else words(window, and_breaks=True)
    return ["\n", *tokens][: -MAX_TOKENS - 1 : -1] if start == 0 else tokens[: -MAX_TOKENS - 1 : -1]


def _backed_off(counted: Counter[str], shorter: Mapping[str, float]) -> dict[str, float]:
    """Return probabilities after a longer run of tokens, backing off to those after a shorter one (Witten-Bell)."""
    total, n_words = counted.total(), len(counted)
    if not total:
        return dict(shorter)
    return {word: (counted[word] + n_words * p) / (total + n_words) for word, p in shorter.items()}
