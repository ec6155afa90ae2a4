"""The Triton kernel of products with packed weights: each weight is read once, packed, and unpacked in registers.

Weights are the left operand and a few rows of x the right one: the tensor cores want sixteen rows on the left and
are content with eight on the right, and no warp unpacks what another one unpacks too. Codes go into the product
as they are, exact in bfloat16; a group's scale multiplies its sum, in float32.
"""

# pyright: reportAssignmentType=false, reportArgumentType=false, reportGeneralTypeIssues=false
# What a kernel is written in is Triton's language, whose types its stubs get wrong.
from __future__ import annotations

import triton
import triton.language as tl

from model.kernels.unpacking import unpacked


@triton.jit
def _rows(ends, slot, n_rows, N_EXPERTS: tl.constexpr, BM: tl.constexpr):
    """Expert, first row and end of the rows of a slot; nothing is left of `first` up to `end` in a slot too many.

    Expert e has the slots from start // BM + e on, never fewer than its tiles: found without a scan over experts.
    """
    if ends is None:
        expert, first, end = slot * 0, slot * BM, n_rows
    else:
        every = tl.arange(0, triton.next_power_of_2(N_EXPERTS))
        ended = tl.load(ends + every, mask=every < N_EXPERTS, other=n_rows)
        expert = tl.sum((ended // BM + every < slot).to(tl.int32))
        expert = tl.minimum(expert, N_EXPERTS - 1)
        start = tl.load(ends + expert - 1, mask=expert > 0, other=0)
        first = start + (slot - start // BM - expert) * BM
        end = tl.load(ends + expert)
    return expert, first, end


@triton.jit
def _add_group(sums, at, scales, x_low, x_high, FORMAT: tl.constexpr):
    """`sums` [weight rows, rows] and one group's products, scaled."""
    low, high = unpacked(at, FORMAT, x_low.dtype)
    group = tl.dot(low, x_low, input_precision="ieee")
    group = tl.dot(high, x_high, group, input_precision="ieee")
    return sums + group * scales.to(tl.float32)[:, None]


@triton.jit
def _products(x, codes, scales, up, n_groups, FORMAT: tl.constexpr, GATED: tl.constexpr, SPLITS: tl.constexpr):
    """Sums over this program's groups: `x` [32, rows] and `codes` [weight rows, 32] point at the first group.

    With GATED also those of the weight rows that lie `up` = (bytes, scales) further on.
    """
    GROUP_BYTES: tl.constexpr = 32 if FORMAT == "int4" else 64
    part = tl.cdiv(n_groups, SPLITS)
    first = tl.program_id(1) * part
    gate_sums = tl.zeros((codes.shape[0], x.shape[1]), tl.float32)
    up_sums = gate_sums
    # Scales are too small for an asynchronous copy: they are read one group ahead.
    last = n_groups - 1
    scale = tl.load(scales + tl.minimum(first, last))
    up_scale = tl.load(scales + up[1] + tl.minimum(first, last)) if GATED else scale
    for group in range(first, tl.minimum(first + part, n_groups)):
        x_low, x_high = tl.load(x + group * 64), tl.load(x + group * 64 + 32)
        ahead = scales + tl.minimum(group + 1, last)
        next_scale = tl.load(ahead)
        gate_sums = _add_group(gate_sums, codes + group * GROUP_BYTES, scale, x_low, x_high, FORMAT)
        scale = next_scale
        if GATED:
            next_scale = tl.load(ahead + up[1])
            up_sums = _add_group(up_sums, codes + up[0] + group * GROUP_BYTES, up_scale, x_low, x_high, FORMAT)
            up_scale = next_scale
    return gate_sums, up_sums


@triton.jit
def _all_parts(sums, partial, arrived, SPLITS: tl.constexpr):
    """The `sums` [BN, BM] of all parts, added in one order, for the last program of a tile to arrive; else nothing."""
    BN: tl.constexpr = sums.shape[0]
    BM: tl.constexpr = sums.shape[1]
    tile, n_tiles = tl.program_id(0).to(tl.int64), tl.num_programs(0).to(tl.int64)
    own = partial + tile * (BN * BM) + tl.arange(0, BN)[:, None] * BM + tl.arange(0, BM)[None, :]
    tl.store(own + tl.program_id(1) * n_tiles * (BN * BM), sums)
    tl.debug_barrier()  # every thread has written before one says so
    is_last = tl.atomic_add(arrived + tile, 1, sem="acq_rel") == SPLITS - 1
    tl.debug_barrier()
    if is_last:
        sums = tl.zeros((BN, BM), tl.float32)
        for i in range(SPLITS):
            sums += tl.load(own + i * n_tiles * (BN * BM), cache_modifier=".cg")
        tl.store(arrived + tile, 0)  # as the next product finds it
    return sums, is_last


@triton.jit
def gelu(x):
    """GELU in its tanh form, `gelu_pytorch_tanh`: x times the logistic of twice what tanh would be given."""
    return x * tl.sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x))


@triton.jit(do_not_specialize=["n_rows"])
def product_kernel(
    x,  # [.., columns]
    codes,  # [experts, weight rows, bytes]
    scales,  # [experts, weight rows / SCALE_ROWS, groups]
    out,  # [.., n_out]
    ends,  # [experts] where each expert's rows end, or None: one weight for all rows
    tokens,  # [rows] TOP_K times the row of x that each row is, or None: the row itself
    to,  # [rows] which row of `out` each row goes to, or None: the row itself
    factors,  # [rows] what each row of `out` is multiplied by, or None
    partial,  # [SPLITS, tiles, BN, BM] float32
    arrived,  # [tiles] int32 zeros, how many parts of a tile are done
    n_rows,
    n_out,
    n_groups,
    N_EXPERTS: tl.constexpr,
    TOP_K: tl.constexpr,
    FORMAT: tl.constexpr,
    SCALE_ROWS: tl.constexpr,
    GATED: tl.constexpr,  # the first half of the weight's rows is a gate for the second; n_out is a half
    SPLITS: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
):
    """BN columns of `out` for up to BM rows of one expert, over all columns of x or one of SPLITS parts of them."""
    n_tiles = tl.cdiv(n_out, BN)
    tile = tl.program_id(0) % n_tiles
    expert, first, end = _rows(ends, tl.program_id(0) // n_tiles, n_rows, N_EXPERTS, BM)
    if first >= end:
        return
    row = first + tl.arange(0, BM)
    column = tile * BN + tl.arange(0, BN)
    # What is past the end is the last row once more, and not written: no load has a condition.
    source = tl.minimum(row, end - 1)
    if tokens is not None:
        source = tl.load(tokens + source) // TOP_K
    weight_row = tl.minimum(column, n_out - 1)
    weight_rows = n_out * 2 if GATED else n_out
    n_bytes = n_groups * 32 if FORMAT == "int4" else n_groups * 64
    byte = tl.arange(0, 32)
    x_at = x + source.to(tl.int64)[None, :] * (n_groups * 64) + byte[:, None]
    codes_at = codes + (expert.to(tl.int64) * weight_rows + weight_row)[:, None] * n_bytes + byte[None, :]
    scale_rows = expert * tl.cdiv(weight_rows, SCALE_ROWS)
    scales_at = scales + (scale_rows + weight_row // SCALE_ROWS) * n_groups
    further = ((weight_row + n_out) // SCALE_ROWS - weight_row // SCALE_ROWS) * n_groups
    sums, up = _products(x_at, codes_at, scales_at, (n_out * n_bytes, further), n_groups, FORMAT, GATED, SPLITS)
    if GATED:
        sums = gelu(sums) * up
    if SPLITS > 1:
        sums, is_last = _all_parts(sums, partial, arrived, SPLITS)
        end = tl.where(is_last, end, 0)
    kept = row < end
    if to is not None:
        row = tl.load(to + row, mask=kept, other=0)
    if factors is not None:
        sums *= tl.load(factors + row, mask=kept, other=0.0).to(tl.float32)[None, :]
    at = out + row.to(tl.int64)[:, None] * n_out + column[None, :]
    tl.store(at, tl.trans(sums).to(out.dtype.element_ty), mask=kept[:, None] & (column < n_out)[None, :])
