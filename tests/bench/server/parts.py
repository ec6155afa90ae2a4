"""The server's aims, each measured by a function that gives rows of (figure, measured, aim, reached)."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from model.config import DEFAULT_NAME
from tests.bench.bench_typing import held_out_recordings, replay
from tests.bench.replay.counts import figures, percentile
from tests.bench.server import divergence, endurance, hostile, roundtrip, stopping, windows

Row = tuple[str, str, str, bool | None]


class Sizes(msgspec.Struct, frozen=True):
    """How much of everything."""

    keys: int = 2000
    rounds: int = 1500
    cancels: int = 60
    edits: int = 100_000
    messages: int = 1000
    documents: int = 10  # with their prompts kept by the default model; more than it has memory for


QUICK = Sizes(keys=120, rounds=200, cancels=10, edits=3000, messages=200, documents=2)
ENGINE_MIB = 800  # the aim for the default model


def key_and_answer(sizes: Sizes) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        times = roundtrip.roundtrip_ms(sizes.rounds, Path(folder))
    rows: list[Row] = []
    for name, values in times.items():
        p50, p99 = percentile(values, 0.5), percentile(values, 0.99)
        aim, reached = ("", None) if name.startswith("stock") else ("0.6 / 1 ms", p50 <= 0.6 and p99 <= 1.0)
        rows.append((f"didChange + inlineCompletion, 2,000 lines, {name}", f"{p50:.2f} / {p99:.2f} ms", aim, reached))
    ours, _, stock = (percentile(values, 0.5) for values in times.values())
    rows.append(("the same, ours over stock, p50", f"{ours / stock:.2f}", "0.60 (of 1.00 / 1.16 ms)", None))
    return rows


def typing(sizes: Sizes) -> list[Row]:
    counts = asyncio.run(replay(held_out_recordings(sizes.keys), []))
    return [(f"typing: {figure}", measured, aim, reached) for figure, measured, aim, reached in figures(counts)]


def cancel(sizes: Sizes) -> list[Row]:
    step = stopping.step_ms()
    after, alone = stopping.idle_after_ms(sizes.cancels)
    p50, p95 = percentile(after, 0.5), percentile(after, 0.95)
    said = f"{p50:.1f} / {p95:.1f} / {max(after, default=0):.1f} ms; without a fill {percentile(alone, 0.5):.1f} ms"
    return [
        (f"cancel to idle, p50 / p95 / max of {len(after)}", said, f"one step: {step:.1f} ms", p95 <= step),
    ]


def memory(sizes: Sizes) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        samples = endurance.memory_mib(sizes.edits, Path(folder))
    grown = endurance.growth(samples)
    n_completions = sizes.edits // endurance.EDITS_PER_COMPLETION
    said = f"{grown:+.1%} ({samples[0]:.0f} to {samples[-1]:.0f} MiB)"
    return [(f"memory over {sizes.edits:,} edits and {n_completions:,} completions", said, "within 5 %", grown <= 0.05)]


def engine(sizes: Sizes) -> list[Row]:
    held = windows.engine_memory(sizes.documents)
    what = f"engine with {DEFAULT_NAME}"
    if isinstance(held, str):
        return [(what, held, "", None)]
    asked = f"{held.n_documents} documents in {windows.N_WINDOWS} windows, prompts of {held.prompt_tokens:.0f} tokens"
    said = f"{held.resident:.0f} MiB ({held.own:.0f} without mapped files); at most {held.peak:.0f}"
    return [(f"{what}, {asked}: memory", said, f"{ENGINE_MIB} MiB", held.resident <= ENGINE_MIB)]


def documents(sizes: Sizes) -> list[Row]:
    in_class = divergence.class_divergences(sizes.edits)
    with tempfile.TemporaryDirectory() as folder:
        over_stdio = divergence.stdio_divergences(sizes.edits, Path(folder))
    name = f"divergences in {sizes.edits:,} random edits, three encodings"
    return [
        (f"{name}, `Documents`", str(in_class), "0", in_class == 0),
        (f"{name}, over stdio", str(over_stdio), "0", over_stdio == 0),
    ]


def malformed(sizes: Sizes) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        outcome = hostile.attack(sizes.messages, Path(folder))
    wrong = (outcome.twice, outcome.never, outcome.wrong_probes)
    said = f"alive: {outcome.alive}; twice {wrong[0]}, never {wrong[1]}, wrong in between {wrong[2]}"
    name = f"{outcome.n_messages:,} hostile messages ({outcome.n_requests} of them requests)"
    return [(name, said, "alive, 0, 0, 0", outcome.alive and not any(wrong))]


PARTS: dict[str, Callable[[Sizes], list[Row]]] = {
    "roundtrip": key_and_answer,
    "cancel": cancel,
    "malformed": malformed,
    "documents": documents,
    "memory": memory,
    "engine": engine,
    "typing": typing,
}
