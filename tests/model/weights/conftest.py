"""A synthetic checkpoint in the published layout: names as published, shapes scaled down, several shards, an index."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from tests.model.conftest import byte_tokenizer, small_network  # noqa: E402

# Columns are multiples of the group; each kind of layer and expert is there more than once.
SIZES = dict(hidden_size=128, intermediate_size=192, moe_intermediate_size=64, num_experts=8, top_k_experts=3,
             num_attention_heads=4, head_dim=32, global_head_dim=64, num_hidden_layers=4, num_key_value_heads=2,
             num_global_key_value_heads=1, initializer_range=0.08,
             layer_types=["sliding_attention", "full_attention", "sliding_attention", "full_attention"])  # fmt: skip


@pytest.fixture(scope="session")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "small-it"
    network = small_network(seed=3, **SIZES)
    network.to(torch.bfloat16).save_pretrained(folder, max_shard_size="300KB")
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    assert len(list(folder.glob("*.safetensors"))) >= 3
    return folder


@pytest.fixture
def published(published_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to break, and a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Path(shutil.copytree(published_once, tmp_path / "small-it"))


def weight_map(folder: Path) -> dict[str, str]:
    return json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
