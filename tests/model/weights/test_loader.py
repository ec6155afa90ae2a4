"""The streaming loader against the class's own loading, in every format, and what it may hold at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from model.torch.load import load_network
from model.types import CheckpointError
from model.weights.layout import part_of
from model.weights.loader import stream_network
from model.weights.modules import PackedEmbedding, PackedExperts, PackedLinear, PlainMultiply, packed_weights
from model.weights.packing import packed
from model.weights.stream import WeightFormat
from model.weights.text_only import TextOnlyDiffusionGemma

QUANTIZED = ("int4", "fp8", "int8")
PROMPT = torch.arange(6, 26)[None]
CANVAS = torch.arange(30, 40)[None]


def logits(network) -> torch.Tensor:
    with torch.inference_mode():
        return network(input_ids=PROMPT, decoder_input_ids=CANVAS).logits


def expected(folder: Path, quant) -> TextOnlyDiffusionGemma:
    """The class, loaded by its own means, its weights put through the format."""
    network = TextOnlyDiffusionGemma.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if (
                "embed_tokens" not in name
                and part_of(name) in ("experts", "attention", "dense MLP", "self-conditioning")
                and weight.ndim > 1
            ):
                weight.copy_(packed(weight, quant).unpacked(torch.float32))
    network.set_experts_implementation("eager")
    return network


def test_unquantized_it_is_the_class(published: Path) -> None:
    theirs = TextOnlyDiffusionGemma.from_pretrained(published, dtype=torch.float32).eval()
    theirs.set_experts_implementation("eager")
    assert torch.equal(logits(load_network(published, "cpu", "bf16")), logits(theirs))


@pytest.mark.parametrize("quant", QUANTIZED)
def test_quantized_it_is_the_class_with_those_weights(published: Path, quant) -> None:
    ours = load_network(published, "cpu", quant)
    assert torch.allclose(logits(ours), logits(expected(published, quant)), atol=2e-4)
    assert len(list(packed_weights(ours))) == 4 * (2 + 3 + 4) - 2 + 3  # two full layers have no v_proj


def test_encoder_and_decoder_share_all_but_their_scalars(published: Path) -> None:
    network = load_network(published, "cpu", "int4")
    for own, other in zip(network.model.encoder.language_model.layers, network.model.decoder.layers, strict=True):
        assert isinstance(other.self_attn.q_proj, PackedLinear) and isinstance(other.experts.packed, PackedExperts)
        assert own.self_attn.q_proj is other.self_attn.q_proj and own.experts is other.experts
        assert own.mlp is other.mlp and own.router is other.router and own.input_layernorm is other.input_layernorm
        assert float(own.layer_scalar) != float(other.layer_scalar)
    assert network.lm_head.weight is network.model.decoder.embed_tokens.weight


def test_an_embedding_in_int8(published: Path) -> None:
    network = stream_network(published, "cpu", WeightFormat("int4", torch.float32, "int8"), PlainMultiply())
    embedding = network.model.decoder.embed_tokens
    assert isinstance(embedding, PackedEmbedding) and network.lm_head.weight is embedding.weight
    reference = stream_network(published, "cpu", WeightFormat("int4", torch.float32), PlainMultiply())
    with torch.no_grad():
        weight = reference.model.decoder.embed_tokens.weight
        weight.copy_(packed(weight, "int8").unpacked(torch.float32))
    assert torch.allclose(logits(network), logits(reference), atol=2e-4)
    probs = torch.randn(5, len(weight)).softmax(-1)
    assert torch.allclose(embedding.mixed(probs), (probs @ weight) * 128**0.5, atol=1e-4)


@pytest.mark.parametrize("quant", ["int4", "bf16"])
def test_progress_is_in_bytes(published: Path, quant) -> None:
    told: list[tuple[int, int]] = []
    load_network(published, "cpu", quant, lambda done, total: told.append((done, total)))
    assert [d for d, _ in told] == sorted({d for d, _ in told})  # and not all there half way
    assert told[-1][0] == told[-1][1] and len({total for _, total in told}) == 1


MEASURED = """
import resource, sys, torch
from pathlib import Path
from model.torch.load import load_network
from model.types import CheckpointError
from model.weights.shards import Shards
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
network = load_network(Path(sys.argv[1]), "cpu", "int4")
kept = sum(t.nbytes for t in (*network.parameters(), *network.buffers()))
from model.weights.modules import packed_weights
kept += sum(weight.n_bytes for weight in packed_weights(network))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before * 1024 - kept, kept)
"""


def test_the_host_holds_one_tensor_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.model.weights.synthetic import write_checkpoint

    folder = write_checkpoint(tmp_path / "large", n_layers=12, hidden=512, n_experts=32, expert=256, n_vocab=4096)
    on_disk = sum(f.stat().st_size for f in folder.glob("*.safetensors"))
    largest = 32 * 512 * 512 * 2
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = subprocess.run(
        [sys.executable, "-c", MEASURED, str(folder)], capture_output=True, text=True, check=True, timeout=300
    ).stdout
    over, kept = map(int, out.split())
    assert on_disk > 10 * largest
    assert over < 6 * largest + 150e6, (over / 1e6, kept / 1e6, on_disk / 1e6)


def test_experts_with_another_activation_are_refused(published: Path) -> None:
    path = published / "config.json"
    path.write_text(path.read_text().replace("gelu_pytorch_tanh", "silu"))
    with pytest.raises(CheckpointError, match="hidden_activation"):
        load_network(published, "cpu", "int4")
