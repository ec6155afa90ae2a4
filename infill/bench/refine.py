"""`infill bench refine`: one token of a correct line is exchanged; counts how often it is found and repaired.

The wrong token is another one of the same kind from the same file (a name for a name, an operator for an
operator), so nearly every line still parses and only its meaning is wrong. Every line is also refined as it was:
a change of it then is a false alarm. Who does nothing raises none, and leaves every wrong line wrong.
"""

from __future__ import annotations

import io
import keyword
import random
import statistics
import time
import tokenize
from collections.abc import Iterator
from pathlib import Path

import msgspec
from tqdm import tqdm

from infill.bench.hole_sampling import Files, texts_that_parse
from infill.bench.tables import Rows, share
from infill.pipeline.refine import STRENGTHS
from infill.types import Completion, Filled, Filler, RewriteRequest, Span
from model.types import CancelToken

STRENGTH = STRENGTHS["low"]
OPERATORS = ("+", "-", "*", "/", "//", "%", "**", "<", ">", "<=", ">=", "==", "!=", "&", "|")
KEYWORDS = {"constant": ("True", "False", "None"), "connective": ("and", "or")}
LEAST_TOKENS = 4  # tokens of a line; a shorter one has too little context


class Corrupted(msgspec.Struct, frozen=True):
    """A line of a file (`line`, without its indent) and the token in it that is to be exchanged for `wrong`."""

    path: str
    text: str
    line: Span
    token: Span
    wrong: str
    n_tokens: int  # of the line

    @property
    def broken(self) -> str:
        """The file's text with the wrong token."""
        return self.text[: self.token.start] + self.wrong + self.text[self.token.end :]

    @property
    def broken_line(self) -> Span:
        """The span of the line in `broken`."""
        grown = len(self.wrong) - (self.token.end - self.token.start)
        return Span(self.line.start, self.line.end + grown)

    @property
    def broken_token(self) -> Span:
        """The span of the wrong token in `broken`."""
        return Span(self.token.start, self.token.start + len(self.wrong))


class RefineSample(msgspec.Struct, frozen=True):
    """The result for one line, a line of `--json`."""

    path: str
    line: str
    broken: str
    refined: str | None
    touched: bool  # the refinement changed the wrong token
    touched_other: bool  # it changed something else
    repaired: bool
    alarm_changed: bool  # the line as it was is changed
    alarm: str | None  # and what it is then
    chance: float
    milliseconds: float  # of the refinement


def corrupted_lines(files: Files, limit: int, seed: int) -> list[Corrupted]:
    """Return at most `limit` lines of files that parse, drawn evenly over all lines."""
    rng = random.Random(seed)
    texts = texts_that_parse(files)
    lines = [(path, n) for path, text in texts.items() for n in range(text.count("\n"))]
    rng.shuffle(lines)
    tokens: dict[Path, dict[int, list[_Token]]] = {}  # of the files that were drawn from
    found: list[Corrupted] = []
    for path, n in lines:
        if len(found) == limit:
            break
        if path not in tokens:
            tokens[path] = _by_line(texts[path])
        by_line = tokens[path]
        here = by_line.get(n, [])
        exchangeable = [token for token in here if token.kind]
        if len(here) < LEAST_TOKENS or not exchangeable:
            continue
        token = rng.choice(exchangeable)
        others = sorted({t.text for own in by_line.values() for t in own if t.kind == token.kind} - {token.text})
        if others:
            line = Span(here[0].span.start, here[-1].span.end)
            found.append(Corrupted(str(path), texts[path], line, token.span, rng.choice(others), len(here)))
    return found


def answers(filler: Filler, lines: list[Corrupted], seed: int) -> list[RefineSample]:
    """Refine each line, with the wrong token and as it was."""
    return [_answer(filler, line, seed) for line in tqdm(lines, "refine", leave=False, disable=None)]


def figures(samples: list[RefineSample]) -> Rows:
    """Return the rows of the table."""
    n = len(samples)
    times = sorted(s.milliseconds for s in samples)
    chance = statistics.mean(s.chance for s in samples)
    return [
        ("found: the refinement changes the wrong token", share(sum(s.touched for s in samples), n)),
        ("repaired: the line is what it was", share(sum(s.repaired for s in samples), n)),
        ("something else of the line is changed", share(sum(s.touched_other for s in samples), n)),
        ("a token of the line picked blindly is the wrong one", f"{100 * chance:.1f} %"),
        ("right lines changed: a false alarm", share(sum(s.alarm_changed for s in samples), n)),
        ("right afterwards, of the wrong and the right lines",
         share(sum(s.repaired + (not s.alarm_changed) for s in samples), 2 * n)),
        ("p50 / p95 ms of a refinement", f"{times[n // 2]:.0f} / {times[min(n - 1, int(n * 0.95))]:.0f}"),
    ]  # fmt: skip


def nothing(sample: RefineSample) -> RefineSample:
    """Return what the result is where nothing is ever changed."""
    return msgspec.structs.replace(
        sample,
        refined=None,
        touched=False,
        touched_other=False,
        repaired=False,
        alarm_changed=False,
        alarm=None,
        milliseconds=0.0,
    )


class _Token(msgspec.Struct, frozen=True):
    kind: str  # of the tokens that may replace it; empty for none
    text: str
    span: Span


def _by_line(text: str) -> dict[int, list[_Token]]:
    """Return the tokens, by line number from 0, of the lines with whole tokens only; comments are left out."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: dict[int, list[_Token]] = {}
    split: set[int] = set()
    for token in _tokens(text):
        (first, column), (last, end) = token.start, token.end
        if first != last:
            split |= {first - 1, last - 1}
        elif token.string.strip() and token.type != tokenize.COMMENT:
            span = Span(starts[first - 1] + column, starts[first - 1] + end)
            found.setdefault(first - 1, []).append(_Token(_kind(token), token.string, span))
    return {n: own for n, own in found.items() if n not in split}


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):  # line ends that tokenize and the compiler see differently
        return


def _kind(token: tokenize.TokenInfo) -> str:
    """Return the kind of tokens that may replace a token; empty where the result would seldom parse."""
    if token.type == tokenize.NAME and keyword.iskeyword(token.string):
        return next((kind for kind, words in KEYWORDS.items() if token.string in words), "")
    if token.type == tokenize.OP:
        return "operator" if token.string in OPERATORS else ""
    return {tokenize.NAME: "name", tokenize.NUMBER: "number", tokenize.STRING: "string"}.get(token.type, "")


def _answer(filler: Filler, line: Corrupted, seed: int) -> RefineSample:
    text, span, wrong = line.broken, line.broken_line, line.broken_token
    started = time.perf_counter()
    refined = _refined(filler, text, span, seed)
    milliseconds = (time.perf_counter() - started) * 1000
    right = line.text[line.line.start : line.line.end]
    alarm = _refined(filler, line.text, line.line, seed)
    before, after = text[span.start : wrong.start], text[wrong.end : span.end]
    return RefineSample(
        path=line.path,
        line=right,
        broken=text[span.start : span.end],
        refined=refined.text if refined else None,
        touched=refined is not None and any(_overlap(part.span, wrong) for part in refined.parts),
        touched_other=refined is not None and not (refined.text.startswith(before) and refined.text.endswith(after)),
        repaired=refined is not None and refined.text == right,
        alarm_changed=alarm is not None,
        alarm=alarm.text if alarm else None,
        chance=1 / line.n_tokens,
        milliseconds=round(milliseconds, 1),
    )


def _refined(filler: Filler, text: str, span: Span, seed: int) -> Completion | None:
    request = RewriteRequest(text, "python", selection=span, strength=STRENGTH, seed=seed)
    result = filler.fill(request, CancelToken())
    return result.completions[0] if isinstance(result, Filled) else None


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and one.end > other.start
