"""Writes a tiny model for llama.cpp: what it writes after a character is always the same.

Its embeddings are one-hot and its only block adds nothing, so the output matrix is a table of which token follows
which. The tokens are the 256 bytes and the marks that it is given.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

END = "<|endoftext|>"
_HEAD = 32  # dimensions of one attention head
_FEED_FORWARD = 32
_U32, _F32, _STRING, _ARRAY, _I32 = 4, 6, 8, 9, 5
_ALIGNED = 32  # bytes

Array = NDArray[np.float32]


def write_gguf(path: Path, follows: Mapping[str, str], marks: Sequence[str] = ()) -> None:
    """Write a model in which `follows` says what comes after a character or mark; after all others it ends."""
    tokens = [*_BYTES, END, *marks]
    ids = {token: i for i, token in enumerate(tokens)} | {chr(i): i for i in range(128)}
    width = -(-len(tokens) // _HEAD) * _HEAD
    fields: dict[str, object] = {
        "general.architecture": "llama",
        "llama.context_length": 2048,
        "llama.embedding_length": width,
        "llama.block_count": 1,
        "llama.feed_forward_length": _FEED_FORWARD,
        "llama.attention.head_count": width // _HEAD,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [1] * 256 + [3] * (len(tokens) - 256),
        "tokenizer.ggml.merges": [f"{_BYTES[0]} {_BYTES[0]}"],
        "tokenizer.ggml.eos_token_id": 256,
    }
    table = np.zeros((len(tokens), width), np.float32)
    for i in range(len(tokens)):
        table[256, i] = 1
    for before, after in follows.items():
        table[:, ids[before]] = 0
        table[ids[after], ids[before]] = 1
    path.write_bytes(_gguf(fields, _tensors(len(tokens), width, table)))


def _tensors(n_tokens: int, width: int, table: Array) -> dict[str, Array]:
    """By name; `table` and the embeddings are (tokens, width)."""
    ones, square = np.ones(width, np.float32), np.zeros((width, width), np.float32)
    block = {f"attn_{name}": square for name in ("q", "k", "v", "output")}
    block |= {f"ffn_{name}": np.zeros((_FEED_FORWARD, width), np.float32) for name in ("gate", "up")}
    block |= {"ffn_down": np.zeros((width, _FEED_FORWARD), np.float32), "attn_norm": ones, "ffn_norm": ones}
    found = {"token_embd": np.eye(n_tokens, width, dtype=np.float32), "output": table, "output_norm": ones}
    return {f"{name}.weight": a for name, a in (found | {f"blk.0.{k}": v for k, v in block.items()}).items()}


def _gguf(fields: Mapping[str, object], tensors: Mapping[str, Array]) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields))
    for key, value in fields.items():
        head += _string(key) + _value(value)
    data = b""
    for name, array in tensors.items():
        shape = array.shape[::-1]
        head += _string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += _padded(array.tobytes())
    return _padded(head) + data


def _value(value: object) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _string(value)
    if isinstance(value, float):
        return struct.pack("<If", _F32, value)
    if isinstance(value, int):
        return struct.pack("<II", _U32, value)
    assert isinstance(value, list)
    if isinstance(value[0], str):
        return struct.pack("<IIQ", _ARRAY, _STRING, len(value)) + b"".join(map(_string, value))
    return struct.pack(f"<IIQ{len(value)}i", _ARRAY, _I32, len(value), *value)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGNED)


def _byte_names() -> list[str]:
    """How GPT-2 spells each byte: printable ones as they are, the others from U+0100 on."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(i if i in printable else next(others)) for i in range(256)]


_BYTES = _byte_names()
