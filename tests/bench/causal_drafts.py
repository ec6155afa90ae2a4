"""Greedy text with and without drafts, for `bench_causal --drafts`: tokens a pass, milliseconds a token.

Places are line starts of held-out code, read as for a fill; all cases write as many tokens in turns. In whole numbers a
pass of several rows rounds otherwise than one of a single row, so where two tokens are about as likely a text may
differ: how many do is in the table, and with how much between the two tokens.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from infill.bench.code.code_set import code_sets
from model.causal.adapter import adapter_for
from model.causal.config import read_config, read_manifest
from model.causal.greedy import Token, write
from model.causal.lookup import Lookup
from model.causal.network import CausalNetwork
from model.causal.onnx_runtime import OnnxRuntime
from model.causal.sessions import open_folder
from model.causal.tokenizer import CausalTokenizer

LANGUAGES = ("python", "typescript", "go")
N_PREFIX, N_SUFFIX, SUFFIX_CHARS = 200, 48, 400  # tokens of a prompt, and characters that make the latter
LEAST_CHARS = 3000  # of a file
CASES = {"one token a pass": (False, False), "lookup": (True, False), "canvas": (False, True), "both": (True, True)}


class Written(NamedTuple):
    """What one case wrote at one place, and what it took."""

    tokens: list[Token]
    wall_ms: float
    thread_ms: float


def prompts(tokenizer: CausalTokenizer, n: int) -> Iterator[list[int]]:
    """Prompts of `n` places, in the languages by turns, the packages drawn from alike."""
    rng = random.Random(11)
    sets = [code_sets("held_out", language, None)[0] for language in LANGUAGES]
    while n > 0:
        package = rng.choice([package for package in sets[n % len(sets)].packages if package])
        text = rng.choice(package).read_text("utf-8")
        if len(text) < LEAST_CHARS:
            continue
        lines = text.splitlines(True)
        at = rng.randrange(len(lines) // 3, len(lines))
        suffix = tokenizer.encode("".join(lines[at + 1 :])[:SUFFIX_CHARS])[:N_SUFFIX]
        n -= 1
        yield tokenizer.prompt((), tokenizer.decode(suffix), "") + tokenizer.encode("".join(lines[:at]))[-N_PREFIX:]


def run(network: CausalNetwork, prompt: list[int], n: int, looks_up: bool) -> Written:
    """`n` tokens after a prompt that is read already."""
    network.prefill(prompt)
    wall, own = time.perf_counter(), time.thread_time()
    tokens = list(islice(write(network, propose=Lookup(prompt)) if looks_up else write(network), n))
    spent = 1000 * (time.perf_counter() - wall), 1000 * (time.thread_time() - own)
    return Written(tokens, *spent)


def differs(one: Written, plain: Written) -> float | None:
    """Nats between the two likeliest tokens where a text first differs; None where it does not."""
    for a, b in zip(one.tokens, plain.tokens, strict=True):
        if a.id != b.id:
            return b.log_prob - b.second_log_prob
    return None


def drafts(folder: Path, n_places: int, n: int) -> Iterator[list[str]]:
    """The lines of the table; one thread, so that the thread's time is all of it."""
    adapter = adapter_for(read_config(folder / "config.json"), read_manifest(folder))
    assert adapter is not None, f"no canvas adapter ships for {folder}"
    networks = [CausalNetwork(OnnxRuntime(open_folder(folder, 1, one))) for one in (None, adapter)]
    found: dict[str, list[Written]] = {name: [] for name in CASES}
    for place, prompt in enumerate(prompts(CausalTokenizer.load(folder), n_places)):
        names = list(CASES)
        for name in names[place % 4 :] + names[: place % 4]:
            looks_up, has_canvas = CASES[name]
            networks[has_canvas].prefill(prompt)
            found[name].append(run(networks[has_canvas], prompt, n, looks_up))
    plain = found["one token a pass"]
    for name, every in found.items():
        shares = [one.thread_ms / base.thread_ms for one, base in zip(every, plain, strict=True)]
        gaps = [gap for one, base in zip(every, plain, strict=True) if (gap := differs(one, base)) is not None]
        yield [
            name,
            f"{n * len(every) / sum(one.tokens[-1].passes for one in every):.2f}",
            f"{statistics.median(one.wall_ms for one in every) / n:.0f}",
            f"{statistics.median(one.thread_ms for one in every) / n:.0f}",
            f"{statistics.median(shares):.2f}",
            f"{sum(one.thread_ms for one in every) / sum(one.thread_ms for one in plain):.2f}",
            f"{len(gaps)} of {len(every)}" + (f" (at most {max(gaps):.2f} nats)" if gaps else ""),
        ]
