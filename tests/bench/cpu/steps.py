"""Times of single passes: a denoising step of one canvas over a kept prompt, and the encoding of a prompt.

Ids are random plain ones, half of each canvas is free. A row's passes follow each other as in a fill: each is
conditioned on the one before, the sampler's draw and the choice of draft are part of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from model.config import EMBEDDED
from model.tokenize.tokenizer import TextTokenizer
from model.types import Canvas
from tests.bench.cpu.busy import busy
from tests.bench.cpu.clock import once, timed
from tests.bench.cpu.runtimes import open_network

if TYPE_CHECKING:
    from model.diffusion.network import Network

TEMPERATURE = 0.5
N_WARM_UP = 2  # passes before the timed ones: the first has nothing to be conditioned on
N_ROUNDS = 2  # over the whole grid, so that a slow moment of the machine does not fall on one cell alone
N_LOAD_ROUNDS = 3  # over all loads: where a scheduler puts the spinning processes differs each time


class RandomText:
    """Plain ids and canvases drawn by a fixed seed."""

    def __init__(self, seed: int = 0) -> None:
        tokenizer = TextTokenizer.load(EMBEDDED)
        self._rng = np.random.default_rng(seed)
        self.plain = np.array([i for i in range(tokenizer.vocab_size) if i not in tokenizer.special_ids])
        self.barred = np.isin(np.arange(tokenizer.vocab_size), self.plain, invert=True)[None]

    def ids(self, n: int) -> list[int]:
        """`n` random plain ids."""
        return self._rng.choice(self.plain, n).tolist()

    def step(self, network: Network, n_canvas: int) -> Callable[[], object]:
        """A call that makes the next pass over a canvas of this many positions, half of them free."""
        n_free = n_canvas // 2
        canvas = Canvas(tuple(self.ids(n_canvas)), (True,) * n_free + (False,) * (n_canvas - n_free))
        decoder = network.decoder([canvas], self.barred)
        noise = [(np.array(self.ids(n_free)), self._rng.random(n_free, dtype=np.float32)) for _ in range(8)]
        turns = cycle(noise)

        def one_pass() -> object:
            free_ids, uniforms = next(turns)
            return decoder([0], free_ids, TEMPERATURE, uniforms)

        return one_pass


def grid(
    runtime: str,
    scratch: str,
    n_threads: int,
    prompts: Sequence[int],
    canvases: Sequence[int],
    encoded: Sequence[int],
    seconds: float,
) -> dict[str, Any]:
    """Job: milliseconds of passes for each prompt and canvas, and of encoding prompts of the `encoded` lengths."""
    network, text = open_network(runtime, scratch, n_threads), RandomText()
    steps = [{"prompt": n, "canvas": c, "first_s": None, "ms": []} for n in prompts for c in canvases]
    encodings = {n: [] for n in encoded}
    for _ in range(N_ROUNDS):
        for n in dict.fromkeys((*prompts, *encoded)):
            network.prefill(text.ids(n))
            if n in encodings:
                encodings[n] += encoding_ms(network, text, n, seconds / N_ROUNDS)
            for cell in steps:
                if cell["prompt"] == n:
                    add_passes(cell, network, text, seconds / N_ROUNDS)
    return {"steps": steps, "encode": [{"prompt": n, "ms": ms} for n, ms in encodings.items()], "isa": torch_isa()}


def add_passes(cell: dict[str, Any], network: Network, text: RandomText, seconds: float) -> None:
    """Time passes of the cell's size; the first time also its first passes, which may compile."""
    one_pass = text.step(network, cell["canvas"])
    first_ms = once(lambda: [one_pass() for _ in range(N_WARM_UP)])
    cell["first_s"] = cell["first_s"] or first_ms / 1000
    cell["ms"] += timed(one_pass, seconds, least=3)


def encoding_ms(network: Network, text: RandomText, n_prompt: int, seconds: float) -> list[float]:
    """Encodings of prompts that share nothing with the one before."""
    return timed(lambda: network.prefill(text.ids(n_prompt)), seconds, least=2)


def under_load(
    runtime: str, scratch: str, n_threads: int, levels: Sequence[int], n_prompt: int, n_canvas: int, seconds: float
) -> dict[str, Any]:
    """Job: milliseconds of passes of one size while so many other processes keep a core busy."""
    network, text = open_network(runtime, scratch, n_threads), RandomText()
    network.prefill(text.ids(n_prompt))
    one_pass = text.step(network, n_canvas)
    for _ in range(N_WARM_UP):
        one_pass()
    cells = [{"busy": n, "ms": []} for n in levels]
    for _ in range(N_LOAD_ROUNDS):
        for cell in cells:
            with busy(cell["busy"]):
                one_pass()
                cell["ms"] += timed(one_pass, seconds / N_LOAD_ROUNDS, least=3, most=200)
    return {"levels": cells}


def torch_isa() -> str | None:
    """What torch says it uses of the processor, where the runtime loaded it."""
    torch = sys.modules.get("torch")
    return None if torch is None else torch.backends.cpu.get_cpu_capability()
