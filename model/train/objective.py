"""From a source file to one training example: an encoded prompt and several noised canvases over it.

One document gives one causal pass (loss on every token, so that the encoder can draft and judge) and
several holes cut out of it, each a canvas `tail | hole | near suffix` that sees only the prompt before
it. Noise is uniform over the vocabulary and falls on the hole alone; a third of the holes have their
exact length, the rest are filled with `<pad>` up to a bucket, which teaches where a hole ends.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import msgspec
import numpy as np

from model.tokenizer import TextTokenizer

BUCKETS = (8, 16, 32)
EXACT_SHARE = 1 / 3
FURTHER_PAD_WEIGHT = 0.2  # the first pad says where the hole ends; the others only repeat it
WORD = re.compile(r"\w+|[^\w\s]")
CLOSING = {"(": ")", "[": "]", "{": "}"}


class Shape(msgspec.Struct, frozen=True):
    """Sizes of one example in tokens."""

    prompt: int = 320
    far_suffix: int = 64
    canvases: int = 4
    canvas: int = 48
    near_suffix: int = 12
    max_tail: int = 4


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


Cut = tuple[int, int]  # character span of a hole


def cut_line_end(text: str, at: int, rng: random.Random) -> Cut:
    """From somewhere in the line to its end; seven times in ten from a word's edge."""
    start, end = line_around(text, at)
    indent = len(text[start:end]) - len(text[start:end].lstrip())
    if end - start - indent < 2:
        return at, at
    if rng.random() < 0.7:
        edges = [m.start() for m in WORD.finditer(text, start + indent, end)]
        return (rng.choice(edges) if edges else start + indent), end
    return rng.randrange(start + indent, end), end


def cut_expression(text: str, at: int, rng: random.Random) -> Cut:
    """Some words inside a line, or all that stands between two brackets."""
    start, end = line_around(text, at)
    edges = [m.start() for m in WORD.finditer(text, start, end)] + [end]
    if len(edges) < 3:
        return at, at
    first = rng.randrange(len(edges) - 1)
    opening = text[edges[first]]
    if opening in CLOSING and rng.random() < 0.7:
        close = text.find(CLOSING[opening], edges[first], end)
        if close > edges[first] + 1:
            return edges[first] + 1, close
    last = min(first + 1 + int(rng.expovariate(0.3)), len(edges) - 1)
    return edges[first], len(text[: edges[last]].rstrip())


def cut_lines(text: str, at: int, rng: random.Random) -> Cut:
    """One to four whole lines, the first one's indentation already typed or not."""
    start, end = line_around(text, at)
    for _ in range(min(3, int(rng.expovariate(0.8)))):
        following = text.find("\n", end + 1)
        end = following if following > 0 else end
    if rng.random() < 0.5 and start > 0:
        return start - 1, end  # the cursor stands at the end of the line before
    return start + len(text[start:end]) - len(text[start:end].lstrip()), end


def cut_random(text: str, at: int, rng: random.Random) -> Cut:
    """Any characters."""
    return at, min(len(text), at + 1 + int(rng.expovariate(1 / 25)))


CUTS = ((cut_line_end, 0.45), (cut_expression, 0.2), (cut_lines, 0.2), (cut_random, 0.15))


def line_around(text: str, at: int) -> Cut:
    """Start and end (before the line break) of the line that holds offset `at`."""
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if end < 0 else end


class Sampler:
    """Turns texts into examples; every choice comes from one generator."""

    def __init__(self, tokenizer: TextTokenizer, shape: Shape, seed: int) -> None:
        self.tokenizer = tokenizer
        self.shape = shape
        self.rng = random.Random(seed)

    def example(self, text: str) -> Example:
        """One example from a random window of `text`."""
        window = self._window(text)
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

    def _window(self, text: str) -> str:
        """A stretch of whole lines, a little longer than a prompt; often the head of the file."""
        n_chars = (self.shape.prompt + 60) * 5
        if len(text) <= n_chars or self.rng.random() < 0.2:
            return text[:n_chars]
        start = self.rng.randrange(len(text) - n_chars // 2)
        return text[text.rfind("\n", 0, start) + 1 :][:n_chars]

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
            cut = self.rng.choices([c for c, _ in CUTS], [w for _, w in CUTS])[0]
            start, end = cut(window, self.rng.randrange(len(prefix)), self.rng)
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
                out.weight[k, b:] = 0.0
                out.visible[k] = n_head + min(boundary, len(starts))
                out.length[k] = len(ids)
                return

    def _canvas(self, tail: str, hole: str, suffix: str) -> tuple[list[int], tuple[int, int, int]] | None:
        """Ids `tail | hole | near suffix`, and (hole start, hole end, tokens of it that are not pad)."""
        shape, rng, t = self.shape, self.rng, self.tokenizer
        tail_ids, hole_ids = t.encode(tail), t.encode(hole)
        n = len(hole_ids)
        if len(tail_ids) > shape.max_tail or n >= BUCKETS[-1]:
            return None
        width = n
        if rng.random() > EXACT_SHARE:
            fitting = [b for b in BUCKETS if b > n]
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
    """`n` noise levels in (0, 1], evenly spread by one shared offset; a seventh are pure noise."""
    return np.minimum(1.0, ((rng.random() + np.arange(n)) / n % 1.0) * 7 / 6)


def noised(example: Example, t: np.ndarray, vocab_size: int, rng: np.random.Generator) -> np.ndarray:
    """Canvases [K, C] with each free position replaced by a random token with probability t[k]."""
    random_ids = rng.integers(0, vocab_size, example.canvas.shape)
    hit = example.hole & (rng.random(example.canvas.shape) < t[:, None])
    return np.where(hit, random_ids, example.canvas)
