"""Masked diffusion models as a `Network`: Dream-Coder, DreamOn, Open-dCoder and LLaDA, on a CPU or a GPU.

One bidirectional transformer reads prompt, canvas and suffix together, so the keys of the prompt depend on what
stands in the hole, and nothing can be kept between steps without changing what the model says. So nothing is: every
pass reads the whole prompt again, for every canvas. Caches that pretend otherwise (Fast-dLLM's, arXiv 2505.22618)
are for who can measure what they cost in quality.

There is no causal encoder either. What stands in for it asks the same network for one token after the other, masks
behind them: its left-to-right draft takes a pass a token, its judgement four passes for all candidates.

Shapes: B rows of at most T ids, F positions that are asked about, V ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from model.config import SCORES_AT_ONCE
from model.diffusion.network import ScoredTokens
from model.diffusion.noise import ElasticMaskNoise, MaskNoise
from model.diffusion.sampler import Flags
from model.masked.decoder import MaskedDecoder, SpecialIds
from model.types import CancelToken, Canvas
from model.weights.masked_layout import TOKENS_AT_ONCE, Transformer
from model.weights.modules import n_parameters

FOLLOWING = 8  # masks after a continuation, without which its end would say how long it is
# Tokens are judged in four passes, each seeing those of the passes before: their probabilities then multiply to that
# of the whole, but for tokens of one pass being taken as independent, which tokens that far apart nearly are.
STRIDE, FIRSTS = 4, (0, 2, 1, 3)


class MaskedNetwork:
    """A transformer of the library, attending both ways, over one prompt."""

    def __init__(self, network: Transformer, ids: SpecialIds, vocab_size: int, shifted: bool) -> None:
        """`vocab_size` counts the tokenizer's ids, of which the weights may have more rows; see `Family.shifted`."""
        for layer in network.model.layers:
            layer.self_attn.is_causal = False  # type: ignore[union-attr]
        weight = network.model.norm.weight
        self.network, self.ids, self.vocab_size = network, ids, vocab_size
        self.pad_id: int | None = ids.pad
        self.n_parameters = n_parameters(network)
        self.device, self.dtype = str(weight.device), str(weight.dtype).removeprefix("torch.")
        self.prompt_ids: list[int] = []
        self._shifted = shifted
        self._cancel = CancelToken()

    def prefill(self, prompt_ids: Sequence[int]) -> None:
        self.prompt_ids = list(prompt_ids)

    @contextmanager
    def interrupted_by(self, cancel: CancelToken) -> Iterator[None]:
        self._cancel = cancel  # looked at between the passes of a judgement; the loop does so between steps
        try:
            yield
        finally:
            self._cancel = CancelToken()

    def elastic(self, canvas: Canvas) -> bool:
        """Whether the hole's length is the model's to choose, within the canvas."""
        return canvas.pad_ends_hole and self.ids.expand is not None

    def noise(self, canvas: Canvas) -> MaskNoise:
        mask, pad, expand = self.ids
        if expand is not None and self.elastic(canvas):
            return ElasticMaskNoise(mask, pad, expand)
        return MaskNoise(mask)

    def decoder(self, canvases: Sequence[Canvas], barred: Flags) -> MaskedDecoder:
        return MaskedDecoder(self, canvases, barred)

    def left_to_right(self) -> MaskedLeftToRight:
        return MaskedLeftToRight(self)

    @torch.inference_mode()
    def score_continuations(self, continuations: Sequence[Sequence[int]]) -> list[ScoredTokens]:
        n_longest = len(self.prompt_ids) + max(map(len, continuations)) + FOLLOWING
        n_at_once = max(1, TOKENS_AT_ONCE // n_longest)
        found: list[ScoredTokens] = []
        for start in range(0, len(continuations), n_at_once):
            part = continuations[start : start + n_at_once]
            found += self._judged(part)
            if self._cancel.cancelled:
                return []
        return found

    def _judged(self, continuations: Sequence[Sequence[int]]) -> list[ScoredTokens]:
        """Each token's log-probability given the prompt and the tokens of earlier passes."""
        begin = len(self.prompt_ids)
        rows = [[*self.prompt_ids, *[self.ids.mask] * (len(c) + FOLLOWING)] for c in continuations]
        judged = [ScoredTokens(*np.zeros((2, len(c)), np.float32)) for c in continuations]
        for first in FIRSTS:
            if self._cancel.cancelled:
                break
            asked = [(i, at) for i, c in enumerate(continuations) for at in range(first, len(c), STRIDE)]
            if not asked:
                continue
            hidden = self.hidden_before(rows, [(i, begin + at) for i, at in asked])
            log_probs, entropies = self._of(hidden, [continuations[i][at] for i, at in asked])
            for (i, at), log_prob, entropy in zip(asked, log_probs, entropies, strict=True):
                judged[i].log_probs[at], judged[i].entropies[at] = log_prob, entropy
                rows[i][begin + at] = continuations[i][at]
        return judged

    def _of(self, hidden: Tensor, ids: Sequence[int]) -> ScoredTokens:
        """Log-probabilities and entropies of ids, [F] each; a part at a time: all scores at once can be gigabytes."""
        n_at_once = max(1, SCORES_AT_ONCE // self.vocab_size)
        wanted = torch.tensor(ids, device=hidden.device)
        parts: list[tuple[Tensor, Tensor]] = []
        for h, own in zip(hidden.split(n_at_once), wanted.split(n_at_once), strict=True):
            log_p = self.scores(h).log_softmax(-1)
            parts.append((log_p.gather(-1, own[:, None])[:, 0], -(log_p.exp() * log_p).sum(-1)))
        return ScoredTokens(*(torch.cat(of).cpu().numpy() for of in zip(*parts, strict=True)))

    def hidden_before(self, rows: Sequence[Sequence[int]], wanted: Sequence[tuple[int, int]]) -> Tensor:
        """Hidden states [F, dim] that the ids at `wanted` (row, position) are predicted from."""
        hidden = self._hidden(rows)
        at = torch.tensor([(i, max(p - self._shifted, 0)) for i, p in wanted], device=hidden.device)
        return hidden[at[:, 0], at[:, 1]]

    def scores(self, hidden: Tensor) -> Tensor:
        """Vocabulary scores [..., V] of hidden states [..., dim], float32."""
        return self.network.lm_head(hidden)[..., : self.vocab_size].float()

    def _hidden(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Last hidden states [B, T, dim] of rows of different lengths, each seeing all of itself."""
        model, longest = self.network.model, max(map(len, rows))
        device = model.norm.weight.device
        ids = torch.tensor([[*row, *[self.ids.pad] * (longest - len(row))] for row in rows], device=device)
        positions = torch.arange(longest, device=device)[None]
        mask = None
        if min(map(len, rows)) < longest:
            lengths = torch.tensor([len(row) for row in rows], device=device)
            mask = (positions < lengths[:, None])[:, None, None].expand(-1, -1, longest, -1)
        x = model.embed_tokens(ids)
        rotary = model.rotary_emb(x, positions)
        for layer in model.layers:
            x = layer(x, attention_mask=mask, position_embeddings=rotary, position_ids=positions)
        return model.norm(x)


class MaskedLeftToRight:
    """`LeftToRight` that asks for the first of a few masks after what is written."""

    def __init__(self, network: MaskedNetwork) -> None:
        self._network, self._written = network, list(network.prompt_ids)

    @torch.inference_mode()
    def best(self, allowed: Flags | None) -> tuple[int, float]:
        row = [*self._written, *[self._network.ids.mask] * (1 + FOLLOWING)]
        hidden = self._network.hidden_before([row], [(0, len(self._written))])
        log_probs = self._network.scores(hidden)[0].log_softmax(-1)
        if allowed is not None:
            log_probs = log_probs.masked_fill(~torch.from_numpy(allowed).to(log_probs.device), -torch.inf)
        log_prob, best = log_probs.max(-1)
        return int(best), float(log_prob)

    def push(self, token_id: int) -> None:
        self._written.append(token_id)
