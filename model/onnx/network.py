"""A checkpoint's graphs in ONNX Runtime: the CPU's `Network`, without torch.

Everything is packed into one sequence, without a batch and without padding: all canvases of a fill stand
behind each other and a mask keeps them apart, all continuations to be scored share the tokens they begin
with (a tree). `model/train/to_onnx.py` writes the graphs and says how they compute.

Shapes: T tokens of a pass after N that are kept, B canvases, F free positions, M positions with scores, V ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, cast

import numpy as np

from model.diffusion.network import ScoredTokens, common_prefix
from model.diffusion.noise import UniformNoise
from model.diffusion.sampler import Flags, Floats, Ids, StepOutput, step_output
from model.diffusion.token_tree import TokenTree
from model.hardware.heap import trim_heap
from model.onnx.masks import causal_mask
from model.onnx.runtime import interruptible, ort
from model.types import CancelToken, Canvas

# Soft embeddings leave out ids so much less probable than the best: what they add drowns in the rounding.
LEAST_SHARE = 1 / 128
LARGE_PASS = 192  # positions with scores, a vocabulary of numbers each; a suggestion while typing stays below
_SHRINK = ("memory.enable_memory_arena_shrinkage", "cpu:0")
PROMPTS_KEPT = 4  # a megabyte each: windows that take turns do not drive out each other's

Arrays = dict[str, Floats | Ids]
Past = list[Floats]  # keys and values of every layer in turn, each [kv heads, N, head dim]


class Prompt(NamedTuple):
    """An encoded prompt: its keys and values, and the scores [1, V] of what follows it."""

    ids: list[int]
    past: Past
    last_logits: Floats


class OnnxNetwork:
    """Encoder and decoder over the prompt kept last; a few older ones are there to come back to."""

    def __init__(self, sessions: dict[str, ort.InferenceSession], embedding: Floats, text_config: dict[str, int]):
        """`embedding` [V, dim] is scaled as the class scales it."""
        self._sessions = sessions
        self.embedding = embedding
        self.vocab_size, self.hidden_size = embedding.shape
        self.pad_id = text_config.get("pad_token_id")
        self.n_parameters = text_config["n_parameters"]
        self.device, self.dtype = "cpu", "int8"
        self._outputs = [o.name for o in sessions["trunk"].get_outputs()]
        shape = (text_config["num_key_value_heads"], 0, text_config["head_dim"])
        self._options: ort.RunOptions | None = None
        self._largest = 0  # positions with scores of the largest pass since memory was given back
        self._nothing = [np.zeros(shape, np.float32) for _ in self._outputs[1:]]
        self.forget()

    def forget(self) -> None:
        """Drop the prompts that are kept."""
        self._prompts = [Prompt([], self._nothing, np.zeros((1, self.vocab_size), np.float32))]  # the one in use first

    def prefill(self, prompt_ids: Sequence[int]) -> None:
        shared = [common_prefix(prompt.ids, prompt_ids) for prompt in self._prompts]
        n = max(shared)
        closest = self._prompts[shared.index(n)]
        others = [prompt for prompt in self._prompts if prompt is not closest]
        if n < len(prompt_ids) or n < len(closest.ids):
            if n < len(closest.ids) // 2:  # another file's, or another place's: it may be wanted again
                others.insert(0, closest)
            n = min(n, len(prompt_ids) - 1)  # the last token's scores are needed again
            past = [np.ascontiguousarray(p[:, :n]) for p in closest.past]
            new_ids = np.array(prompt_ids[n:])
            hidden, past = self.encode(new_ids, causal_mask(len(new_ids), n), np.arange(n, len(prompt_ids)), past)
            closest = Prompt(list(prompt_ids), past, self.logits(hidden[-1:]))
        self._prompts = [closest, *others][:PROMPTS_KEPT]

    @contextmanager
    def interrupted_by(self, cancel: CancelToken) -> Iterator[None]:
        try:
            with interruptible(cancel) as self._options:
                yield
        finally:
            self._options = None
            if self._largest >= LARGE_PASS:
                self._give_back()

    def _give_back(self) -> None:
        """Give back the memory of large passes, which ONNX Runtime keeps; a pass of one token has it do so."""
        options = self._options = ort.RunOptions()
        options.add_run_config_entry(*_SHRINK)
        one = np.zeros(1, np.int64)
        hidden, _ = self.encode(one, causal_mask(1, 0), one, self._nothing)
        self.logits(hidden)
        self.condition(self.embed(one), self.embed(one))
        self._options = None
        self._largest = 0
        trim_heap()

    def noise(self, canvas: Canvas) -> UniformNoise:
        return UniformNoise(self.vocab_size)

    def decoder(self, canvases: Sequence[Canvas], barred: Flags) -> OnnxDecoder:
        prompt = self._prompts[0]
        return OnnxDecoder(self, prompt.past, len(prompt.ids), canvases, barred)

    def left_to_right(self) -> OnnxLeftToRight:
        prompt = self._prompts[0]
        return OnnxLeftToRight(self, prompt.last_logits[0], len(prompt.ids), prompt.past)

    def score_continuations(self, continuations: Sequence[Sequence[int]]) -> list[ScoredTokens]:
        tree = TokenTree(continuations)
        prompt = self._prompts[0]
        n_prompt, n_nodes = len(prompt.ids), len(tree.token_ids)
        logits = prompt.last_logits
        if n_nodes:
            mask = np.zeros((n_nodes, n_prompt + n_nodes), np.float32)
            mask[:, n_prompt:][~tree.visible()] = -np.inf
            ids, positions = np.array(tree.token_ids), n_prompt + np.array(tree.depths)
            hidden = self.trunk(self.embed(ids), positions, mask, prompt.past)
            logits = np.concatenate((logits, self.logits(hidden)))
        weights = np.exp(logits)  # soft-capped: cannot overflow
        totals = weights.sum(-1)
        log_totals = np.log(totals)
        entropies = log_totals - np.einsum("nv,nv->n", weights, logits) / totals
        scored: list[ScoredTokens] = []
        for continuation, path in zip(continuations, tree.paths, strict=True):
            at = np.array([0, *(node + 1 for node in path)])
            scored.append(ScoredTokens(logits[at, np.array(continuation)] - log_totals[at], entropies[at]))
        return scored

    def encode(self, ids: Ids, mask: Floats, position_ids: Ids, past: Past) -> tuple[Floats, Past]:
        """Causal pass over `ids` [T] at `position_ids` [T]: hidden states [T, dim], and keys and values with theirs.

        `mask` [T, N + T] is added to the attention scores; keys and values become [kv heads, N + T, head dim].
        """
        hidden, *present = self._run("trunk", self._outputs, self._inputs(self.embed(ids), position_ids, mask, past))
        return hidden, present

    def trunk(self, x: Floats, position_ids: Ids, mask: Floats, past: Past) -> Floats:
        """Hidden states [T, dim] of embeddings `x` [T, dim]; `mask` [T, N + T] is added to the attention scores."""
        return self._run("trunk", ["hidden"], self._inputs(x, position_ids, mask, past))[0]

    def condition(self, x: Floats, soft: Floats) -> Floats:
        """Canvas embeddings `x` [T, dim] with the last step's soft embeddings [T, dim] added."""
        return self._run("condition", None, {"x": x, "soft": soft})[0]

    def logits(self, hidden: Floats) -> Floats:
        """Soft-capped vocabulary scores [M, V] of hidden states [M, dim]."""
        self._largest = max(self._largest, len(hidden))
        return self._run("head", None, {"hidden": hidden})[0]

    def _inputs(self, x: Floats, position_ids: Ids, mask: Floats, past: Past) -> Arrays:
        """The inputs of `trunk` by name: `x` [T, dim], `position_ids` [T], `mask` [T, N + T] and `past`."""
        kept = {f"past{i}": p for i, p in enumerate(past)}
        return {"x": x, "position_ids": position_ids, "mask": mask} | kept

    def _run(self, graph: str, outputs: list[str] | None, inputs: Arrays) -> list[Floats]:
        """The arrays [...] that a graph gives under these names; None: all of them, in its order."""
        return cast("list[Floats]", self._sessions[graph].run(outputs, inputs, self._options))

    def embed(self, ids: Ids) -> Floats:
        """Scaled embeddings [T, dim] of `ids` [T]."""
        return self.embedding[ids]

    def soft_embeddings(self, probs: Floats) -> Floats:
        """Expected embedding [F, dim] under `probs` [F, V], of the ids that matter."""
        rows, ids = np.nonzero(probs >= LEAST_SHARE * probs.max(-1, keepdims=True))
        kept = probs[rows, ids]
        starts = np.searchsorted(rows, np.arange(len(probs)))
        total = np.add.reduceat(kept, starts)
        soft = np.add.reduceat(kept[:, None] * self.embedding[ids], starts) / total[:, None]
        return cast("Floats", soft)


class OnnxDecoder:
    """`Decoder` over canvases packed into one sequence of P positions."""

    def __init__(
        self, network: OnnxNetwork, past: Past, n_prompt: int, canvases: Sequence[Canvas], barred: Flags
    ) -> None:
        """`past` holds the prompt's keys and values; `barred` [B, V] marks ids that a canvas may not predict."""
        self._network, self._past, self._n_prompt = network, past, n_prompt
        lengths = [len(c.canvas_ids) for c in canvases]
        self._row = np.repeat(np.arange(len(canvases)), lengths)  # [P] whose position it is
        self._ids = np.concatenate([np.array(c.canvas_ids) for c in canvases])  # [P]
        self._hole = np.concatenate([np.array(c.hole_mask, dtype=np.bool_) for c in canvases])  # [P]
        self._positions = n_prompt + np.concatenate([np.arange(n) for n in lengths])  # [P]
        self._barred = barred
        self._soft: Floats | None = None  # [P, dim] expected under the last pass; the clamped are certain
        self._lay_out(list(range(len(canvases))))

    def _lay_out(self, live: list[int]) -> None:
        """What does not change while the same rows are live."""
        self._live = live
        used = np.isin(self._row, live)
        self._used = np.flatnonzero(used)
        self._free = np.flatnonzero(used & self._hole)
        self._free_in_used = np.flatnonzero(self._hole[self._used])
        row = self._row[self._used]
        own = np.where(row[:, None] == row[None, :], np.float32(0), np.float32(-np.inf))
        self._mask = np.concatenate((np.zeros((len(row), self._n_prompt), np.float32), own), axis=1)
        self._free_barred = self._barred[self._row[self._free]]

    def __call__(self, live: Sequence[int], free_ids: Ids, temperature: float, uniforms: Floats) -> StepOutput:
        if list(live) != self._live:
            self._lay_out(list(live))
        network = self._network
        self._ids[self._free] = free_ids
        x = network.embed(self._ids[self._used])
        soft = np.zeros_like(x) if self._soft is None else self._soft[self._used]
        hidden = network.trunk(network.condition(x, soft), self._positions[self._used], self._mask, self._past)
        logits = network.logits(hidden[self._free_in_used])
        np.putmask(logits, self._free_barred, -np.inf)
        logits /= np.float32(temperature)
        output, probs = step_output(logits, uniforms)
        if self._soft is None:
            self._soft = network.embed(self._ids)
        self._soft[self._free] = network.soft_embeddings(probs)
        return output


class OnnxLeftToRight:
    """`LeftToRight` on a copy of the prompt's keys and values that grows."""

    def __init__(self, network: OnnxNetwork, logits: Floats, n: int, past: Past) -> None:
        """`logits` [V] are of what follows `n` tokens, whose keys and values [kv heads, n, head dim] are `past`."""
        self._network, self._logits, self._n, self._past = network, logits, n, past

    def best(self, allowed: Flags | None) -> tuple[int, float]:
        logits = self._logits if allowed is None else np.where(allowed, self._logits, -np.inf)
        best = int(logits.argmax())
        log_total = np.log(np.exp(self._logits).sum())  # soft-capped: cannot overflow
        return best, float(logits[best] - log_total)

    def push(self, token_id: int) -> None:
        ids, mask = np.array([token_id]), np.zeros((1, self._n + 1), np.float32)
        hidden, self._past = self._network.encode(ids, mask, np.array([self._n]), self._past)
        self._logits = self._network.logits(hidden)[0]
        self._n += 1
