"""The table of bytes: computed, against what tensors really take, and against the cards that it is for."""

from __future__ import annotations

import pytest
import torch

from model.weights.formats import FORMATS, QUANTS, format_of, part_bytes, resident_bytes, total
from model.weights.layout import EMBEDDING, PUBLISHED_26B, tensor_shapes
from model.weights.packing import packed

GB = 1e9


@pytest.mark.parametrize("quant", [q for q in QUANTS if q != "bf16"])
@pytest.mark.parametrize("shape", [(64, 64), (100, 128), (3, 70, 192)])
def test_bytes_are_those_of_the_tensors(quant, shape) -> None:
    assert packed(torch.randn(shape), quant).n_bytes == FORMATS[quant].bytes_of(shape)


def test_the_26b_in_int4_fits_18_gb_with_a_context_and_a_canvas() -> None:
    sizes = resident_bytes(PUBLISHED_26B, "int4", n_context=4096, n_canvas=256)
    assert total(sizes) < 18 * GB, sizes
    weights = part_bytes(tensor_shapes(PUBLISHED_26B), "int4")
    assert 14.4 * GB < total(weights) < 14.7 * GB  # research counted 14.5 GB
    assert total(part_bytes(tensor_shapes(PUBLISHED_26B), "int4", "int8")) < total(weights) - 0.6 * GB


@pytest.mark.parametrize(("quant", "least", "most"), [("fp8", 25.5, 27.5), ("int8", 25.5, 27.5), ("bf16", 50.4, 50.6)])
def test_other_formats_of_the_26b(quant, least, most) -> None:
    assert least * GB < total(part_bytes(tensor_shapes(PUBLISHED_26B), quant)) < most * GB


def test_keys_and_values_stop_growing_in_sliding_layers() -> None:
    four, eight = (PUBLISHED_26B.kv_bytes(n) for n in (4096, 8192))
    assert 0.28 * GB < four < 0.31 * GB
    assert eight - four == 5 * 2 * 2 * 512 * 2 * 4096  # five full layers


def test_what_everything_depends_on_stays_as_it_is() -> None:
    for name, shape in tensor_shapes(PUBLISHED_26B).items():
        kept = "norm" in name or "router" in name or "scalar" in name or name == EMBEDDING
        assert (format_of(name, shape, "int4").name == "bf16") == kept, name


def test_columns_that_make_no_whole_groups_stay_as_they_are() -> None:
    assert format_of("model.decoder.layers.0.mlp.up_proj.weight", (64, 100), "int4").name == "bf16"
