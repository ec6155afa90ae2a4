"""The transformers class as a `Network`: any checkpoint of it, on a CPU or a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import torch
from torch import Tensor
from transformers import DiffusionGemmaForBlockDiffusion, DiffusionGemmaTextConfig, DynamicCache

from model.network import Continued, common_prefix
from model.prompt_cache import PromptCache
from model.sampler import Beliefs, Flags, Floats, Ids
from model.types import CancelToken, Canvas


class TorchNetwork:
    """Encoder and decoder of the class over one kept prompt."""

    def __init__(self, network: DiffusionGemmaForBlockDiffusion) -> None:
        self.network = network
        self.pad_id: int | None = network.config.text_config.pad_token_id  # type: ignore[union-attr]
        self._text_config = cast("DiffusionGemmaTextConfig", network.config.text_config)
        weight = next(network.parameters())
        self._device = weight.device
        self._cache = PromptCache(self._text_config)
        self._last = torch.empty(0)  # hidden state [1, 1, dim] of the kept prompt's last token
        self.vocab_size = self._text_config.vocab_size
        self.n_parameters = sum(p.numel() for p in network.parameters())
        self.device = str(weight.device)
        self.dtype = str(weight.dtype).removeprefix("torch.")

    @torch.inference_mode()
    def keep(self, prompt_ids: Sequence[int]) -> None:
        n = common_prefix(self._cache.ids, prompt_ids)
        if n == len(prompt_ids) == len(self._cache.ids):
            return
        n = min(n, len(prompt_ids) - 1)  # the last token's hidden state is needed again
        new_ids = list(prompt_ids[n:])
        view = self._cache.view(n, keep_new=True)
        self._last = self.encoder(torch.tensor([new_ids], device=self._device), view)[:, -1:]
        self._cache.extend(n, new_ids, view)

    def interrupted_by(self, cancel: CancelToken) -> AbstractContextManager[None]:
        return nullcontext()  # torch cannot end a pass: the loop looks at the token between steps

    def decoder(self, canvases: Sequence[Canvas], barred: Flags) -> TorchDecoder:
        n_prompt = len(self._cache.ids)
        return TorchDecoder(self.network, self._cache.view(n_prompt, len(canvases)), n_prompt, canvases, barred)

    def left_to_right(self) -> TorchLeftToRight:
        return TorchLeftToRight(self, self._last, self._cache.view(len(self._cache.ids), keep_new=True))

    @torch.inference_mode()
    def continued(self, continuations: Sequence[Sequence[int]]) -> list[Continued]:
        n_rows, longest = len(continuations), max(map(len, continuations))
        padded = [[*c, *[0] * (longest - len(c))] for c in continuations]
        ids = torch.tensor(padded, device=self._device)
        hidden = self.encoder(ids, self._cache.view(len(self._cache.ids), n_rows))
        hidden = torch.cat((self._last.expand(n_rows, -1, -1), hidden[:, :-1]), dim=1)
        return [self._scored(h[: len(c)], i[: len(c)]) for h, i, c in zip(hidden, ids, continuations, strict=True)]

    def _scored(self, hidden: Tensor, ids: Tensor) -> Continued:
        """One row alone, because all rows' logits at once can be gigabytes."""
        log_p = self.logits(hidden).log_softmax(-1)
        entropies = -(log_p.exp() * log_p).sum(-1)
        return Continued(log_p.gather(-1, ids[:, None])[:, 0].cpu().numpy(), entropies.cpu().numpy())

    def encoder(self, ids: Tensor, cache: DynamicCache) -> Tensor:
        """Causal pass over ids [B, T] after what `cache` holds; last hidden states [B, T, dim]."""
        return self.network.model.encoder.language_model(input_ids=ids, past_key_values=cache).last_hidden_state  # type: ignore

    def logits(self, hidden: Tensor) -> Tensor:
        """Soft-capped vocabulary scores, float32."""
        cap = self._text_config.final_logit_softcapping
        return torch.tanh(self.network.lm_head(hidden).float() / cap) * cap  # type: ignore[operator]


class TorchDecoder:
    """`Decoder` over a view of the prompt's cache; shorter canvases are padded on the right."""

    def __init__(
        self,
        network: DiffusionGemmaForBlockDiffusion,
        cache: DynamicCache,
        n_prompt: int,
        canvases: Sequence[Canvas],
        barred: Flags,
    ) -> None:
        device, width = next(network.parameters()).device, max(len(c.canvas_ids) for c in canvases)
        pads = [width - len(c.canvas_ids) for c in canvases]

        def tensor(rows: list[list[int]] | list[list[bool]]) -> Tensor:
            return torch.tensor(rows, device=device)

        self._network, self._cache = network, cache
        self._canvas = tensor([[*c.canvas_ids, *[0] * p] for c, p in zip(canvases, pads, strict=True)])
        self._hole = tensor([[*c.hole_mask, *[False] * p] for c, p in zip(canvases, pads, strict=True)])
        used = tensor([[True] * len(c.canvas_ids) + [False] * p for c, p in zip(canvases, pads, strict=True)])
        prompt_used = used.new_ones(len(canvases), n_prompt)
        self._mask = None if bool(used.all()) else torch.cat((prompt_used, used), dim=1)
        self._barred = torch.from_numpy(barred).to(device)
        self._conditioning: Tensor | None = None  # [B, C, V] what the last pass believed

    @torch.inference_mode()
    def __call__(self, live: Sequence[int], free_ids: Ids, temperature: float, uniforms: Floats) -> Beliefs:
        device = self._canvas.device
        # The cache is of the whole batch: settled rows go along, and are not looked at.
        moving = torch.zeros_like(self._hole)
        moving[list(live)] = self._hole[list(live)]
        self._canvas[moving] = torch.from_numpy(free_ids).to(device)
        out = self._network(
            past_key_values=self._cache,
            decoder_input_ids=self._canvas,
            self_conditioning_logits=self._conditioning,
            decoder_attention_mask=self._mask,
        ).logits
        rows = moving.nonzero()[:, 0]
        logits = out[moving].float().masked_fill_(self._barred[rows], -torch.inf).div_(temperature)
        if self._conditioning is None:
            self._conditioning = one_hot_logits(self._canvas, logits.shape[-1])
        self._conditioning[moving] = logits
        return believe(logits, torch.from_numpy(uniforms).to(device))


class TorchLeftToRight:
    """`LeftToRight` over a view of the prompt's cache."""

    def __init__(self, network: TorchNetwork, last: Tensor, cache: DynamicCache) -> None:
        self._network, self._hidden, self._cache = network, last, cache

    @torch.inference_mode()
    def best(self, allowed: Flags | None) -> tuple[int, float]:
        log_probs = self._network.logits(self._hidden[:, -1])[0].log_softmax(-1)
        if allowed is not None:
            log_probs = log_probs.masked_fill(~torch.from_numpy(allowed).to(log_probs.device), -torch.inf)
        log_prob, best = log_probs.max(-1)
        return int(best), float(log_prob)

    @torch.inference_mode()
    def push(self, token_id: int) -> None:
        self._hidden = self._network.encoder(torch.tensor([[token_id]], device=self._hidden.device), self._cache)


def one_hot_logits(canvas: Tensor, vocab_size: int) -> Tensor:
    """Logits [B, C, V] that are certain of every token of `canvas`: how self-conditioning sees the clamped."""
    logits = torch.full((*canvas.shape, vocab_size), -torch.inf, device=canvas.device)
    return logits.scatter_(-1, canvas[..., None], 0.0)


def believe(logits: Tensor, uniforms: Tensor) -> Beliefs:
    """`sampler.believe` where the logits [F, V] are, so that only F numbers of each kind leave the device."""
    log_p = logits.log_softmax(-1)
    probs = log_p.exp()
    entropies = -(probs * log_p.clamp(min=torch.finfo(log_p.dtype).min)).sum(-1)
    draft = logits.argmax(-1)
    chosen = choose(probs, uniforms, draft)
    return Beliefs(draft.cpu().numpy(), entropies.cpu().numpy(), chosen.cpu().numpy())


def choose(probs: Tensor, uniforms: Tensor, fallback: Tensor) -> Tensor:
    """The first id of each row at which the cumulated probability passes `uniforms` [F], as in `sampler.choose`."""
    passed = probs.cumsum(-1)
    target = (uniforms * passed[:, -1])[:, None]
    chosen = torch.searchsorted(passed, target, right=True).clamp(max=probs.shape[-1] - 1)
    return torch.where(probs.gather(-1, chosen) > 0, chosen, fallback[:, None])[:, 0]
