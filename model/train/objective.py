"""From a source file to one training example: an encoded prompt and several noised canvases over it.

One document gives one causal pass (loss on every token, so that the encoder can draft and judge) and
several holes cut out of it, each a canvas `tail | hole | near suffix` that sees only the prompt before
it. Noise is uniform over the vocabulary and falls on the hole alone; a third of the holes have their
exact length, the rest are filled with `<pad>` up to a bucket, which teaches where a hole ends.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec
import numpy as np

from model.tokenize.tokenizer import TextTokenizer
from model.train.hole_sampling import CUTS, Cut

EXACT_SHARE = 1 / 3
NODE_SHARE = 0.25  # of the holes are statements and expressions of the syntax tree
LOOSE_SUFFIX_SHARE = 0.1  # of the canvases have a suffix that is noised as well: to refine, and to repair
FURTHER_PAD_WEIGHT = 0.2  # the first pad says where the hole ends; the others only repeat it


class Shape(msgspec.Struct, frozen=True):
    """Sizes of one example in tokens."""

    prompt: int = 320
    far_suffix: int = 64
    canvases: int = 4
    canvas: int = 48
    near_suffix: int = 12
    max_tail: int = 4
    buckets: tuple[int, ...] = (8, 16, 32)  # lengths of padded holes; no hole is as long as the last


class Example(msgspec.Struct):
    """Arrays of one document; K canvases of C tokens over a prompt of N.

    `hole` marks the free positions, `weight` the loss of each, `visible` how many prompt tokens a
    canvas sees, `length` how many of its C positions are in use.
    """

    prompt: np.ndarray  # [N] int64
    prompt_weight: np.ndarray  # [N] float32, loss of predicting token i from the ones before
    canvas: np.ndarray  # [K, C] int64, clean
    hole: np.ndarray  # [K, C] bool
    weight: np.ndarray  # [K, C] float32
    visible: np.ndarray  # [K] int64
    length: np.ndarray  # [K] int64


class Sampler:
    """Turns texts into examples; every choice comes from one generator."""

    def __init__(self, tokenizer: TextTokenizer, shape: Shape, seed: int) -> None:
        self.tokenizer = tokenizer
        self.shape = shape
        self.rng = random.Random(seed)
        self._nodes: np.ndarray | None = None  # [n, 2] of the window

    def example(self, text: str, nodes: np.ndarray | None = None) -> Example:
        """One example from a random window of `text`, whose syntax has its nodes at `nodes` [n, 2]."""
        at, window = self._window(text)
        self._nodes = None if nodes is None else nodes[np.searchsorted(nodes[:, 0], at) :] - at
        ids, n_head, prefix, starts = self._prompt(window)
        shape = self.shape
        out = Example(
            prompt=np.full(shape.prompt, self.tokenizer.pad_id, np.int64),
            prompt_weight=np.zeros(shape.prompt, np.float32),
            canvas=np.full((shape.canvases, shape.canvas), self.tokenizer.pad_id, np.int64),
            hole=np.zeros((shape.canvases, shape.canvas), bool),
            weight=np.zeros((shape.canvases, shape.canvas), np.float32),
            visible=np.ones(shape.canvases, np.int64),
            length=np.ones(shape.canvases, np.int64),
        )
        out.prompt[: len(ids)] = ids
        out.prompt_weight[1 : len(ids)] = 1.0
        out.prompt_weight[n_head - 1] = 0.0  # the marker between suffix and prefix is always there
        for k in range(shape.canvases):
            self._cut(out, k, window, prefix, starts, n_head)
        return out

    def _window(self, text: str) -> tuple[int, str]:
        """A stretch of whole lines, a little longer than a prompt, and its offset; often the head of the file."""
        n_chars = (self.shape.prompt + 60) * 5
        if len(text) <= n_chars or self.rng.random() < 0.2:
            return 0, text[:n_chars]
        start = text.rfind("\n", 0, self.rng.randrange(len(text) - n_chars // 2)) + 1
        return start, text[start : start + n_chars]

    def _span(self, window: str, n_prefix: int) -> Cut:
        """Where to cut next."""
        if self._nodes is not None and self.rng.random() < NODE_SHARE:
            n = int(np.searchsorted(self._nodes[:, 0], n_prefix))
            if n:
                start, end = self._nodes[self.rng.randrange(n)]
                return int(start), int(end)
        cut = self.rng.choices([c for c, _ in CUTS], [w for _, w in CUTS])[0]
        return cut(window, self.rng.randrange(n_prefix), self.rng)

    def _prompt(self, window: str) -> tuple[list[int], int, str, list[int]]:
        """Prompt ids, where the prefix begins in them, the prefix and each of its tokens' first character."""
        has_suffix = self.rng.random() < 0.85
        far_budget = self.rng.randrange(8, self.shape.far_suffix + 1) if has_suffix else 0
        room = self.shape.prompt - 3 - far_budget
        encoding = self.tokenizer.encode_with_offsets(window)
        prefix_ids, starts = encoding[0][:room], encoding[1][:room]
        end = encoding[1][room] if len(encoding[0]) > room else len(window)
        far_start = window.find("\n", end) + 1
        far = encoding_slice(encoding, far_start)[:far_budget] if far_start and has_suffix else []
        t = self.tokenizer
        head = [t.bos_id, *([t.suffix_id, *far] if far else []), t.prefix_id]
        return head + prefix_ids, len(head), window[:end], starts

    def _cut(self, out: Example, k: int, window: str, prefix: str, starts: Sequence[int], n_head: int) -> None:
        """Write one canvas, trying again where a cut is empty or too long."""
        for _ in range(8):
            start, end = self._span(window, len(prefix))
            if not start < end <= len(window) or start > len(prefix):
                continue
            stable, tail = self.tokenizer.split_tail(window[:start])
            boundary = int(np.searchsorted(starts, len(stable)))
            if boundary < len(starts) and starts[boundary] != len(stable):
                continue  # the document's own tokens do not break here
            canvas = self._canvas(tail, window[start:end], window[end:])
            if canvas is not None:
                ids, (a, b, n_real) = canvas
                out.canvas[k, : len(ids)] = ids
                out.hole[k, a:b] = True
                out.weight[k, a : a + n_real + 1] = 1.0
                out.weight[k, a + n_real + 1 : b] = FURTHER_PAD_WEIGHT
                loose = self.rng.random() < LOOSE_SUFFIX_SHARE
                out.hole[k, b : len(ids)] = loose
                out.weight[k, b:] = 0.0
                out.weight[k, b : len(ids)] = float(loose)
                out.visible[k] = n_head + min(boundary, len(starts))
                out.length[k] = len(ids)
                return

    def _canvas(self, tail: str, hole: str, suffix: str) -> tuple[list[int], tuple[int, int, int]] | None:
        """Ids `tail | hole | near suffix`, and (hole start, hole end, tokens of it that are not pad)."""
        shape, rng, t = self.shape, self.rng, self.tokenizer
        tail_ids, hole_ids = t.encode(tail), t.encode(hole)
        n = len(hole_ids)
        if len(tail_ids) > shape.max_tail or n >= shape.buckets[-1]:
            return None
        width = n
        if rng.random() > EXACT_SHARE:
            fitting = [b for b in shape.buckets if b > n]
            width = fitting[0] if rng.random() < 0.8 else rng.choice(fitting)
        n_suffix = 0 if rng.random() < 0.1 else rng.choice((2, 4, 8, shape.near_suffix, shape.near_suffix))
        suffix_ids = t.encode(suffix[:120])[:n_suffix]
        start = len(tail_ids)
        ids = [*tail_ids, *hole_ids, *[t.pad_id] * (width - n), *suffix_ids]
        return ids, (start, start + width, n)


def encoding_slice(encoding: tuple[list[int], list[int]], start_char: int) -> list[int]:
    """Ids of the tokens that begin at or after a character."""
    return encoding[0][int(np.searchsorted(encoding[1], start_char)) :]


def noise_times(n: int, rng: np.random.Generator) -> np.ndarray:
    """Noise levels [n] in (0, 1], evenly spread by one shared offset; a seventh are pure noise."""
    return np.minimum(1.0, ((rng.random() + np.arange(n)) / n % 1.0) * 7 / 6)


def noised(example: Example, t: np.ndarray, vocab_size: int, rng: np.random.Generator) -> np.ndarray:
    """Canvases [K, C] with each free position of canvas k replaced by a random token with probability t[k], t [K]."""
    random_ids = rng.integers(0, vocab_size, example.canvas.shape)
    hit = example.hole & (rng.random(example.canvas.shape) < t[:, None])
    return np.where(hit, random_ids, example.canvas)
