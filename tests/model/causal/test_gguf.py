"""Models in GGUF files, written by the package that reads them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

gguf = pytest.importorskip("gguf")
from model.causal.convert import convert  # noqa: E402
from model.causal.gguf_file import FIELDS, PARTS, GGUFFile  # noqa: E402
from model.causal.sessions import open_folder  # noqa: E402
from model.causal.sources import open_source  # noqa: E402
from model.causal.tokenizer import CausalTokenizer  # noqa: E402
from model.types import CheckpointError  # noqa: E402
from tests.model.causal.conftest import SPECIAL  # noqa: E402

Q8 = gguf.GGMLQuantizationType.Q8_0


def write(path: Path, published: Path, architecture: str = "qwen2", quantized: bool = False) -> None:
    """The small model as a GGUF file; `quantized`: its matrices in Q8_0, the head a second time."""
    source = open_source(published)
    writer = gguf.GGUFWriter(path, architecture)
    for ours, theirs in FIELDS.items():
        value = getattr(source.config, ours)
        (writer.add_float32 if isinstance(value, float) else writer.add_uint32)(f"{architecture}.{theirs}", value)
    vocabulary = json.loads(source.tokenizer())["model"]["vocab"]
    tokens = [*sorted(vocabulary, key=vocabulary.__getitem__), *SPECIAL]
    tokens = list(dict.fromkeys(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in SPECIAL else 1 for token in tokens])
    writer.add_token_merges(["a b"])

    def add(name: str, array: np.ndarray) -> None:
        if quantized and array.ndim == 2:
            writer.add_tensor(name, gguf.quantize(array, Q8), raw_dtype=Q8)
        else:
            writer.add_tensor(name, array)

    embedding = source.tensor("model.embed_tokens.weight")
    add("token_embd.weight", np.round(embedding) if quantized else embedding)
    if quantized:
        add("output.weight", embedding)
    add("output_norm.weight", source.tensor("model.norm.weight"))
    for i in range(source.config.num_hidden_layers):
        for ours, theirs in PARTS.items():
            kinds = ("weight", "bias") if theirs in ("attn_q", "attn_k", "attn_v") else ("weight",)
            for kind in kinds:
                add(f"blk.{i}.{theirs}.{kind}", source.tensor(f"model.layers.{i}.{ours}.{kind}"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_file_is_the_checkpoint(published: Path, tmp_path: Path) -> None:
    write(tmp_path / "small.gguf", published)
    file, folder = open_source(tmp_path / "small.gguf"), open_source(published)
    assert file.config == folder.config
    for name in ("model.embed_tokens.weight", "model.norm.weight", "model.layers.2.self_attn.k_proj.bias"):
        assert np.array_equal(file.tensor(name), folder.tensor(name))
    convert(tmp_path / "small.gguf", tmp_path / "out", "float32")
    convert(published, tmp_path / "same", "float32")
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("out", "same")]
    assert weights[0] == weights[1]
    text = "def é(x):\n\treturn x  # 漢 e\u0301"
    tokenizer = CausalTokenizer.load(tmp_path / "out")
    assert tokenizer.encode(text) == CausalTokenizer.load(tmp_path / "same").encode(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_embedding_is_taken_where_it_has_more_bits(published: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.gguf"
    write(path, published, quantized=True)
    wanted = open_source(published).tensor("model.embed_tokens.weight")
    file = open_source(path)
    assert np.abs(file.tensor("model.embed_tokens.weight") - wanted).max() < np.abs(wanted).max() / 120
    convert(path, tmp_path / "out", "blocks8")
    again = open_folder(tmp_path / "out", 1).embedding(range(len(wanted)))
    assert again == pytest.approx(file.tensor("model.embed_tokens.weight"), abs=1e-6), "Q8_0 loses nothing"


def test_what_is_no_such_file_is_named(published: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.gguf"
    with pytest.raises(CheckpointError, match="no such file"):
        convert(path, tmp_path / "out")
    path.write_bytes(b"hello")
    with pytest.raises(CheckpointError, match="not a GGUF file"):
        convert(path, tmp_path / "out")
    write(path, published, architecture="llama")
    with pytest.raises(CheckpointError, match="architecture 'llama'; only 'qwen2'"):
        convert(path, tmp_path / "out")
    write(path, published)
    whole = path.read_bytes()
    for n in (5, 40, 2000, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:n])
        with pytest.raises(CheckpointError, match="cut short or damaged"):
            GGUFFile(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["small.gguf"]
