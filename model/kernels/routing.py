"""The Triton kernel that sorts routed rows by expert: one launch in place of a sort, a search and a scatter."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

AT_ONCE = 2048


def sorted_by_expert(experts: Tensor, n_experts: int) -> tuple[Tensor, Tensor]:
    """Indices into `experts` [n] (int32 [n], those of one expert in any order), and where each one's end [experts].

    What a row's product is does not depend on where among its expert's rows it stands.
    """
    order = torch.empty(len(experts), dtype=torch.int32, device=experts.device)
    ends, places = order.new_empty(2, n_experts)
    launch: Any = _sort_kernel
    launch[1,](experts, order, ends, places, len(experts), n_experts, AT_ONCE, num_warps=8)
    return order, ends


@triton.jit(do_not_specialize=["n"])
def _sort_kernel(experts, order, ends, places, n, N_EXPERTS: tl.constexpr, AT_ONCE: tl.constexpr):
    """`order` [n], and `ends` [N_EXPERTS] by way of each expert's next place in `places` [N_EXPERTS]."""
    every = tl.arange(0, AT_ONCE)
    BINS: tl.constexpr = triton.next_power_of_2(N_EXPERTS)
    counts = tl.zeros((BINS,), tl.int32)
    for start in range(0, n, AT_ONCE):
        kept = start + every < n
        expert = tl.load(experts + start + every, mask=kept, other=0).to(tl.int32)
        counts += tl.histogram(expert, BINS, mask=kept)
    end = tl.cumsum(counts, 0)
    bins = tl.arange(0, BINS)
    tl.store(ends + bins, end, mask=bins < N_EXPERTS)
    tl.store(places + bins, end - counts, mask=bins < N_EXPERTS)
    tl.debug_barrier()  # the places are there for all threads
    for start in range(0, n, AT_ONCE):
        kept = start + every < n
        expert = tl.load(experts + start + every, mask=kept, other=0)
        place = tl.atomic_add(places + expert, 1, mask=kept, sem="relaxed", scope="cta")
        tl.store(order + place, start + every, mask=kept)
