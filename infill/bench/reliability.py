"""How far a confidence can be believed: of all fills (or tokens) about that sure, the share that was right."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from infill.bench.tables import Rows, share

FILLS = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75)  # lower bounds of a fill's confidence, a probability
TOKENS = (0.0, 0.1, 0.5, 1.0, 2.0, 3.0)  # lower bounds of a token's entropy, nats

Judged = tuple[float, bool]  # how sure, and whether it was right


def rows(judged: Iterable[Judged], bounds: Sequence[float]) -> Rows:
    """For each range of the measure the share that was right, with counts."""
    in_range: list[list[bool]] = [[] for _ in bounds]
    for measure, right in judged:
        in_range[max(0, bisect_right(bounds, measure) - 1)].append(right)
    ends = [f" to {bound:g}" for bound in bounds[1:]] + [" and more"]
    return [
        (f"{bound:g}{end}", share(sum(own), len(own))) for bound, end, own in zip(bounds, ends, in_range, strict=True)
    ]


def tokens(fill: str, pieces: Sequence[tuple[str, float]], answer: str) -> list[Judged]:
    """The entropy of each token of a fill; right where the answer says the same at the same place.

    None where the tokens do not spell the fill: its first one began in the word that was typed already.
    """
    if "".join(text for text, _ in pieces) != fill:
        return []
    starts = accumulate((len(text) for text, _ in pieces), initial=0)
    return [(entropy, answer.startswith(text, at)) for (text, entropy), at in zip(pieces, starts, strict=False)]
