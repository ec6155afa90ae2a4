"""The engine's face over a causal model: it writes on and judges; canvases are filled from left to right."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial

import numpy as np
from msgspec.structs import asdict

from model.causal.edit import answer, turns
from model.causal.greedy import Propose, Token, write
from model.causal.in_canvas import fill_canvases
from model.causal.lookup import Lookup
from model.causal.network import AHEAD_PIECE, CausalNetwork
from model.causal.reading import ROOT
from model.causal.tokenizer import CausalTokenizer
from model.diffusion.sampler import Ids
from model.diffusion.token_tree import TokenTree
from model.edits import Edit, EditPrompt, EditTask, Ends
from model.read_ahead import Unread
from model.types import Budget, CancelToken, Canvas, Fill, InfillConfig, ModelInfo, OnStep, Score, Stop


class CausalEngine:
    """`Engine` over a causal network. One thread at a time."""

    def __init__(self, network: CausalNetwork, tokenizer: CausalTokenizer, infill: InfillConfig) -> None:
        self.network, self.tokenizer = network, tokenizer
        self.info = ModelInfo(
            **asdict(infill),
            n_parameters=network.n_parameters,
            vocab_size=network.vocab_size,
            device=network.device,
            dtype=network.dtype,
        )

    def read(self, prompt_ids: Sequence[int], cancel: CancelToken) -> bool:
        """Read a prompt ahead of a question; whether all of it is read. Cancelled, it ends with the piece at hand.

        That piece is not thrown away: where every key asks a question, nothing would ever be read.
        """
        self.network.prefill(prompt_ids, AHEAD_PIECE, cancel)
        return not self.network.n_unread(prompt_ids)

    def unread(self, prompt_ids: Sequence[int]) -> Unread:
        """What a question with this prompt would have to read first, by the rate of what was read lately."""
        n_tokens = self.network.n_unread(prompt_ids)
        return Unread(n_tokens, n_tokens * self.network.ms_per_token)

    def denoise(
        self,
        prompt_ids: Sequence[int],
        canvases: Sequence[Canvas],
        budget: Budget,
        cancel: CancelToken,
        seed: int,
        on_draft: OnStep | None = None,
    ) -> list[Fill]:
        """Fill the canvases from left to right, the first with what is most probable, the others by chance."""
        fills: list[Fill] = []
        if cancel.cancelled or not canvases:
            return [Fill((), (), 0, "cancelled") for _ in canvases]
        with self.network.interrupted_by(cancel):
            self.network.prefill(prompt_ids)
            fills = fill_canvases(self.network, self.tokenizer, canvases, seed, cancel)
        return [*fills, *[Fill((), (), 0, "cancelled")] * (len(canvases) - len(fills))]

    def write(
        self,
        prompt_ids: Sequence[int],
        cancel: CancelToken,
        starts_with: str = "",
        propose: Propose = lambda ids: (),
        never: Sequence[str] = (),
    ) -> Generator[Token]:
        """Greedy tokens after a prompt, up to a special one; the caller stops sooner and closes it, or `cancel` does.

        Their text begins with `starts_with` (token healing), and then with none of `never`. `propose` gives likely
        continuations of the ids that are written; right ones save passes, wrong ones change nothing.
        """
        with self.network.interrupted_by(cancel):
            self.network.prefill(prompt_ids)
            for token in write(self.network, partial(self._allowed, starts_with.encode(), never), propose):
                if cancel.cancelled or token.id in self.tokenizer.special_ids:
                    return
                yield token

    def draft(
        self,
        prompt_ids: Sequence[int],
        max_tokens: int,
        cancel: CancelToken,
        starts_with: str = "",
        stop: Stop | None = None,
        never: Sequence[str] = (),
    ) -> list[int]:
        """Greedy text after a prompt; see `Engine`."""
        ids: list[int] = []
        log_prob, n_owed = 0.0, len(starts_with.encode())
        if cancel.cancelled or max_tokens <= 0:
            return ids
        with closing(self.write(prompt_ids, cancel, starts_with, Lookup(prompt_ids), never)) as written:
            for token in written:
                ids.append(token.id)
                log_prob += 0.0 if n_owed > 0 else token.log_prob
                n_owed -= len(self.tokenizer.token_bytes()[token.id])
                stopped = n_owed <= 0 and stop is not None and stop(self.tokenizer.decode(ids), log_prob)
                if stopped or len(ids) >= max_tokens:
                    break
        return ids

    def edit(self, task: EditTask, cancel: CancelToken, ends: Ends | None = None) -> Edit:
        """A changed text after a prompt of `edit_prompt`; see `Editor`."""
        return Edit() if cancel.cancelled else answer(self.network, self.tokenizer, task, cancel, ends)

    def edit_prompt(self, prompt: EditPrompt) -> list[int]:
        """Ids of a prompt in turns of a chat; only for a tokenizer with `has_turns`."""
        return turns(self.tokenizer, prompt)

    def score(
        self, prompt_ids: Sequence[int], continuations: Sequence[Sequence[int]], cancel: CancelToken
    ) -> list[Score]:
        """What the model thinks of each continuation, all in one pass; nothing when cancelled."""
        scores = [Score((), ()) for _ in continuations]
        if cancel.cancelled or not any(continuations):
            return scores
        with self.network.interrupted_by(cancel):
            self.network.prefill(prompt_ids)
            scores = self._scores(continuations)
        return scores

    def _scores(self, continuations: Sequence[Sequence[int]]) -> list[Score]:
        """The scores of continuations of the prompt in use, an empty one for an empty one."""
        tree = TokenTree([c for c in continuations if c])
        self.network.cover([i for c in continuations for i in c])
        reading = self.network.reading()
        nodes = reading.extend(tree.token_ids, tree.parents)
        log_probs = reading.log_probs([ROOT, *nodes])  # [1 + nodes, W]
        entropies = -np.einsum("nw,nw->n", np.exp(log_probs), log_probs)
        paths, scores = iter(tree.paths), list[Score]()
        for continuation in continuations:
            at = np.array([0, *(node + 1 for node in next(paths))]) if continuation else np.array([], np.int64)
            own = log_probs[at, self.network.written.slots(continuation)]
            scores.append(Score(tuple(own.tolist()), tuple(entropies[at].tolist())))
        return scores

    def _allowed(self, start: bytes, never: Sequence[str], ids: list[int]) -> Ids | None:
        """The ids [n] that may follow `ids` in a text that begins with `start`; None for any."""
        texts = self.tokenizer.token_bytes()
        allowed = self.tokenizer.may_follow(start, b"".join(texts[i] for i in ids), never)
        return None if allowed is None else np.array(allowed, np.int64)
