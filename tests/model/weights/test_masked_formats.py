"""Masked models in every weight format: against the class with those weights, kept on disk, and what is chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from infill.cli.doctor_format import format_found
from model.load import load_engine
from model.masked.load import load_masked_engine
from model.masked.network import MaskedNetwork
from model.types import CheckpointError, ModelSpec
from model.weights import stream
from model.weights.fitting import Device, chosen_quant, fitting, needed_bytes
from model.weights.manifest import cache_folder
from model.weights.masked_layout import read_config
from model.weights.modules import PackedEmbedding, packed_weights
from model.weights.packing import packed
from model.weights.verify import verify
from tests.model.masked_checkpoints import BOS, MASK, reference_network, write_checkpoint

QUANTIZED = ("int4", "fp8", "int8")
ROW = [BOS, *range(60, 70), MASK, MASK, 70, 71]
GB = 10**9

# Dream-org/Dream-Coder-v0-Instruct-7B, as its config.json states it.
DREAM_7B = {
    "model_type": "Dream", "vocab_size": 152_064, "hidden_size": 3584, "intermediate_size": 18_944,
    "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "rms_norm_eps": 1e-6,
    "max_position_embeddings": 32_768, "rope_theta": 1e6, "tie_word_embeddings": False, "mask_token_id": 151_666,
}  # fmt: skip


@pytest.fixture(params=["Dream", "qwen2", "llada"])
def model_type(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def folder(model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write_checkpoint(tmp_path / "m", model_type, wide=True)


def network_of(folder: Path, quant: Any = None) -> MaskedNetwork:
    network: Any = load_masked_engine(folder, ModelSpec(device="cpu", quant=quant))._network
    return network


def scores(network: MaskedNetwork) -> torch.Tensor:
    with torch.inference_mode():
        return network.scores(network.hidden_before([ROW], [(0, ROW.index(MASK)), (0, ROW.index(MASK) + 1)]))


@pytest.mark.parametrize("quant", QUANTIZED)
def test_quantized_it_is_the_class_with_those_weights(folder: Path, model_type: str, quant: Any) -> None:
    network = network_of(folder, quant)
    reference = network_of(folder, "bf16")
    for name, weight in reference.network.named_parameters():
        if weight.ndim > 1 and "layers." in name:
            with torch.no_grad():
                weight.copy_(packed(weight, quant).unpacked(torch.float32))
    assert len(list(packed_weights(network.network))) == 2 * 7
    assert network.n_parameters == sum(p.numel() for p in reference_network(model_type, wide=True).parameters())
    assert torch.allclose(scores(network), scores(reference), atol=1e-3)


def test_the_second_load_converts_nothing_and_another_form_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = scores(network_of(folder, "int4"))
    with monkeypatch.context() as patch:
        patch.setattr(stream, "packed", None)
        assert torch.equal(scores(network_of(folder, "int4")), first)
    network_of(folder, "int8")
    assert len(list(cache_folder().iterdir())) == 2


def test_a_converted_folder_is_a_checkpoint(folder: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    out = stream.convert(folder, tmp_path / "out", "cpu", "int4", "int8", lambda *n: told.append(n))
    assert told[-1][0] == told[-1][1] and {file.by for file in verify(out)} == {"checksum"}
    engine = load_engine(ModelSpec(str(out), device="cpu"))
    whole = load_engine(ModelSpec(str(folder), device="cpu", quant="int4"))
    text = "def f(x):\n    return "
    assert engine.tokenizer.encode(text) == whole.tokenizer.encode(text)
    network: Any = engine._network
    assert isinstance(network.network.model.embed_tokens, PackedEmbedding)
    exact = scores(network_of(folder, "int4"))
    assert (scores(network) - exact).abs().max() < 0.1 * exact.abs().max()
    with pytest.raises(CheckpointError, match="holds int4"):
        load_engine(ModelSpec(str(out), device="cpu", quant="int8"))


def test_the_doctor_says_what_fits(folder: Path) -> None:
    assert "the model fits in bf16, which needs" in format_found(folder, "cpu", None)
    assert "the model fits in int4, which needs" in format_found(folder, "cpu", "int4")


def test_the_least_lossy_format_that_fits_is_taken(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(DREAM_7B))
    dream = read_config(tmp_path)

    def card(n_gb: int, capability: tuple[int, int] = (8, 9)) -> Device:
        return Device("cuda", "a card", n_gb * GB, n_gb * GB, capability)

    assert 15 * GB < needed_bytes(dream, "bf16", card(24)) < 20 * GB
    fits = [fitting(dream, device) for device in (card(24), card(16), card(16, (8, 6)), card(10), card(6))]
    assert fits == ["bf16", "fp8", "int8", "int4", None]
    with pytest.raises(CheckpointError, match=r"m: needs 15\.\d GB on a card in bf16, .* --quant int4 fits"):
        chosen_quant(dream, card(10), "bf16", "m")
