"""A causal model over kept prompts: what was read is not read again, what follows is a tree of rows.

Shapes: T rows of a pass over N that are kept, V ids, W ids that have a score, M rows whose scores are wanted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import cast

import numpy as np

from model.causal.canvas_drafts import CanvasDrafts
from model.causal.config import CausalConfig
from model.causal.key_values import shared
from model.causal.reading import Prompt, Reading
from model.causal.runtime import Kept, Runtime
from model.causal.written import Written
from model.diffusion.sampler import Flags, Floats, Ids
from model.types import CancelToken

PIECE = 64  # tokens read in one pass: a cancel loses no more
AHEAD_PIECE = 16  # the same ahead of a question, which waits for the piece at hand
KEPT_BYTES = 160 << 20  # of all kept prompts together
MEASURED = 16  # tokens, at least, of a piece whose time says how long reading takes: fewer are read less densely
RECENT = 0.3  # how much of the measured rate the last piece makes out
MS_PER_PARAMETER = 1.2e-8  # for a token, on two cores with AVX2; until the first piece is read


class CausalNetwork:
    """Reads, continues and judges; one thread at a time."""

    def __init__(self, runtime: Runtime, kept_bytes: int = KEPT_BYTES) -> None:
        self._runtime, self._kept_bytes = runtime, kept_bytes
        self.config: CausalConfig = runtime.config
        self.device, self.dtype = runtime.device, runtime.dtype
        self.vocab_size, self.n_parameters = self.config.vocab_size, self.config.n_parameters
        self.drafts = CanvasDrafts(self.device) if runtime.has_canvas else None
        # Of a prompt, as it was lately.
        self.ms_per_token = self.n_parameters * MS_PER_PARAMETER if self.device == "cpu" else 0.0
        self.forget()

    def forget(self) -> None:
        """Drop the prompts that are kept."""
        self._prompts = [Prompt(self._runtime.nothing_kept())]  # the one in use first
        self._written: Written | None = None

    @property
    def prompt(self) -> Prompt:
        """The kept prompt that is in use."""
        return self._prompts[0]

    @property
    def written(self) -> Written:
        """The ids that have a score after this prompt."""
        if self._written is None:
            self.cover(())
        assert self._written is not None
        return self._written

    def cover(self, token_ids: Sequence[int]) -> None:
        """Give these ids a score too, until the next prompt."""
        self._written = Written(self._runtime.head_ids, self.vocab_size, (*self.prompt.ids, *token_ids))
        self._extra_rows = self._runtime.embed(self._written.extra_ids)  # [X, dim]

    def prefill(self, prompt_ids: Sequence[int], n_piece: int = PIECE, until: CancelToken | None = None) -> None:
        """Make `prompt_ids`, which are not empty, the kept prompt; only what no kept one begins with is read.

        It is read in pieces of `n_piece` tokens, `until` somebody cancels. Interrupted, it keeps the pieces that are
        done: the next call goes on from there.
        """
        self._begin(prompt_ids)
        prompt = self.prompt
        if len(prompt.ids) == len(prompt_ids) and prompt.last_hidden is None:
            prompt.cut(len(prompt_ids) - 1)
        while (n := len(prompt.ids)) < len(prompt_ids) and not (until and until.cancelled):
            piece, began = list(prompt_ids[n : n + n_piece]), time.perf_counter()
            hidden = self.forward(piece, np.arange(n, n + len(piece)), causal(len(piece), n), prompt.key_values)
            prompt.ids += piece
            prompt.last_hidden = hidden[-1]
            self._written = None
            self._drop_oldest()
            if len(piece) >= MEASURED:
                took_ms = (time.perf_counter() - began) * 1000
                self.ms_per_token += RECENT * (took_ms / len(piece) - self.ms_per_token)

    def n_unread(self, prompt_ids: Sequence[int]) -> int:
        """How many tokens `prefill` would have to read."""
        return len(prompt_ids) - max(shared(prompt.ids, prompt_ids) for prompt in self._prompts)

    def reading(self) -> Reading:
        """What follows the kept prompt; valid until the next `prefill`, and only the last one that was asked for."""
        self.prompt.key_values.cut(len(self.prompt.ids))
        return Reading(self, self.prompt)

    def forward(
        self, ids: Sequence[int] | Ids, positions: Ids, visible: Flags, past: Kept, n_canvas: int = 0
    ) -> Floats:
        """Hidden states [T, dim] of `ids` [T] at `positions` [T], the last `n_canvas` of a canvas; see `Runtime`."""
        return self._runtime.forward(ids, positions, visible, past, n_canvas)

    def scored(self, hidden: Floats, n_canvas: int = 0) -> tuple[Floats, Ids]:
        """What follows rows of hidden states [M, dim], the last `n_canvas` of them of a canvas.

        Log-probabilities [M - n_canvas, W] (nats) of the written ids; of canvas rows the likeliest id [n_canvas].
        """
        written = self.written
        scores = self._runtime.scores(hidden)
        if len(written.extra_ids):
            scores = np.concatenate((scores, hidden @ self._extra_rows.T), axis=1)
        n = len(hidden) - n_canvas
        best = written.ids[scores[n:].argmax(-1)]
        scores = scores[:n] - scores[:n].max(-1, keepdims=True)
        return cast("Floats", scores - np.log(np.exp(scores).sum(-1, keepdims=True))), best

    def interrupted_by(self, cancel: CancelToken) -> AbstractContextManager[None]:
        """See `Runtime`."""
        return self._runtime.interrupted_by(cancel)

    def _begin(self, prompt_ids: Sequence[int]) -> None:
        """Put the kept prompt that goes furthest with `prompt_ids` first, cut to where they part."""
        n_shared = [shared(prompt.ids, prompt_ids) for prompt in self._prompts]
        n = max(n_shared)
        closest = self._prompts[n_shared.index(n)]
        others = [prompt for prompt in self._prompts if prompt is not closest]
        if closest is not self.prompt or n < len(closest.ids):
            self._written = None
        if n < len(closest.ids) - PIECE:  # another file's, or another place's: it may be wanted again
            others.insert(0, closest)
            closest, ids = Prompt(closest.key_values.copy(n)), closest.ids[:n]
            closest.ids = ids
        closest.cut(n)
        self._prompts = [closest, *others]

    def _drop_oldest(self) -> None:
        """Drop what the memory for kept prompts does not hold, never the one in use."""
        n_bytes = np.cumsum([prompt.key_values.n_bytes for prompt in self._prompts])
        n_kept = int((n_bytes <= self._kept_bytes).sum())
        del self._prompts[max(n_kept, 1) :]


def causal(n: int, n_past: int) -> Flags:
    """What each of `n` rows sees [n, n_past + n]: all that is past, what comes before it, and itself."""
    return np.tri(n, n_past + n, n_past, dtype=np.bool_)
