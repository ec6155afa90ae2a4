"""The two ways between hidden states and token ids, which share one large weight.

Shapes: F free positions of B canvases, V ids.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model import kernels
from model.config import SCORES_AT_ONCE
from model.weights.modules import PackedEmbedding
from model.weights.text_only import TextOnlyDiffusionGemma

KERNEL_ROWS = 512  # the same for the kernel, in rows: it needs one copy, and every part reads the whole vocabulary


class Vocabulary:
    """A network's scores of every id, and their mean as an embedding."""

    def __init__(self, network: TextOnlyDiffusionGemma) -> None:
        self._head = network.lm_head
        self._embedding = network.model.decoder.embed_tokens
        text_config = network.config.text_config
        self._cap: float = text_config.final_logit_softcapping  # type: ignore[union-attr]
        self.size: int = text_config.vocab_size  # type: ignore[union-attr]
        self._step_output_of, self._n_at_once = step_output_of, max(1, SCORES_AT_ONCE // self.size)
        if kernels.usable(str(network.model.decoder.norm.weight.device)):
            from model.kernels.step_output import step_output  # slow to import, and not there everywhere

            self._step_output_of, self._n_at_once = step_output, KERNEL_ROWS

    def logits(self, hidden: Tensor) -> Tensor:
        """Soft-capped scores [..., V] of hidden states [..., dim], float32."""
        return capped(self._head(hidden), self._cap)

    def embedded(self, ids: Tensor) -> Tensor:
        """Scaled embeddings [..., dim] of `ids` [...]."""
        return self._embedding(ids)

    def mixed(self, probs: Tensor) -> Tensor:
        """Scaled embeddings [F, dim] averaged by probabilities [F, V], rounded as the class rounds them."""
        if isinstance(self._embedding, PackedEmbedding):
            return self._embedding.mixed(probs)
        weight = self._embedding.weight
        return torch.matmul(probs.to(weight.dtype), weight) * self._embedding.embed_scale.to(weight.dtype)

    def step_output(
        self, hidden: Tensor, barred: Tensor, rows: Tensor, temperature: Tensor, uniforms: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Draft [F], entropies [F] (nats), sampled ids [F] and mixed embeddings [F, dim] of hidden states [F, dim].

        `barred` [B, V] are the ids that each canvas may not predict, `rows` [F] says whose canvas a position is.
        `temperature` is [], and each of `uniforms` [F] picks an id.
        A part of the positions at a time: all their scores at once can be gigabytes.
        """
        parts: list[tuple[Tensor, ...]] = []
        for h, r, u in zip(*(t.split(self._n_at_once) for t in (hidden, rows, uniforms)), strict=True):
            *output, probs = self._step_output_of(self._head(h), self._cap, barred, r, temperature, u)
            parts.append((*output, self.mixed(probs)))
        draft, entropies, sampled, mixed = map(torch.cat, zip(*parts, strict=True))
        return draft, entropies, sampled, mixed

    def scored(self, hidden: Tensor, at: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities and entropies [n] (nats) of `ids` [n]; `at` [n] says after which hidden state [m, dim]."""
        n_at_once = max(1, SCORES_AT_ONCE // self.size)
        log_probs, entropies = hidden.new_zeros(len(at), dtype=torch.float32), []
        for start, states in zip(range(0, len(hidden), n_at_once), hidden.split(n_at_once), strict=True):
            log_p = self.logits(states).log_softmax(-1)
            entropies.append(-(log_p.exp() * log_p).sum(-1))
            here = ((at >= start) & (at < start + len(states))).nonzero()[:, 0]
            log_probs[here] = log_p[at[here] - start, ids[here]]
        return log_probs, torch.cat(entropies)[at]


def capped(scores: Tensor, cap: float) -> Tensor:
    """The last layer's scores [..., V] soft-capped, float32."""
    return scores.float().div_(cap).tanh_().mul_(cap)


def step_output_of(
    scores: Tensor, cap: float, barred: Tensor, rows: Tensor, temperature: Tensor, uniforms: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`step_output` for the last layer's scores [F, V]; the arguments are those of `Vocabulary.step_output`."""
    return step_output(capped(scores, cap).masked_fill_(barred[rows], -torch.inf).div_(temperature), uniforms)


def step_output(logits: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`sampler.step_output` where the logits [F, V] are: draft, entropies and sampled ids [F], probabilities [F, V]."""
    log_p = logits.log_softmax(-1)
    probs = log_p.exp()
    entropies = -(probs * log_p.clamp_(min=torch.finfo(log_p.dtype).min)).sum(-1)
    draft = logits.argmax(-1)
    return draft, entropies, choose(probs, uniforms, draft), probs


def choose(probs: Tensor, uniforms: Tensor, fallback: Tensor) -> Tensor:
    """`sampler.choose` where `probs` [F, V] are: the first id [F] at which their running sum passes `uniforms` [F].

    `fallback` [F] stands in where rounding leads to an id of no probability.
    """
    passed = probs.cumsum(-1)
    target = (uniforms * passed[:, -1])[:, None]
    chosen = torch.searchsorted(passed, target, right=True).clamp(max=probs.shape[-1] - 1)
    return torch.where(probs.gather(-1, chosen) > 0, chosen, fallback[:, None])[:, 0]
