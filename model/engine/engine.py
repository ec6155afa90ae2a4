"""The engine: denoise, draft and score over one kept prompt. The only face that `infill` sees.

One thread at a time. Every call takes the whole prompt; what it shares with the last one is not encoded
again. Draws come from generators seeded by the caller, so the same call gives the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from msgspec.structs import asdict, replace

from model.config import FILL_SAMPLER, SamplerConfig
from model.diffusion.denoise import Row, denoise, starting_rows
from model.diffusion.network import Network, ScoredTokens
from model.diffusion.sampler import Flags, SeededDraws
from model.engine.hole_lengths import UsualConfidence, confidence
from model.tokenize.tokenizer import TextTokenizer
from model.types import Budget, CancelToken, Canvas, Fill, InfillConfig, ModelInfo, OnStep, Score, Stop, StopReason

LEAST_USUAL = 1e-3  # where the fitted curve is next to nothing
SEED_STRIDE = 1_000_003  # rows of a batch draw from seeds this far apart


class DiffusionEngine:
    """`Engine` over a network of any runtime."""

    def __init__(
        self,
        network: Network,
        tokenizer: TextTokenizer,
        infill: InfillConfig,
        stated: SamplerConfig | None,
        usual: UsualConfidence | None = None,
    ) -> None:
        self._network = network
        self._usual = usual
        self._sampler = stated or FILL_SAMPLER
        self.tokenizer = tokenizer
        most_context = max(infill.max_prompt_tokens // 2 - infill.far_suffix_tokens, 0)
        self.info = ModelInfo(
            **asdict(replace(infill, context_tokens=min(infill.context_tokens, most_context))),
            n_parameters=network.n_parameters,
            vocab_size=network.vocab_size,
            device=network.device,
            dtype=network.dtype,
        )

    def denoise(
        self,
        prompt_ids: Sequence[int],
        canvases: Sequence[Canvas],
        budget: Budget,
        cancel: CancelToken,
        seed: int,
        on_draft: OnStep | None = None,
    ) -> list[Fill]:
        """Denoise a batch of canvases over one prompt; cancelled before the first step, the fills are empty.

        Those that `budget.keep_best` leaves out after it are empty too.
        """
        if cancel.cancelled or not canvases:
            return [Fill((), (), 0, "cancelled") for _ in canvases]
        given = [np.array(c.canvas_ids)[np.array(c.hole_mask, dtype=np.bool_)] for c in canvases]
        draws = [SeededDraws(seed + SEED_STRIDE * i) for i in range(len(canvases))]
        noises = [self._network.noise(c) for c in canvases]
        rows = starting_rows(given, [c.warm for c in canvases], draws, noises)
        prune = None if budget.keep_best is None else partial(self._prune, canvases, budget.keep_best)
        reason: StopReason | None = None
        with self._network.interrupted_by(cancel):
            self._network.prefill(prompt_ids)
            decode = self._network.decoder(canvases, self._barred(canvases))
            for step_reason in denoise(decode, rows, self._sampler, budget, cancel, prune):
                reason = step_reason
                if on_draft is not None:
                    n_steps = max(row.n_steps for row in rows)
                    on_draft(n_steps, [drafted(c, row) for c, row in zip(canvases, rows, strict=True)])
        return [self._fill(row, reason or "cancelled") for row in rows]

    def draft(
        self,
        prompt_ids: Sequence[int],
        max_tokens: int,
        cancel: CancelToken,
        starts_with: str = "",
        stop: Stop | None = None,
        never: Sequence[str] = (),
    ) -> list[int]:
        """Greedy left-to-right draft of the causal encoder.

        Its text begins with `starts_with` (token healing: the unfinished word before the cursor is
        spelled again, in whatever tokens the finished word has), and then with none of `never`. Ends before a
        special token, when `stop` says so, after `max_tokens`, or when cancelled.
        """
        if cancel.cancelled:
            return []
        ids: list[int] = []
        start, written, log_prob = starts_with.encode(), b"", 0.0
        with self._network.interrupted_by(cancel):
            self._network.prefill(prompt_ids)
            reading = self._network.left_to_right()
            while len(ids) < max_tokens and not cancel.cancelled:
                owed = len(start) > len(written)
                allowed = self._allowed(start, written, never)
                if allowed is not None and not allowed.any():
                    break  # no token spells the rest: only possible with a foreign tokenizer
                next_id, next_log_prob = reading.best(allowed)
                if next_id in self.tokenizer.special_ids:
                    break
                ids.append(next_id)
                log_prob += 0.0 if owed else next_log_prob
                written += self.tokenizer.token_bytes()[next_id]
                if len(written) >= len(start) and stop is not None and stop(self.tokenizer.decode(ids), log_prob):
                    break
                reading.push(next_id)
        return ids

    def score(
        self, prompt_ids: Sequence[int], continuations: Sequence[Sequence[int]], cancel: CancelToken
    ) -> list[Score]:
        """What the causal encoder thinks of each continuation; nothing when cancelled."""
        if cancel.cancelled or not any(continuations):
            return [Score((), ()) for _ in continuations]
        continued: list[ScoredTokens] = []
        with self._network.interrupted_by(cancel):
            self._network.prefill(prompt_ids)
            continued = self._network.score_continuations([c for c in continuations if c])
        in_turn = iter(continued)
        return [
            Score(tuple(scored.log_probs.tolist()), tuple(scored.entropies.tolist()))
            if continuation and (scored := next(in_turn, None))
            else Score((), ())
            for continuation in continuations
        ]

    def _barred(self, canvases: Sequence[Canvas]) -> Flags:
        """Ids [B, V] that a row may not predict: special tokens, save pad where it ends the hole."""
        barred = np.zeros((len(canvases), self.info.vocab_size), dtype=np.bool_)
        barred[:, list(self.tokenizer.special_ids)] = True
        barred[:, self.tokenizer.pad_id] = [not c.pad_ends_hole for c in canvases]
        return barred

    def _prune(self, canvases: Sequence[Canvas], n_kept: int, rows: Sequence[Row]) -> None:
        """Give up the lengths that are less sure than is usual for them; nothing where that is not known."""
        if (usual := self._usual) is None:
            return
        # A draft to start from, or a hole that may end early, is as sure as it is for other reasons.
        lengths = [r for r, c in zip(rows, canvases, strict=True) if not c.warm and not c.pad_ends_hole and len(r.ids)]
        lengths.sort(key=lambda row: -confidence(row.entropies) / max(usual(len(row.ids)), LEAST_USUAL))
        for row in lengths[n_kept:]:
            row.pruned = True

    def _allowed(self, start: bytes, written: bytes, never: Sequence[str]) -> Flags | None:
        """Ids [V] that may follow what is written; None for any."""
        ids = self.tokenizer.may_follow(start, written, never)
        if ids is None:
            return None
        allowed = np.zeros(self.info.vocab_size, dtype=np.bool_)
        allowed[ids] = True
        return allowed

    def _fill(self, row: Row, reason: StopReason) -> Fill:
        """A row's free positions, cut at the first pad; nothing when no step was taken."""
        if row.pruned:
            return Fill((), (), row.n_steps, "pruned")
        if row.n_steps == 0:
            return Fill((), (), 0, reason)
        ids, entropies = row.draft.tolist(), row.entropies.tolist()
        end = ids.index(self.tokenizer.pad_id) if self.tokenizer.pad_id in ids else len(ids)
        return Fill(tuple(ids[:end]), tuple(entropies[:end]), row.n_steps, reason)


def drafted(canvas: Canvas, row: Row) -> list[int]:
    """The canvas with the row's draft in its free positions; nothing where it was given up."""
    if row.pruned:
        return []
    ids = np.array(canvas.canvas_ids)
    ids[np.array(canvas.hole_mask, dtype=np.bool_)] = row.draft
    return ids.tolist()
