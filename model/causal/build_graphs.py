"""The graphs for ONNX Runtime: `python -m model.causal.build_graphs` writes those that ship; needs `onnx`.

They hold no weights, only their names, types and sizes: the loader binds them to the mapped file. `trunk` turns
embeddings of T rows into hidden states over N rows whose keys and values are kept, `head` turns hidden states into
scores. Attention is made of plain products, one key head after the other, because kept keys then need no copy and a
mask may be anything: rows of a tree, rows that see what follows them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from model.causal.config import BITS, BLOCK, SHIPPED, CausalConfig, Format
from model.causal.graph_files import FOLDER, head_name, past_names, present_names, trunk_name
from model.causal.layout import (
    BIAS,
    CODES,
    DOWN,
    GATE,
    HEAD,
    LAST_NORM,
    NORM1,
    NORM2,
    OUT,
    QKV,
    SCALES,
    UP,
    WEIGHT,
    head_format,
    head_specs,
    in_layer,
    layer_specs,
    products,
)
from model.causal.tensor_file import Spec
from model.causal.written import N_WRITTEN

OPSET, IR_VERSION = 23, 11  # the first with RMSNormalization and RotaryEmbedding
CONTRIB = "com.microsoft"
INT8_ACTIVATIONS = 4  # MatMulNBits multiplies in eight bits
TYPES = {
    np.uint8: TensorProto.UINT8,
    np.int8: TensorProto.INT8,
    np.float32: TensorProto.FLOAT,
    np.int64: TensorProto.INT64,
}
Shape = list[int | str]

# Graphs for these ship with the package.
SIZES = (
    CausalConfig(151_936, 896, 4_864, 24, 14, 2, 1e-6, 1e6, 32_768),
    CausalConfig(151_936, 1_536, 8_960, 28, 12, 2, 1e-6, 1e6, 32_768),
)


class Builder:
    """A graph as it grows."""

    def __init__(self, kind: Format) -> None:
        self.kind: Format = kind
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self.inputs: list[ValueInfoProto] = []
        self.outputs: list[ValueInfoProto] = []
        self._known: set[str] = set()  # values that are there in whole numbers

    def input(self, name: str, shape: Shape, kind: int = TensorProto.FLOAT) -> str:
        """An input of the graph."""
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name: str, shape: Shape) -> None:
        """Make a value an output of the graph."""
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, name: str, value: np.ndarray | np.generic) -> str:
        """A small array [...] that is part of the graph."""
        if all(known.name != name for known in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def sizes(self, name: str, *values: int) -> str:
        """A list of whole numbers."""
        return self.constant(name, np.array(values, np.int64))

    def weights(self, specs: list[Spec]) -> None:
        """Tensors that the loader binds."""
        for name, dtype, shape in specs:
            tensor = TensorProto(name=name, data_type=TYPES[dtype], dims=shape, data_location=TensorProto.EXTERNAL)
            tensor.external_data.add(key="location", value="weights")
            self.initializers.append(tensor)

    def add(self, op: str, inputs: list[str], outputs: str | list[str], domain: str = "", **attributes: Any) -> str:
        """A node; the name of its first output."""
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(helper.make_node(op, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def product(self, x: str, matrix: str, sizes: tuple[int, int], bias: str = "") -> str:
        """`x` [T, columns] times a matrix of `sizes` (rows, columns), plus a bias [rows]."""
        if self.kind in BITS:
            inputs = [x, matrix + CODES, matrix + SCALES, *(["", "", bias] if bias else [])]
            sized = {"N": sizes[0], "K": sizes[1], "bits": BITS[self.kind], "block_size": BLOCK}
            return self.add("MatMulNBits", inputs, f"{matrix}.y", CONTRIB, accuracy_level=INT8_ACTIVATIONS, **sized)
        product = (
            self.integers(x, matrix) if self.kind == "int8" else self.add("MatMul", [x, matrix + WEIGHT], f"{matrix}.y")
        )
        return self.add("Add", [product, bias], f"{matrix}.biased") if bias else product

    def integers(self, x: str, matrix: str) -> str:
        """`x` [T, columns] times a matrix in whole numbers.

        Each row has a scale of its own, made on the fly, so that no row's result depends on its company.
        """
        middle, one = self.constant("middle", np.uint8(128)), self.constant("one", np.float32(1))
        whole, scale = f"{x}.whole", f"{x}.scale"
        if whole not in self._known:
            self._known.add(whole)
            largest = self.add("ReduceMax", [self.add("Abs", [x], f"{x}.abs"), self.sizes("last", -1)], f"{x}.max")
            steps = self.add("Mul", [largest, self.constant("step", np.float32(1 / 127))], f"{x}.step")
            self.add("Max", [steps, self.constant("least", np.float32(1e-8))], scale)
            self.add("QuantizeLinear", [self.add("Div", [x, scale], f"{x}.scaled"), one, middle], whole)
        inputs = [whole, matrix + CODES, one, matrix + SCALES, middle]
        return self.add(
            "Mul", [self.add("MatMulIntegerToFloat", inputs, f"{matrix}.steps", CONTRIB), scale], f"{matrix}.y"
        )

    def model(self, name: str) -> ModelProto:
        """The finished graph."""
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.initializers)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="dg-lsp")


def trunk(config: CausalConfig, kind: Format) -> ModelProto:
    """Hidden states [T, dim], and the keys and values of the T rows; the inputs are those of `network.forward`."""
    b = Builder(kind)
    half, groups = config.head_dim // 2, config.heads_per_key
    b.input("x", ["T", config.hidden_size])
    b.input("cos", [1, "T", half])
    b.input("sin", [1, "T", half])
    b.input("mask_past", [f"{groups}T", "N"])
    b.input("mask_new", [f"{groups}T", "T"])
    b.input("n_past_and_new", [2], TensorProto.INT64)
    x, h = "x", b.add("RMSNormalization", ["x", in_layer(0, NORM1)], "normed", epsilon=config.rms_norm_eps)
    for i in range(config.num_hidden_layers):
        b.weights(list(layer_specs(config, i, kind)))
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
    """Write both graphs of a size and format into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in (
        (trunk_name(config, kind), trunk(config, kind)),
        (head_name(config, kind, n_written), head(config, n_written, kind)),
    ):
        (folder / name).write_bytes(model.SerializeToString())


if __name__ == "__main__":
    for stated in SIZES:
        for shipped in SHIPPED:
            write_graphs(stated, shipped, N_WRITTEN, FOLDER)
