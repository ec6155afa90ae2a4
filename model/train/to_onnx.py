"""Graphs of a checkpoint for ONNX Runtime: `python -m model.train.to_onnx [FOLDER]` writes FOLDER/onnx.

Three graphs, `condition`, `trunk` and `head` (onnx_modules.py), with their matrix products in integers
(onnx_integers.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from model.config import EMBEDDED, ONNX, WEIGHTS_HASH
from model.train.checkpoint import network_from_folder
from model.train.network import Network
from model.train.onnx_integers import in_integers
from model.train.onnx_modules import Condition, Head, Trunk
from model.types import CheckpointError
from model.weights.manifest import sha256_of

OPSET = 23  # the first with RMSNormalization


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
