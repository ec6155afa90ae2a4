"""The loss of a step: what the rows of blocks say of the next token, against the text and against the base.

The window is read once, without gradients; its keys are shared by all blocks, and its hidden states are the base's own
answers: a teacher that costs nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from transformers import Qwen2Model
from transformers.cache_utils import DynamicCache

from model.train.canvas.adapter import Adapter
from model.train.canvas.blocks import HIDDEN, Blocks, Window

TEACHER = 0.7  # of the loss; the rest is the text itself


class Figures(NamedTuple):
    """What one step says, each a number or [S]."""

    loss: Tensor  # what is minimized
    text: Tensor  # cross-entropy of the text, nats
    right: Tensor  # [S] share of rows whose likeliest token is the text's
    beginning: Tensor  # rows from the first on that are right, mean
    agree: Tensor  # share of rows whose likeliest token is the base's


class Learner:
    """The base, its adapter, and the rows of the head that count."""

    def __init__(self, model: Qwen2Model, adapter: Adapter, kept_ids: Tensor) -> None:
        """`kept_ids` [W] are the tokens that the head covers; others are no targets."""
        self.model, self.adapter = model, adapter
        self._head = model.embed_tokens.weight[kept_ids].contiguous()  # [W, dim]
        self._slots = torch.full((model.config.vocab_size,), -1, device=kept_ids.device)
        self._slots[kept_ids] = torch.arange(len(kept_ids), device=kept_ids.device)

    def figures(self, window: Window, blocks: Blocks, teacher: float = TEACHER) -> Figures:
        """Read the window, run the blocks, and compare."""
        ids = window.ids
        with torch.no_grad():
            read = self.model(input_ids=ids[None], use_cache=True)
        starts, size = blocks.starts, blocks.size
        positions = starts[:, None] + 1 + torch.arange(size)  # [B, S]
        hidden = self._rows(blocks, positions, read.past_key_values)  # [B * S, dim]
        at = positions.reshape(-1)
        scores = (hidden @ self._head.T).float()  # [B * S, W]
        wanted = self._slots[ids[at + 1]]
        known = wanted >= 0
        text = functional.cross_entropy(scores[known], wanted[known])
        with torch.no_grad():
            theirs = functional.softmax((read.last_hidden_state[0, at] @ self._head.T).float(), -1)
            best = scores.argmax(-1)
            hit = ((best == wanted) & known).view(-1, size).float()
            agree = (best == theirs.argmax(-1)).float().mean()
        taught = -(theirs * functional.log_softmax(scores, -1)).sum(-1).mean()
        loss = (1 - teacher) * text + teacher * taught
        return Figures(loss, text.detach(), hit.mean(0), hit.cumprod(1).sum(1).mean(), agree)

    def _rows(self, blocks: Blocks, positions: Tensor, read: DynamicCache) -> Tensor:
        """Hidden states [B * S, dim] of the blocks' rows: each sees the text up to its start, and its own block."""
        n_blocks, size = positions.shape
        flat = blocks.shown.reshape(-1)
        embedded = self.model.embed_tokens(flat.clamp(min=0))
        mask_row = self.adapter.mask.to(embedded.dtype)
        x = torch.where((flat == HIDDEN)[:, None], mask_row, embedded)
        own = torch.arange(n_blocks).repeat_interleave(size)
        n = read.get_seq_length()
        before = torch.arange(n)[None] <= blocks.starts.repeat_interleave(size)[:, None]  # [B * S, n]
        sees = torch.cat((before, own[:, None] == own[None]), 1)
        hidden_from = torch.zeros(sees.shape, dtype=x.dtype).masked_fill(~sees, -torch.inf)
        with self.adapter.gate.opened():
            found = self.model(
                inputs_embeds=x[None],
                position_ids=positions.reshape(1, -1),
                attention_mask=hidden_from[None, None].to(x.device),
                past_key_values=read,
                use_cache=True,
            )
        return found.last_hidden_state[0]
