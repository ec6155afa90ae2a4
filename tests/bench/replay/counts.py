"""What a replay counts, and its table."""

from __future__ import annotations

import msgspec


class Counts(msgspec.Struct):
    """Of one or several replays. Times are in milliseconds."""

    keys: int = 0
    requests: int = 0
    answered: int = 0
    refused: int = 0  # answered with an error: cancelled by the editor
    unanswered: int = 0
    answers_with_items: int = 0
    shown: int = 0  # ghost text that appeared where none was
    stale: int = 0  # items for a text that the server knew was gone
    crossed: int = 0  # items that were sent before the server read the change
    misfits: int = 0  # items that do not fit the very text they were asked for
    flickers: int = 0  # shown text that still fitted, replaced by one that does not begin with it
    vanished: int = 0  # shown text that still fitted, taken away by an empty answer
    typed_into: int = 0  # keys that went on along the ghost text
    departed: int = 0  # keys that left it
    accepted_whole: int = 0
    accepted_words: int = 0
    undone: int = 0  # accepted, and taken back
    diverged: int = 0  # documents whose text was not the recording's at its end
    model_calls: int | None = None  # None: the server does not say
    ghost_ms: list[float] = []  # from the key to ghost text, the editor's own wait included
    answer_ms: list[float] = []  # from the request to its answer, cancelled ones left out


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of the values lies; not a number without values."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def figures(counts: Counts, speed: float = 1.0) -> list[tuple[str, str, str, bool | None]]:
    """(figure, measured, aim, reached) for each; None: has no aim or cannot be told."""
    calls = counts.model_calls
    share = None if calls is None or not counts.keys else calls / counts.keys
    times = [value / speed for value in counts.ghost_ms]
    waits = [value / speed for value in counts.answer_ms]
    per_key = f"{counts.requests} requests, {counts.shown} times ghost text appeared"
    told = "not told by `dgLsp/status`" if share is None else f"{calls} = {share:.2f} a key"
    return [
        ("keys", f"{counts.keys} ({per_key})", "", None),
        ("unanswered requests", str(counts.unanswered), "0", counts.unanswered == 0),
        ("stale items", f"{counts.stale} ({counts.crossed} crossed on the wire)", "0", counts.stale == 0),
        ("items that do not fit", str(counts.misfits), "0", counts.misfits == 0),
        ("flickers", str(counts.flickers), "0", counts.flickers == 0),
        ("ghost text taken away while it fitted", str(counts.vanished), "", None),
        ("documents that came out wrong", str(counts.diverged), "0", counts.diverged == 0),
        ("model calls", told, "at most 0.33 a key", None if share is None else share <= 1 / 3),
        ("keys typed into / away from ghost text", f"{counts.typed_into} / {counts.departed}", "", None),
        (
            "accepted whole / by word / taken back",
            f"{counts.accepted_whole} / {counts.accepted_words} / {counts.undone}",
            "",
            None,
        ),
        (
            f"key to ghost text, p50 / p95 of {len(times)}",
            _two(times),
            "",
            None,
        ),
        (
            f"request to answer, p50 / p95 of {len(waits)}",
            _two(waits),
            "",
            None,
        ),
    ]


def _two(values: list[float]) -> str:
    return f"{percentile(values, 0.5):.0f} / {percentile(values, 0.95):.0f} ms" if values else "-"


def table(rows: list[tuple[str, str, str, bool | None]]) -> str:
    """Markdown with each figure beside its aim."""
    said = {True: "yes", False: "**no**", None: ""}
    lines = [f"| {name} | {measured} | {aim} | {said[reached]} |" for name, measured, aim, reached in rows]
    return "\n".join(["| figure | measured | aim | reached |", "|---|---|---|---|", *lines])
