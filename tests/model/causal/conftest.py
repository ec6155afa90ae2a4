"""Small checkpoints of the real class with random weights, converted, and the library's model beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers  # noqa: E402
from transformers import Qwen2Config, Qwen2ForCausalLM  # noqa: E402

from model.causal.convert import convert  # noqa: E402
from model.causal.network import CausalNetwork  # noqa: E402
from model.causal.onnx_runtime import OnnxRuntime  # noqa: E402
from model.causal.sessions import open_folder  # noqa: E402
from model.causal.tokenizer import END, FILE, MIDDLE, PREFIX, REPOSITORY, SUFFIX, TURN, TURN_END  # noqa: E402
from model.tokenize.byte_codec import byte_alphabet  # noqa: E402
from tests import real_model  # noqa: E402

SPECIAL = (END, TURN, TURN_END, PREFIX, SUFFIX, MIDDLE, REPOSITORY, FILE)
N_VOCAB = 257 + len(SPECIAL)


def small_model(seed: int = 0) -> Qwen2ForCausalLM:
    """A model whose norms and biases are away from 1 and 0, or a forgotten one would not show."""
    config = Qwen2Config(
        vocab_size=N_VOCAB, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, rms_norm_eps=1e-6, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1e4}, initializer_range=0.2,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(config).eval().requires_grad_(False)
    for name, p in model.named_parameters():
        if "norm" in name or "bias" in name:
            p.data += 0.3 * torch.randn(p.shape)
    return model


def byte_tokenizer() -> Tokenizer:
    """One token per byte, one of two, and Qwen's names."""
    vocabulary = {c: i for i, c in enumerate((*byte_alphabet().values(), "ab"))}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("a", "b")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    return tokenizer


@pytest.fixture(scope="session")
def library() -> Qwen2ForCausalLM:
    return small_model()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, library: Qwen2ForCausalLM) -> Path:
    """A checkpoint folder as transformers writes it."""
    folder = tmp_path_factory.mktemp("published")
    library.save_pretrained(folder)
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory, published: Path) -> dict[str, Path]:
    """The same, converted, by format."""
    folder = tmp_path_factory.mktemp("converted")
    kinds: Any = ("float32", "int8", "blocks8", "blocks4")
    for kind in kinds:
        convert(published, folder / kind, kind)
    return {kind: folder / kind for kind in kinds}


@pytest.fixture
def network(converted: dict[str, Path]) -> CausalNetwork:
    """The small model in float32."""
    return CausalNetwork(OnnxRuntime(open_folder(converted["float32"], 1)))


@pytest.fixture(scope="session")
def real_folder() -> Path:
    """A converted folder of the real model, where there is one."""
    return real_model.real_folder()
