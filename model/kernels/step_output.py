"""Triton kernels for a step's output over the vocabulary: each score is read twice, once for its row's sums.

A row is cut into pieces of AT_ONCE ids, a program each. The first kernel leaves each piece's largest score and its
sums; the second one puts them together again in every program, in one order, and writes the probabilities.

Shapes: F free positions of B canvases, V ids.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

AT_ONCE = 4096


def step_output(
    scores: Tensor, cap: float, barred: Tensor, rows: Tensor, temperature: Tensor, uniforms: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`vocabulary.step_output_of`, in float32; `scores` [F, V] become the probabilities, in their own type.

    `barred` is [B, V], `rows` and `uniforms` are [F], `temperature` is []; draft, entropies and sampled ids are [F].

    A sampled id may differ from the plain one where `uniforms` falls within rounding of two ids' border.
    """
    n, size = scores.shape
    n_pieces = -(-size // AT_ONCE)
    piece_facts = scores.new_empty(3, n, n_pieces, dtype=torch.float32)  # largest, mass, moment
    best = torch.empty(n, n_pieces, dtype=torch.int32, device=scores.device)
    draft, sampled = torch.empty(2, n, dtype=torch.int64, device=scores.device)
    entropies = scores.new_empty(n, dtype=torch.float32)
    launch_pieces: Any = _piece_kernel
    launch_rows: Any = _row_kernel
    if n:
        shared = scores, barred.view(torch.uint8), rows, temperature, *piece_facts, best
        sizes = size, n_pieces, cap
        launch_pieces[n_pieces, n](*shared, *sizes, AT_ONCE, num_warps=8)
        outs = uniforms.float(), draft, entropies, sampled
        launch_rows[n_pieces, n](*shared, *outs, *sizes, AT_ONCE, 1 << (n_pieces - 1).bit_length(), num_warps=8)
    return draft, entropies, sampled, scores


@triton.jit
def _capped(scores, barred, rows, temperature, size, cap, ids):
    """A row's scores of `ids` [AT_ONCE], capped and by temperature; minus infinity where barred or past the end."""
    row = tl.program_id(1).to(tl.int64)
    kept = ids < size
    x = tl.load(scores + row * size + ids, mask=kept, other=0.0).to(tl.float32)
    is_barred = tl.load(barred + tl.load(rows + row).to(tl.int64) * size + ids, mask=kept, other=1)
    x = cap * (2 * tl.sigmoid(2 * x / cap) - 1) / tl.load(temperature).to(tl.float32)  # the tanh of x / cap
    return tl.where(is_barred != 0, float("-inf"), x)


@triton.jit
def _piece_kernel(
    scores, barred, rows, temperature, largest, mass, moment, best, size, n_pieces, cap, AT_ONCE: tl.constexpr
):  # fmt: skip
    """Largest score, sums and best id [F, pieces] of a piece of a row; `scores` [F, V], `barred` [B, V], `rows` [F]."""
    ids = tl.program_id(0) * AT_ONCE + tl.arange(0, AT_ONCE)
    x = _capped(scores, barred, rows, temperature, size, cap, ids)
    top = tl.max(x)
    below = tl.where(x > float("-inf"), x - top, 0.0)
    weight = tl.where(x > float("-inf"), tl.exp(below), 0.0)
    at = tl.program_id(1) * n_pieces + tl.program_id(0)
    tl.store(largest + at, top)
    tl.store(mass + at, tl.sum(weight))
    tl.store(moment + at, tl.sum(weight * below))
    tl.store(best + at, tl.min(tl.where(x == top, ids, size - 1)))


@triton.jit
def _row_kernel(
    scores, barred, rows, temperature, largest, mass, moment, best, uniforms, draft, entropies, sampled,
    size, n_pieces, cap, AT_ONCE: tl.constexpr, PIECES: tl.constexpr,
):  # fmt: skip
    """Probabilities of a piece of a row, written over `scores` [F, V]; `draft`, `entropies` and `sampled` [F]."""
    piece, row = tl.program_id(0), tl.program_id(1)
    every = tl.arange(0, PIECES)
    at, kept = row * n_pieces + every, every < n_pieces
    tops = tl.load(largest + at, mask=kept, other=float("-inf"))
    top = tl.max(tops)
    below = tl.where(tops > float("-inf"), tops - top, 0.0)
    shrunk = tl.where(tops > float("-inf"), tl.exp(below), 0.0)
    masses = tl.load(mass + at, mask=kept, other=0.0) * shrunk
    total = tl.sum(masses)
    passed = tl.cumsum(masses, 0)
    target = tl.load(uniforms + row) * tl.max(passed)
    # The piece in which the cumulated mass passes the target; where rounding has it pass nowhere, the last with any.
    here = tl.min(tl.where((passed > target) & (masses > 0), every, PIECES))
    here = tl.where(here == PIECES, tl.max(tl.where(masses > 0, every, 0)), here)

    ids = piece * AT_ONCE + tl.arange(0, AT_ONCE)
    x = _capped(scores, barred, rows, temperature, size, cap, ids)
    weight = tl.where(x > float("-inf"), tl.exp(x - top), 0.0)
    at_ids = scores + row.to(tl.int64) * size + ids
    tl.store(at_ids, (weight / total).to(scores.dtype.element_ty), mask=ids < size)
    if piece == here:
        rest = target - tl.sum(tl.where(every < here, masses, 0.0))
        id = tl.min(tl.where((tl.cumsum(weight, 0) > rest) & (weight > 0), ids, size))
        id = tl.where(id == size, tl.max(tl.where(weight > 0, ids, 0)), id)
        tl.store(sampled + row, id)
    if piece == 0:
        bests = tl.load(best + at, mask=kept & (tops == top), other=size - 1)
        tl.store(draft + row, tl.min(bests))
        moments = tl.load(moment + at, mask=kept, other=0.0) * shrunk + masses * below
        tl.store(entropies + row, tl.log(total) - tl.sum(moments) / total)
