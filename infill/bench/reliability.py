"""Calibration tables: for each range of confidence, the share of the fills (or tokens) in it that was right."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from infill.bench.tables import Rows, share

FILLS = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75)  # lower bounds of a fill's confidence, a probability
TOKENS = (0.0, 0.1, 0.5, 1.0, 2.0, 3.0)  # lower bounds of a token's entropy, nats

Prediction = tuple[float, bool]  # a confidence or an entropy, and whether what was predicted is right


def rows(predictions: Iterable[Prediction], bounds: Sequence[float]) -> Rows:
    """Return a row for each range of the measure: the share that was right, with counts. `bounds` ascend."""
    in_range: list[list[bool]] = [[] for _ in bounds]
    for measure, right in predictions:
        in_range[max(0, bisect_right(bounds, measure) - 1)].append(right)
    ends = [f" to {bound:g}" for bound in bounds[1:]] + [" and more"]
    return [
        (f"{bound:g}{end}", share(sum(own), len(own))) for bound, end, own in zip(bounds, ends, in_range, strict=True)
    ]


def tokens(fill: str, with_entropies: Sequence[tuple[str, float]], answer: str) -> list[Prediction]:
    """Return the entropy (nats) of each token of a fill, and whether the answer has that token at the same offset.

    Empty where the tokens do not spell the fill, because its first token began in a word that was already typed.
    """
    if "".join(text for text, _ in with_entropies) != fill:
        return []
    starts = accumulate((len(text) for text, _ in with_entropies), initial=0)
    return [(entropy, answer.startswith(text, at)) for (text, entropy), at in zip(with_entropies, starts, strict=False)]
