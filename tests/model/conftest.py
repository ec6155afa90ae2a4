"""Small checkpoints of the real class with random weights: sliding and full layers, experts, self-conditioning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers  # noqa: E402
from transformers import DiffusionGemmaConfig, DiffusionGemmaTextConfig  # noqa: E402

from model.load import load_engine  # noqa: E402
from model.tokenize.byte_codec import byte_alphabet  # noqa: E402
from model.tokenize.tokenizer import SPECIAL_TOKENS  # noqa: E402
from model.types import ModelSpec  # noqa: E402
from model.weights.text_only import TextOnlyDiffusionGemma, smallest_vision_config  # noqa: E402

N_VOCAB = 256 + len(SPECIAL_TOKENS)
SLIDING_WINDOW = 8


def small_config(**changes: object) -> DiffusionGemmaConfig:
    text = dict(
        vocab_size=N_VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, num_global_key_value_heads=2, head_dim=16, global_head_dim=16,
        sliding_window=SLIDING_WINDOW, num_experts=4, top_k_experts=2, moe_intermediate_size=16,
        layer_types=["sliding_attention", "sliding_attention", "sliding_attention", "full_attention"],
        pad_token_id=0, eos_token_id=1, bos_token_id=2, initializer_range=0.3,
    ) | changes  # fmt: skip
    return DiffusionGemmaConfig(
        text_config=DiffusionGemmaTextConfig(**text), vision_config=smallest_vision_config(), canvas_length=12
    )


def small_network(seed: int = 0, **changes: object) -> TextOnlyDiffusionGemma:
    torch.manual_seed(seed)
    network = TextOnlyDiffusionGemma(small_config(**changes)).eval().requires_grad_(False)
    with torch.no_grad():  # the encoder's and the decoder's layer scalars differ in real checkpoints
        for i, layer in enumerate(network.model.encoder.language_model.layers):
            layer.layer_scalar.fill_(0.8 + 0.05 * i)
        for i, layer in enumerate(network.model.decoder.layers):
            layer.layer_scalar.fill_(1.2 - 0.03 * i)
    return network


def byte_tokenizer() -> Tokenizer:
    """One token per byte: ids that mean the same whatever stands around them."""
    vocab = {c: i + len(SPECIAL_TOKENS) for i, c in enumerate(byte_alphabet().values())}
    vocab |= {name: i for i, name in enumerate(SPECIAL_TOKENS)}
    tokenizer = Tokenizer(models.BPE(vocab, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL_TOKENS])
    return tokenizer


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder as transformers writes it, with tokenizer and infill.json."""
    folder = tmp_path_factory.mktemp("checkpoint")
    small_network().save_pretrained(folder)
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "infill.json").write_text(json.dumps({"name": "small", "languages": ["python"]}))
    return folder


@pytest.fixture
def engine(checkpoint: Path):
    return load_engine(ModelSpec(str(checkpoint), device="cpu"))
