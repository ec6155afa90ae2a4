"""The engine: denoise, draft and score over one kept prompt. The only face that `infill` sees.

One thread at a time. Every call takes the whole prompt; what it shares with the last one is not encoded
again. Draws come from generators seeded by the caller, so the same call gives the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor
from transformers import DiffusionGemmaForBlockDiffusion, DiffusionGemmaTextConfig, DynamicCache

from model.config import FILL_SAMPLER, InfillConfig, SamplerConfig
from model.denoise import Step, StepClock, denoise
from model.prompt_cache import PromptCache
from model.tokenizer import TextTokenizer
from model.types import Budget, CancelToken, Canvas, Fill, ModelInfo, Score, StopReason

SEED_STRIDE = 1_000_003  # rows of a batch draw from seeds this far apart


class TorchEngine:
    """`Engine` over the transformers class."""

    def __init__(
        self,
        network: DiffusionGemmaForBlockDiffusion,
        tokenizer: TextTokenizer,
        infill: InfillConfig,
        stated: SamplerConfig | None,
    ) -> None:
        self._network = network
        self._text_config = cast("DiffusionGemmaTextConfig", network.config.text_config)
        self._device = next(network.parameters()).device
        self._sampler = stated or FILL_SAMPLER
        self._cache = PromptCache(self._text_config)
        self._clock = StepClock()
        self.tokenizer = tokenizer
        weight = next(network.parameters())
        self.info = ModelInfo(
            name=infill.name,
            n_parameters=sum(p.numel() for p in network.parameters()),
            vocab_size=self._text_config.vocab_size,
            device=str(self._device),
            dtype=str(weight.dtype).removeprefix("torch."),
            languages=None if infill.languages is None else tuple(infill.languages),
            max_prompt_tokens=infill.max_prompt_tokens,
            far_suffix_tokens=infill.far_suffix_tokens,
            near_suffix_tokens=infill.near_suffix_tokens,
            line_lengths=infill.line_lengths,
            block_lengths=infill.block_lengths,
            pad_ends_hole=infill.pad_ends_hole,
            show_threshold=infill.show_threshold,
        )

    @torch.inference_mode()
    def denoise(
        self,
        prompt_ids: Sequence[int],
        canvases: Sequence[Canvas],
        budget: Budget,
        cancel: CancelToken,
        seed: int,
        on_draft: Callable[[int, list[list[int]]], None] | None = None,
    ) -> list[Fill]:
        """Denoise a batch of canvases over one prompt; cancelled before the first step, the fills are empty."""
        self._encode(prompt_ids)
        n_prompt, n_rows = len(prompt_ids), len(canvases)
        canvas, hole_mask, used = self._pack(canvases)
        cache = self._cache.view(n_prompt, n_rows)
        attention = None if bool(used.all()) else torch.cat((used.new_ones(n_rows, n_prompt), used), dim=1)

        def decode(current: Tensor, conditioning: Tensor | None) -> Tensor:
            return self._network(
                past_key_values=cache,
                decoder_input_ids=current,
                self_conditioning_logits=conditioning,
                decoder_attention_mask=attention,
            ).logits

        generators = [self._generator(seed + SEED_STRIDE * i) for i in range(n_rows)]
        warm = torch.tensor([c.warm for c in canvases], device=self._device)
        steps = denoise(
            decode,
            canvas,
            hole_mask,
            warm,
            self._barred(canvases),
            self._sampler,
            budget,
            cancel,
            generators,
            self._clock,
        )
        last: Step | None = None
        for last in steps:
            if on_draft is not None:
                on_draft(int(last.n_steps.max()), last.canvas.tolist())
        reason: StopReason = "cancelled" if last is None or last.stop_reason is None else last.stop_reason
        if last is None:
            return [Fill((), (), 0, reason) for _ in canvases]
        n_free = [sum(c.hole_mask) for c in canvases]
        rows = zip(last.draft.split(n_free), last.entropies.split(n_free), last.n_steps.tolist(), strict=True)
        return [self._fill(ids.tolist(), h.tolist(), n_steps, reason) for ids, h, n_steps in rows]

    @torch.inference_mode()
    def draft(
        self,
        prompt_ids: Sequence[int],
        max_tokens: int,
        cancel: CancelToken,
        starts_with: str = "",
        stop: Callable[[str], bool] | None = None,
    ) -> list[int]:
        """Greedy left-to-right draft of the causal encoder.

        Its text begins with `starts_with` (token healing: the unfinished word before the cursor is
        spelled again, in whatever tokens the finished word has). Ends before a special token, when
        `stop` says so of the text, after `max_tokens`, or when cancelled.
        """
        hidden = self._encode(prompt_ids)
        cache = self._cache.view(len(prompt_ids), keep_new=True)
        owed = starts_with.encode()
        ids: list[int] = []
        while len(ids) < max_tokens and not cancel.cancelled:
            logits = self._logits(hidden[:, -1])[0]
            if owed:
                logits = logits.masked_fill(~self._spelling(owed), -torch.inf)
                if not bool(logits.isfinite().any()):
                    break  # no token spells the rest: only possible with a foreign tokenizer
            next_id = int(logits.argmax())
            if next_id in self.tokenizer.special_ids:
                break
            ids.append(next_id)
            owed = owed[len(self.tokenizer.token_bytes()[next_id]) :]
            if not owed and stop is not None and stop(self.tokenizer.decode(ids)):
                break
            hidden = self._encoder(torch.tensor([[next_id]], device=self._device), cache)
        return ids

    @torch.inference_mode()
    def score(
        self, prompt_ids: Sequence[int], continuations: Sequence[Sequence[int]], cancel: CancelToken
    ) -> list[Score]:
        """What the causal encoder thinks of each continuation; nothing when cancelled."""
        if cancel.cancelled or not any(continuations):
            return [Score((), ()) for _ in continuations]
        last = self._encode(prompt_ids)[:, -1:]
        longest = max(map(len, continuations))
        ids = torch.full((len(continuations), longest), self.tokenizer.pad_id, device=self._device)
        for row, continuation in zip(ids, continuations, strict=True):
            row[: len(continuation)] = torch.tensor(continuation, dtype=ids.dtype, device=self._device)
        hidden = self._encoder(ids, self._cache.view(len(prompt_ids), len(continuations)))
        hidden = torch.cat((last.expand(len(continuations), -1, -1), hidden[:, :-1]), dim=1)
        return [self._score(h[: len(c)], i[: len(c)]) for h, i, c in zip(hidden, ids, continuations, strict=True)]

    def _score(self, hidden: Tensor, ids: Tensor) -> Score:
        """Score of one row; row by row, because all rows' logits at once can be gigabytes."""
        log_p = self._logits(hidden).log_softmax(-1)
        entropies = -(log_p.exp() * log_p).sum(-1)
        return Score(tuple(log_p.gather(-1, ids[:, None])[:, 0].tolist()), tuple(entropies.tolist()))

    def _encode(self, prompt_ids: Sequence[int]) -> Tensor:
        """Bring the kept prompt to `prompt_ids`; last hidden states of what was encoded anew."""
        n = self._cache.common_prefix(prompt_ids)
        new_ids = list(prompt_ids[n:])
        view = self._cache.view(n, keep_new=True)
        hidden = self._encoder(torch.tensor([new_ids], device=self._device), view)
        self._cache.extend(n, new_ids, view)
        return hidden

    def _encoder(self, ids: Tensor, cache: DynamicCache) -> Tensor:
        return self._network.model.encoder.language_model(input_ids=ids, past_key_values=cache).last_hidden_state  # type: ignore

    def _logits(self, hidden: Tensor) -> Tensor:
        cap = self._text_config.final_logit_softcapping
        return torch.tanh(self._network.lm_head(hidden).float() / cap) * cap  # type: ignore[operator]

    def _pack(self, canvases: Sequence[Canvas]) -> tuple[Tensor, Tensor, Tensor]:
        """Ids, hole mask and used positions, each [B, C], shorter canvases padded on the right."""
        width = max(len(c.canvas_ids) for c in canvases)
        pads = [width - len(c.canvas_ids) for c in canvases]
        ids = [[*c.canvas_ids, *[self.tokenizer.pad_id] * p] for c, p in zip(canvases, pads, strict=True)]
        hole = [[*c.hole_mask, *[False] * p] for c, p in zip(canvases, pads, strict=True)]
        used = [[True] * len(c.canvas_ids) + [False] * p for c, p in zip(canvases, pads, strict=True)]
        return (torch.tensor(ids, device=self._device), torch.tensor(hole, device=self._device),
                torch.tensor(used, device=self._device))  # fmt: skip

    def _barred(self, canvases: Sequence[Canvas]) -> Tensor:
        """Ids [B, V] that a row may not predict: special tokens, save pad where it ends the hole."""
        barred = torch.zeros(len(canvases), self.info.vocab_size, dtype=torch.bool, device=self._device)
        barred[:, list(self.tokenizer.special_ids)] = True
        for row, canvas in zip(barred, canvases, strict=True):
            row[self.tokenizer.pad_id] = not canvas.pad_ends_hole
        return barred

    def _spelling(self, owed: bytes) -> Tensor:
        """Ids [V] whose bytes begin `owed` or are begun by it."""
        ok = [bool(b) and (b.startswith(owed) or owed.startswith(b)) for b in self.tokenizer.token_bytes()]
        return torch.tensor(ok, device=self._device)

    def _fill(self, ids: list[int], entropies: list[float], n_steps: int, reason: StopReason) -> Fill:
        """One row's free positions, cut at the first pad."""
        end = ids.index(self.tokenizer.pad_id) if self.tokenizer.pad_id in ids else len(ids)
        return Fill(tuple(ids[:end]), tuple(entropies[:end]), n_steps, reason)

    def _generator(self, seed: int) -> torch.Generator:
        return torch.Generator(device=self._device).manual_seed(seed)
