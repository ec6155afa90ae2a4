"""The graphs for ONNX Runtime: `python -m model.causal.build_graphs` writes those that ship; needs `onnx`.

They hold no weights, only their names, types and sizes: the loader binds them to the mapped file. `trunk` turns
embeddings of T rows into hidden states over N rows whose keys and values are kept, `head` turns hidden states into
scores. Attention is made of plain products, one key head after the other, because kept keys then need no copy and a
mask may be anything: rows of a tree, rows that see what follows them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto

from model.causal.adapter import FILE, read_adapter
from model.causal.config import SHIPPED, CausalConfig, Format
from model.causal.graph_builder import CONTRIB, Builder
from model.causal.graph_files import FOLDER, ROW_GATE, head_name, past_names, present_names, trunk_name
from model.causal.layout import (
    BIAS,
    DOWN,
    GATE,
    HEAD,
    LAST_NORM,
    NORM1,
    NORM2,
    OUT,
    QKV,
    UP,
    adapter_specs,
    head_format,
    head_specs,
    in_layer,
    layer_specs,
    products,
)
from model.causal.tensor_file import Spec
from model.causal.written import N_WRITTEN

# Graphs for these ship with the package.
SIZES = (
    CausalConfig(151_936, 896, 4_864, 24, 14, 2, 1e-6, 1e6, 32_768),
    CausalConfig(151_936, 1_536, 8_960, 28, 12, 2, 1e-6, 1e6, 32_768),
)


def trunk(config: CausalConfig, kind: Format, rank: int = 0) -> ModelProto:
    """Hidden states [T, dim], and the keys and values of the T rows; the inputs are those of `network.forward`.

    With a `rank` there are canvas rows too, to which an adapter of this rank adds its parts.
    """
    b = Builder(kind, rank)
    half, groups = config.head_dim // 2, config.heads_per_key
    b.input("x", ["T", config.hidden_size])
    b.input("cos", [1, "T", half])
    b.input("sin", [1, "T", half])
    b.input("mask_past", [f"{groups}T", "N"])
    b.input("mask_new", [f"{groups}T", "T"])
    b.input("n_past_and_new", [2], TensorProto.INT64)
    if rank:
        b.input(ROW_GATE, ["T", 1])
    x, h = "x", b.add("RMSNormalization", ["x", in_layer(0, NORM1)], "normed", epsilon=config.rms_norm_eps)
    for i in range(config.num_hidden_layers):
        b.weights([*layer_specs(config, i, kind), *(adapter_specs(config, i, rank, kind) if rank else ())])
        x, h = layer(b, config, i, (x, h))
    b.weights([Spec(LAST_NORM, np.float32, (config.hidden_size,))])
    b.add("Identity", [h], "hidden")
    b.output("hidden", ["T", config.hidden_size])
    return b.model("trunk")


def layer(b: Builder, config: CausalConfig, i: int, states: tuple[str, str]) -> tuple[str, str]:
    """A layer on the sum so far and its normed form; the same two after it."""
    x, h = states
    sizes = products(config)

    def name(part: str) -> str:
        return in_layer(i, part)

    qkv = b.product(h, name(QKV), sizes[QKV], name(QKV) + BIAS)
    out = b.product(attention(b, config, i, qkv), name(OUT), sizes[OUT])
    x, h = add_and_norm(b, config, (x, out), name(NORM2))
    gate, up = b.product(h, name(GATE), sizes[GATE]), b.product(h, name(UP), sizes[UP])
    opened = b.add("QuickGelu", [gate], f"{gate}.opened", CONTRIB, alpha=1.0)  # x * sigmoid(x)
    down = b.product(b.add("Mul", [opened, up], f"{up}.gated"), name(DOWN), sizes[DOWN])
    last = i == config.num_hidden_layers - 1
    return add_and_norm(b, config, (x, down), LAST_NORM if last else in_layer(i + 1, NORM1))


def add_and_norm(b: Builder, config: CausalConfig, parts: tuple[str, str], norm: str) -> tuple[str, str]:
    """The sum of two values and its normed form."""
    outputs = [f"{norm}.normed", "", "", f"{norm}.sum"]
    b.add("SkipSimplifiedLayerNormalization", [*parts, norm], outputs, CONTRIB, epsilon=config.rms_norm_eps)
    return outputs[3], outputs[0]


def attention(b: Builder, config: CausalConfig, i: int, qkv: str) -> str:
    """What T rows of queries, keys and values read of those that are kept and of each other [T, dim]."""
    n_q, n_kv, dim = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    at = in_layer(i, "attention")
    split_heads = b.sizes("shape.heads", 1, -1, n_q + 2 * n_kv, dim)
    by_row = b.add("Reshape", [qkv, split_heads], f"{at}.by_row")
    by_head = b.add("Transpose", [by_row], f"{at}.by_head", perm=[0, 2, 1, 3])
    turned, values = f"{at}.turned", f"{at}.values"
    b.add("Split", [by_head, b.sizes("sizes.turned", n_q + n_kv, n_kv)], [turned, values], axis=1)
    b.add("RotaryEmbedding", [turned, "cos", "sin"], rotated := f"{at}.rotated")
    queries = [f"{at}.queries{k}" for k in range(n_kv)]
    keys = [f"{at}.keys{k}" for k in range(n_kv)]
    sizes = [config.heads_per_key] * n_kv + [1] * n_kv
    b.add("Split", [rotated, b.sizes("sizes.heads", *sizes)], [*queries, *keys], axis=1)
    parts = [f"{at}.values{k}" for k in range(n_kv)]
    b.add("Split", [values, b.sizes("sizes.values", *[1] * n_kv)], parts, axis=1)
    read = [attend(b, config, (i, k), (queries[k], keys[k], parts[k])) for k in range(n_kv)]
    stacked = b.add("Concat", read, f"{at}.stacked", axis=0) if n_kv > 1 else read[0]
    again = b.add("Reshape", [stacked, b.sizes("shape.read", n_q, -1, dim)], f"{at}.read")
    rows = b.add("Transpose", [again], f"{at}.rows", perm=[1, 0, 2])
    return b.add("Reshape", [rows, b.sizes("shape.rows", -1, n_q * dim)], f"{at}.out")


def attend(b: Builder, config: CausalConfig, at: tuple[int, int], heads: tuple[str, str, str]) -> str:
    """One key head of a layer with its group of query heads: values read [group * T, head dim]."""
    flat = b.sizes("shape.flat", -1, config.head_dim)
    past, present = past_names(*at), present_names(*at)
    query = b.add("Reshape", [heads[0], flat], f"{present[0]}.query")
    key, value = (b.add("Reshape", [x, flat], name) for x, name in zip(heads[1:], present, strict=True))
    for name in past:
        b.input(name, ["N", config.head_dim])
    for name in present:
        b.output(name, ["T", config.head_dim])
    scaled = {"transB": 1, "alpha": config.head_dim**-0.5}
    before = b.add("Gemm", [query, past[0], "mask_past"], f"{key}.before", **scaled)
    among = b.add("Gemm", [query, key, "mask_new"], f"{key}.among", **scaled)
    scores = b.add("Concat", [before, among], f"{key}.scores", axis=1)
    shares = b.add("Softmax", [scores], f"{key}.shares", axis=1)
    b.add("Split", [shares, "n_past_and_new"], [f"{shares}.past", f"{shares}.new"], axis=1)
    read = b.add("MatMul", [f"{shares}.past", past[1]], f"{value}.past")
    return b.add("Gemm", [f"{shares}.new", value, read], f"{value}.read")


def head(config: CausalConfig, n_written: int, kind: Format) -> ModelProto:
    """Scores [M, n_written] of hidden states [M, dim]."""
    b = Builder(head_format(kind))
    b.input("hidden", ["M", config.hidden_size])
    b.weights(list(head_specs(config, n_written, kind)))
    b.add("Identity", [b.product("hidden", HEAD, (n_written, config.hidden_size))], "scores")
    b.output("scores", ["M", n_written])
    return b.model("head")


def write_graphs(config: CausalConfig, kind: Format, n_written: int, folder: Path) -> None:
    """Write the graphs of a size and format into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in (
        (trunk_name(config, kind), trunk(config, kind)),
        (head_name(config, kind, n_written), head(config, n_written, kind)),
    ):
        (folder / name).write_bytes(model.SerializeToString())


def write_canvas_graph(config: CausalConfig, kind: Format, rank: int, folder: Path) -> None:
    """Write the graph of a size and format that has canvas rows too, with an adapter of this rank."""
    (folder / trunk_name(config, kind, rank)).write_bytes(trunk(config, kind, rank).SerializeToString())


if __name__ == "__main__":
    for stated in SIZES:
        for shipped in SHIPPED:
            write_graphs(stated, shipped, N_WRITTEN, FOLDER)
    write_canvas_graph(SIZES[0], "int8", read_adapter(FILE).rank, FOLDER)
