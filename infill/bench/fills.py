"""Fills of holes in held-out code, asked for as a user would, and the report on them."""

from __future__ import annotations

import difflib
import re
import statistics
import time
from collections import Counter

import msgspec

from infill.bench import reliability
from infill.bench.bodies import parses
from infill.bench.hole_sampling import BenchHole
from infill.bench.tables import Rows, heading, share, table
from infill.retrieval.similar_lines import continuations, word_before
from infill.types import Completion, Context, Filled, Filler, FillRequest, Span
from model.types import CancelToken

THRESHOLDS = tuple(percent / 100 for percent in range(20, 95, 5))  # confidences, 0..1


class Sample(msgspec.Struct, frozen=True):
    """The result for one hole, a line of `--json`."""

    bench: str
    variant: str
    path: str
    offset: int
    answer: str
    fill: str | None
    reason: str | None
    source: str | None
    confidence: float
    tokens: tuple[tuple[str, float], ...]  # with entropies in nats
    parses: bool
    exact: bool
    similarity: float
    extra_lines: int
    baseline: str
    baseline_exact: bool
    steps: int
    milliseconds: float
    word: str | None = None  # shown automatically where the line's confidence is too low


def answer(filler: Filler, bench: str, variant: str, hole: BenchHole, seed: int, context: Context) -> Sample:
    """Ask for one fill as a user would, and compare it with the text that was there."""
    request = FillRequest(text=hole.holed, language=hole.language, offset=hole.span.start, seed=seed, context=context)
    started = time.perf_counter()
    result = filler.fill(request, CancelToken())
    milliseconds = (time.perf_counter() - started) * 1000
    best = result.completions[0] if isinstance(result, Filled) else None
    fill = best.text if best else ""
    baseline = next((c.text for c in continuations(hole.holed, Span(hole.span.start, hole.span.start), 1)), "")
    return Sample(
        bench=bench,
        variant=variant,
        path=hole.path,
        offset=hole.span.start,
        answer=hole.answer,
        fill=best.text if best else None,
        reason=None if isinstance(result, Filled) else result.reason,
        source=best.source if best else None,
        confidence=best.confidence if best else 0.0,
        tokens=tuple(zip(best.token_texts, best.token_entropies, strict=True)) if best else (),
        parses=best is not None and _parses_with(best, hole),
        exact=best is not None and best.text.strip() == hole.answer.strip(),
        similarity=difflib.SequenceMatcher(None, fill.strip(), hole.answer.strip(), autojunk=False).ratio(),
        extra_lines=fill.strip().count("\n") - hole.answer.strip().count("\n"),
        baseline=baseline,
        baseline_exact=baseline.strip() == hole.answer.strip(),
        steps=best.steps if best else 0,
        milliseconds=round(milliseconds, 1),
        word=_word(filler, request) if best is None or not is_line(best, filler.show_threshold) else None,
    )


def _parses_with(fill: Completion, hole: BenchHole) -> bool:
    filled = hole.holed[: fill.span.start] + fill.text + hole.holed[fill.span.end :]
    return parses(filled, hole.language, hole.text)


def is_line(fill: Completion | Sample, threshold: float) -> bool:
    """Whether the fill is shown automatically as the end of the line, and not as the end of a word only."""
    return fill.confidence >= threshold and fill.source != "word"


def _word(filler: Filler, request: FillRequest) -> str | None:
    """The end of the word at the cursor, where that would be shown alone. Costs a question of a model that does so."""
    if not getattr(filler, "ends_words", True) or not word_before(request.text[: request.offset]):
        return None
    result = filler.fill(msgspec.structs.replace(request, trigger="automatic"), CancelToken())
    shown = result.completions[0] if isinstance(result, Filled) else None
    return shown.text if shown is not None and shown.source == "word" else None


def goes_as_far(fill: str | None, answer: str) -> bool:
    """Whether the answer begins with the fill, and the fill ends at a word's end."""
    fill = (fill or "").rstrip()
    return fill != "" and re.match(rf"{re.escape(fill)}(?!(?<=\w)\w)", answer) is not None


def figures(samples: list[Sample], threshold: float) -> Rows:
    """Return the rows of the table for one variant; `threshold` (0..1) is the confidence from which fills are shown."""
    n = len(samples)
    filled = [s for s in samples if s.fill is not None]
    shown = [s for s in filled if is_line(s, threshold)]
    diffused = [s.steps for s in filled if s.source == "diffusion"]
    times = sorted(s.milliseconds for s in samples)
    sources = Counter(s.source for s in filled)
    words = [s for s in samples if s.word is not None]
    right = sum(goes_as_far(s.fill, s.answer) for s in shown) + sum(goes_as_far(s.word, s.answer) for s in words)
    return [
        ("exact match", share(sum(s.exact for s in samples), n)),
        ("edit similarity, mean", f"{100 * statistics.mean(s.similarity for s in samples):.1f} %"),
        ("filled", share(len(filled), n)),
        ("fills that parse", share(sum(s.parses for s in filled), len(filled))),
        ("lines too many or too few, mean", f"{statistics.mean(abs(s.extra_lines) for s in samples):.1f}"),
        (f"shown unasked (confidence {threshold:.2f} or more)", share(len(shown), n)),
        ("exact match of those shown", share(sum(s.exact for s in shown), len(shown))),
        *([("the rest of a word shown alone", share(len(words), n))] if words else []),
        ("right as far as it goes, of all shown", share(right, len(shown) + len(words))),
        ("fills from diffusion / left to right / nearby / cut back",
         " / ".join(str(sources[k]) for k in ("diffusion", "left_to_right", "nearby", "cut_back"))),
        ("mean steps of the diffusion fills", f"{statistics.mean(diffused):.1f}" if diffused else "-"),
        ("p50 / p95 ms", f"{times[n // 2]:.0f} / {times[min(n - 1, int(n * 0.95))]:.0f}"),
    ]  # fmt: skip


def thresholds(what: str, by_variant: dict[str, list[Sample]]) -> str:
    """Return the table from which a threshold is read, for every variant."""
    head = f"{what}: from each confidence on, lines shown; exactly right of those; right as far as they go"
    return table(head, {name: by_threshold(samples) for name, samples in by_variant.items()})


def report(what: str, by_variant: dict[str, list[Sample]], of: str, model: str, threshold: float) -> str:
    """Return the tables of one benchmark on the code `of`, with machine, date and model."""
    first = next(iter(by_variant.values()))
    baseline = share(sum(s.baseline_exact for s in first), len(first))
    head = heading(what, f"{len(first)} holes of {of}", model)
    columns = {name: figures(samples, threshold) for name, samples in by_variant.items()}
    tables = [table(f"{head}; the frequency baseline is right for {baseline}", columns)]
    by_confidence = {n: reliability.rows(_fills(samples), reliability.FILLS) for n, samples in by_variant.items()}
    tables.append(table(f"{what}: exact match of fills by their confidence", by_confidence))
    by_entropy = {n: reliability.rows(_tokens(samples), reliability.TOKENS) for n, samples in by_variant.items()}
    tables.append(table(f"{what}: tokens that stand in the answer too, by their entropy in nats", by_entropy))
    return "\n\n".join(tables)


def by_threshold(samples: list[Sample]) -> Rows:
    """Return a row for each threshold: how many lines would be shown, and how many of those are right.

    Right is an exact match; then those that are right as far as they go.
    """
    filled = [s for s in samples if s.fill is not None]
    return [(f"{threshold:.2f}", _shown(filled, len(samples), threshold)) for threshold in THRESHOLDS]


def _shown(filled: list[Sample], n: int, threshold: float) -> str:
    shown = [s for s in filled if is_line(s, threshold)]
    exact, as_far = (sum(s.exact for s in shown), sum(goes_as_far(s.fill, s.answer) for s in shown))
    return f"{share(len(shown), n)}, {share(exact, len(shown))}, {share(as_far, len(shown))}"


def _fills(samples: list[Sample]) -> list[reliability.Prediction]:
    return [(s.confidence, s.exact) for s in samples if s.fill is not None]


def _tokens(samples: list[Sample]) -> list[reliability.Prediction]:
    return [one for s in samples if s.fill for one in reliability.tokens(s.fill, s.tokens, s.answer)]
