"""Names and shapes as published, against the class itself and against the sizes that are known of the 26B."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from model.types import CheckpointError
from model.weights.layout import PUBLISHED_26B, part_of, read_dims, tensor_shapes
from model.weights.text_only import TextOnlyDiffusionGemma
from tests.model.conftest import small_config
from tests.model.weights.conftest import weight_map


def test_names_and_shapes_are_those_that_the_class_writes(published: Path) -> None:
    found = {}
    for file in published.glob("*.safetensors"):
        with safe_open(file, "pt") as shard:
            found |= {name: tuple(shard.get_slice(name).get_shape()) for name in shard.keys()}  # noqa: SIM118
    assert found == tensor_shapes(read_dims(published))
    assert found.keys() == weight_map(published).keys()


def test_every_parameter_of_the_class_is_in_the_layout() -> None:
    config = small_config()
    with torch.device("meta"):
        network = TextOnlyDiffusionGemma(config)
    network.tie_weights()  # or the encoder's are parameters of their own
    n_class = sum(p.numel() for p in network.parameters())
    dims = read_dims_of(config)
    n_scalars = 2 * dims.num_hidden_layers
    assert sum(math.prod(shape) for shape in tensor_shapes(dims).values()) == n_class + n_scalars


def read_dims_of(config):
    import msgspec

    from model.weights.layout import Dims

    stated = config.to_dict()["text_config"]
    return msgspec.convert({k: v for k, v in stated.items() if v is not None}, Dims, strict=False)


def test_the_26b_has_as_many_parameters_as_counted() -> None:
    billions: dict[str, float] = {}
    for name, shape in tensor_shapes(PUBLISHED_26B).items():
        billions[part_of(name)] = billions.get(part_of(name), 0) + math.prod(shape) / 1e9
    expected = {"experts": 22.838, "attention": 1.110, "dense MLP": 0.535, "embedding": 0.738, "router": 0.011,
                "self-conditioning": 0.018}  # fmt: skip
    assert {part: round(billions[part], 3) for part in expected} == expected
    assert round(sum(billions.values()), 3) == 25.251


@pytest.mark.parametrize(
    ("change", "named"),
    [("num_experts", "num_experts"), ("hidden_size", "hidden_size"), ("layer_types", "layer_types")],
)
def test_a_config_without_a_number_is_named(published: Path, change: str, named: str) -> None:
    import json

    path = published / "config.json"
    config = json.loads(path.read_text())
    if change == "layer_types":
        config["text_config"]["layer_types"] = ["sliding_attention"]
    else:
        del config["text_config"][change]
    path.write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=named):
        read_dims(published)
