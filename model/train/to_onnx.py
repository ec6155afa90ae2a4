"""Graphs of a checkpoint for ONNX Runtime: `python -m model.train.to_onnx [FOLDER]` writes FOLDER/onnx.

Three graphs, each a plain function: `condition` adds the last step's expected embeddings to the canvas
embeddings, `trunk` runs the layers over keys and values that are already there, `head` gives the
vocabulary's scores. Encoder and decoder are the same trunk under another mask, so prompts, drafts, scores
and canvases all go through one set of weights.

Matrix products are done in integers: weights with one scale per column, activations with one scale per
row, made on the fly. One scale per row, and not per call as ONNX Runtime's own dynamic quantization has
it, so that no token's result depends on what else is computed with it: a cached prompt equals a fresh one
and a row of a batch does not see its company. Weights take 7 bits of the 8: on processors without VNNI two
products are added in 16 bits, which 8 by 8 bits can overflow.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import NodeProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from model.config import EMBEDDED, ONNX, WEIGHTS_HASH
from model.train.checkpoint import network_from_folder
from model.train.network import Layer, Network
from model.types import CheckpointError
from model.weights.manifest import sha256_of

WEIGHT_MAX = 63  # 7 bits and a sign
ACTIVATION_MAX, ZERO_POINT = 127, 128
OPSET = 23  # the first with RMSNormalization


def transposed(*matrices: Tensor) -> nn.Parameter:
    """Linear weights [out, in], stacked along `out`, as the right side of a product [in, out]."""
    return nn.Parameter(torch.cat(matrices).T.contiguous(), requires_grad=False)


class TrunkLayer(nn.Module):
    """A layer on positions [T, dim] without a batch: fewer, larger products, norms before them folded in."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        attention, mlp, experts = layer.self_attn, layer.mlp, layer.experts
        self.config, self.norms = attention.config, layer
        self.v_of_k = attention.v_proj is None
        read = layer.input_layernorm.weight
        projections = [attention.q_proj, attention.k_proj, *([] if self.v_of_k else [attention.v_proj])]
        self.qkv = transposed(*(p.weight * read for p in projections))
        self.out = transposed(attention.o_proj.weight)
        dense, expert = layer.pre_feedforward_layernorm.weight, layer.pre_feedforward_layernorm_2.weight
        gate, up = experts.gate_up_proj.chunk(2)
        self.gate_up = transposed(mlp.gate_proj.weight * dense, gate * expert, mlp.up_proj.weight * dense, up * expert)
        self.sizes = [mlp.gate_proj.weight.shape[0], gate.shape[0]]
        self.dense_down, self.expert_down = transposed(mlp.down_proj.weight), transposed(experts.down_proj)

    def normed(self, x: Tensor) -> Tensor:  # [..., dim] to [..., dim]
        return F.rms_norm(x, (x.shape[-1],), None, self.config.norm_eps)

    def attend(self, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor, past: Sequence[Tensor]) -> list[Tensor]:
        """Attention output [T, heads * head_dim], then all keys and values [kv heads, N + T, head_dim]."""
        c, n = self.config, x.shape[0]
        widths = [c.n_heads * c.head_dim, *[c.n_kv_heads * c.head_dim] * (1 if self.v_of_k else 2)]
        q, k, *rest = (part.view(n, -1, c.head_dim) for part in (self.normed(x) @ self.qkv).split(widths, dim=-1))
        v = self.normed(rest[0] if rest else k).transpose(0, 1)
        q = rotated(self.norms.self_attn.q_norm(q).transpose(0, 1), *angles)
        k = rotated(self.norms.self_attn.k_norm(k).transpose(0, 1), *angles)
        keys, values = torch.cat((past[0], k), dim=1), torch.cat((past[1], v), dim=1)
        # Heads that share keys are stacked below each other: one product for each key head.
        scores = q.reshape(c.n_kv_heads, -1, c.head_dim) @ keys.transpose(1, 2)
        shares = (scores.view(c.n_heads, n, -1) + mask).softmax(-1)
        out = (shares.view(c.n_kv_heads, c.n_heads // c.n_kv_heads * n, -1) @ values).view(c.n_heads, n, c.head_dim)
        return [out.transpose(0, 1).reshape(n, -1), keys, values]

    def feed_forward(self, x: Tensor) -> Tensor:  # [T, dim] to [T, dim]
        norms = self.norms
        gate, up = (self.normed(x) @ self.gate_up).split([sum(self.sizes)] * 2, dim=-1)
        dense, expert = (F.gelu(gate, approximate="tanh") * up).split(self.sizes, dim=-1)
        dense = norms.post_feedforward_layernorm_1(dense @ self.dense_down)
        expert = norms.post_feedforward_layernorm_2(expert @ self.expert_down)
        return norms.post_feedforward_layernorm(dense + expert)

    def forward(
        self, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor, past: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        out, *present = self.attend(x, angles, mask, past)
        x = x + self.norms.post_attention_layernorm(out @ self.out)
        return x + self.feed_forward(x), present


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of `x` [heads, T, head_dim] by angles [T, head_dim / 2]."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Trunk(nn.Module):
    """Embeddings x [T, dim] at `position_ids` [T], keys and values of N earlier positions, mask [T, N + T].

    `mask` is added to the attention scores. Gives hidden states [T, dim] and each layer's keys and values.
    """

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TrunkLayer(layer) for layer in net.layers)  # type: ignore[arg-type]
        self.norm = net.norm
        half = torch.arange(0, net.config.head_dim, 2).float() / net.config.head_dim
        self.frequencies = nn.Buffer(net.config.rope_theta**-half)

    def forward(self, x: Tensor, position_ids: Tensor, mask: Tensor, past: list[Tensor]) -> tuple[Tensor, ...]:
        angles = position_ids[:, None].float() * self.frequencies
        present: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            x, new = layer(x, (angles.cos(), angles.sin()), mask, past[2 * i : 2 * i + 2])
            present += new
        return self.norm(x), *present


class Condition(nn.Module):
    """Canvas embeddings [T, dim] with soft embeddings of the last step [T, dim] added."""

    def __init__(self, net: Network) -> None:
        super().__init__()
        own = net.self_conditioning
        self.gate_up = transposed(*(p.weight * own.pre_norm.weight for p in (own.gate_proj, own.up_proj)))
        self.down = transposed(own.down_proj.weight)
        self.eps = own.eps

    def forward(self, x: Tensor, soft: Tensor) -> Tensor:
        gate, up = (F.rms_norm(soft, (soft.shape[-1],), None, self.eps) @ self.gate_up).chunk(2, dim=-1)
        combined = x + (F.gelu(gate, approximate="tanh") * up) @ self.down
        return F.rms_norm(combined, (combined.shape[-1],), None, self.eps)


class Head(nn.Module):
    """Soft-capped scores [M, V] of hidden states [M, dim]."""

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.weight = transposed(net.embed_tokens.weight)
        self.cap = net.config.softcap

    def forward(self, hidden: Tensor) -> Tensor:
        return torch.tanh((hidden @ self.weight) / self.cap) * self.cap


def exported(module: nn.Module, inputs: dict[str, object], outputs: list[str]) -> onnx.ModelProto:
    """The module as a graph, every size that is not a weight's left open."""
    dynamic = torch.export.Dim.DYNAMIC

    def shape(value: object) -> object:
        if isinstance(value, list):
            return [{1: dynamic} for _ in value]  # keys and values: only their number is open
        assert isinstance(value, Tensor)
        return {0: dynamic, 1: dynamic} if "mask" in inputs and value is inputs["mask"] else {0: dynamic}

    flat = [f"{k}{i}" for k, v in inputs.items() if isinstance(v, list) for i in range(len(v))]
    names = [k for k, v in inputs.items() if not isinstance(v, list)] + flat
    program = torch.onnx.export(
        module.eval(),
        tuple(inputs.values()),
        dynamo=True,
        verbose=False,
        dynamic_shapes=tuple(shape(v) for v in inputs.values()),
        input_names=names,
        output_names=outputs,
        opset_version=OPSET,
    )
    assert program is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        program.save(path)
        return onnx.load(path)


def in_integers(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every product with a constant matrix done in 8-bit integers; see the module's docstring."""
    graph = model.graph
    constants = {c.name: c for c in graph.initializer}
    nodes: list[NodeProto] = []
    new = {
        "step": np.float32(1 / ACTIVATION_MAX),
        "least": np.float32(1e-8),
        "last_axis": np.array([-1]),
        "one": np.float32(1),
        "zero_point": np.uint8(ZERO_POINT),
    }
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in constants:
            nodes.append(node)
            continue
        x, matrix, y = node.input[0], node.input[1], node.output[0]
        weight = numpy_helper.to_array(constants[matrix])
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-8) / WEIGHT_MAX
        new[f"{matrix}.ids"] = np.round(weight / scale).astype(np.int8)
        new[f"{matrix}.scale"] = scale.astype(np.float32)
        steps = [
            ("Abs", [x], "abs", {}),
            ("ReduceMax", [f"{y}.abs", "last_axis"], "max", {"keepdims": 1}),
            ("Mul", [f"{y}.max", "step"], "unclamped", {}),
            ("Max", [f"{y}.unclamped", "least"], "scale", {}),
            ("Div", [x, f"{y}.scale"], "scaled", {}),
            ("QuantizeLinear", [f"{y}.scaled", "one", "zero_point"], "integers", {}),
            (
                "MatMulIntegerToFloat",
                [f"{y}.integers", f"{matrix}.ids", "one", f"{matrix}.scale", "zero_point"],
                "product",
                {"domain": "com.microsoft"},
            ),
        ]
        nodes += [helper.make_node(op, inputs, [f"{y}.{name}"], **more) for op, inputs, name, more in steps]
        nodes.append(helper.make_node("Mul", [f"{y}.product", f"{y}.scale"], [y]))
    used = {name for node in nodes for name in node.input}
    kept = [c for name, c in constants.items() if name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept + [numpy_helper.from_array(v, k) for k, v in new.items() if k in used])
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


def graphs(net: Network) -> dict[str, onnx.ModelProto]:
    """The three graphs in float32, by name."""
    c, n, n_past = net.config, 7, 5
    past = [torch.zeros(c.n_kv_heads, n_past, c.head_dim) for _ in range(2 * c.n_layers)]
    x = torch.zeros(n, c.hidden_size)
    inputs = {"x": x, "position_ids": torch.arange(n), "mask": torch.zeros(n, n_past + n), "past": past}
    presents = [f"present{i}" for i in range(2 * c.n_layers)]
    return {
        "trunk": exported(Trunk(net), inputs, ["hidden", *presents]),
        "condition": exported(Condition(net), {"x": x, "soft": x.clone()}, ["conditioned"]),
        "head": exported(Head(net), {"hidden": x}, ["logits"]),
    }


def write(folder: Path, out: Path | None = None, quantize: bool = True) -> list[Path]:
    """Write the graphs of `folder` to `out` (its `onnx` folder); each file is replaced whole."""
    weights_hash = sha256_of(folder / "model.safetensors")
    out = out or folder / ONNX
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, graph in graphs(network_from_folder(folder)).items():
        model = in_integers(graph) if quantize else graph
        for node in model.graph.node:  # where each node came from: half of the file, and paths of this machine
            del node.metadata_props[:]
            node.doc_string = ""
        del model.graph.value_info[:], model.graph.metadata_props[:], model.metadata_props[:]
        helper.set_model_props(model, {WEIGHTS_HASH: weights_hash})
        part, path = out / f"{name}.part", out / f"{name}.onnx"
        onnx.save(model, part)
        part.replace(path)
        written.append(path)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m model.train.to_onnx", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=EMBEDDED, help="checkpoint folder")
    parser.add_argument("--out", type=Path, help="where to write (default: the folder's onnx)")
    parser.add_argument("--float32", action="store_true", help="leave the products in float32")
    args = parser.parse_args()
    try:
        for path in write(args.folder, args.out, quantize=not args.float32):
            print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    except CheckpointError as error:
        sys.exit(f"to_onnx: {error}")


if __name__ == "__main__":
    main()
