"""The runtimes that are compared: what each is called, reads and needs, and how its network is opened.

All give `model.diffusion.network.Network`, so everything else measures them alike. The graphs that are not shipped
are written to a scratch folder first (`write_graphs`).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from unittest import mock

import msgspec

from model.config import EMBEDDED, ONNX, read_infill_config
from model.types import ModelSpec

if TYPE_CHECKING:
    from model.diffusion.network import Network
    from model.engine.engine import DiffusionEngine
    from model.onnx.network import OnnxNetwork
    from model.torch.network import TorchNetwork
    from tests.bench.cpu.floor import Arithmetic

Folder = Literal["embedded", "float32", "library-int8"]  # which weights or graphs are read
TOKENS = ("numpy", "safetensors", "tokenizers", "msgspec", "psutil")  # what every runtime's path here imports
TORCH = ("torch", "transformers", *TOKENS)


class Runtime(msgspec.Struct, frozen=True):
    """One way to compute the network on a CPU."""

    key: str
    label: str
    arithmetic: Arithmetic  # of products with weights: which rate is its floor
    folder: Folder
    needs: tuple[str, ...]  # distributions, without what those need
    compiled: bool = False  # every shape costs seconds before its first pass
    note: str = ""


FIRST, SHIPPED = "torch", "ort-int8"  # what the speed-ups are over, and what users get
LEFT_ALONE = "torchao replaces nn.Linear only: the experts' 3-D weights and the soft embeddings stay in float32"
RUNTIMES = (
    Runtime(FIRST, "torch eager float32", "float32", "embedded", TORCH),
    Runtime("torch-compiled", "torch compiled float32", "float32", "embedded", TORCH, compiled=True),
    Runtime("torchao", "torchao int8, eager", "int8", "embedded", ("torchao", *TORCH), note=LEFT_ALONE),
    Runtime("torchao-compiled", "torchao int8, compiled", "int8", "embedded", ("torchao", *TORCH), compiled=True),
    Runtime("ort-float32", "ONNX Runtime float32", "float32", "float32", ("onnxruntime", *TOKENS)),
    Runtime("ort-library-int8", "ONNX Runtime, its own dynamic int8", "int8", "library-int8", ("onnxruntime", *TOKENS)),
    Runtime(SHIPPED, "ONNX Runtime int8, as shipped", "int8", "embedded", ("onnxruntime", *TOKENS)),
    Runtime("openvino-float32", "OpenVINO float32", "float32", "float32", ("openvino", *TOKENS)),
    Runtime("openvino-bfloat16", "OpenVINO bfloat16", "bfloat16", "float32", ("openvino", *TOKENS)),
)
BY_KEY = {runtime.key: runtime for runtime in RUNTIMES}


def folder_of(runtime: Runtime, scratch: str) -> Path:
    """Where the runtime's weights are."""
    return EMBEDDED if runtime.folder == "embedded" else Path(scratch) / runtime.folder


def open_network(key: str, scratch: str, n_threads: int | None) -> Network:
    """The network in this runtime; raises whatever its library raises."""
    runtime = BY_KEY[key]
    folder = folder_of(runtime, scratch)
    if key.startswith("openvino"):
        return open_openvino(folder, n_threads, {"float32": "f32", "bfloat16": "bf16"}[runtime.arithmetic])
    if key.startswith("torch"):
        return open_torch(folder, n_threads, in_int8=key.startswith("torchao"), compiled=runtime.compiled)
    from model.onnx.load import load_onnx_network

    return load_onnx_network(folder, n_threads)


def open_engine(key: str, scratch: str, n_threads: int | None) -> DiffusionEngine:
    """An engine over the runtime's network, with the embedded model's settings and the sampler of fills."""
    network = open_network(key, scratch, n_threads)
    from model.engine.engine import DiffusionEngine
    from model.tokenize.tokenizer import TextTokenizer

    return DiffusionEngine(network, TextTokenizer.load(EMBEDDED), read_infill_config(EMBEDDED), None)


def open_torch(folder: Path, n_threads: int | None, in_int8: bool, compiled: bool) -> TorchNetwork:
    """The class as this project runs it with torch, or changed as asked."""
    if not in_int8:
        sys.modules["torchao"] = None  # type: ignore[assignment]  # transformers imports it wherever it is installed
    from model.torch.load import load_torch_network

    network = load_torch_network(folder, ModelSpec(device="cpu", threads=n_threads))
    if in_int8:
        from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

        # the encoder's are the same modules, and a module that is met twice is quantized twice
        quantize_(network.network.model.decoder, Int8DynamicActivationInt8WeightConfig())
    if compiled:
        import torch

        from model.torch import forward as torch_pass

        torch_pass.last_hidden = torch.compile(torch_pass.last_hidden)
    return network


def open_openvino(folder: Path, n_threads: int | None, precision: str) -> OnnxNetwork:
    """Our own network over graphs that OpenVINO runs in place of ONNX Runtime."""
    import openvino

    from model.hardware.threads import default_threads
    from model.onnx import load as onnx_load

    core = openvino.Core()
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise RuntimeError("not on this processor: no bfloat16 arithmetic")
    config = {
        "INFERENCE_NUM_THREADS": n_threads or default_threads(),
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
    }

    def open_graph(path: Path, *_: object) -> OpenVinoSession:
        return OpenVinoSession(core.compile_model(core.read_model(path), "CPU", config))

    with mock.patch.object(onnx_load, "open_graph", open_graph):
        return onnx_load.load_onnx_network(folder, n_threads)


class OpenVinoSession:
    """As much of `onnxruntime.InferenceSession` as our network calls."""

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        self._outputs = compiled.outputs

    def get_outputs(self) -> list[Output]:
        """The graph's outputs in order."""
        return [Output(port.any_name) for port in self._outputs]

    def run(self, outputs: list[str] | None, inputs: dict[str, Any], _options: object = None) -> list[Any]:
        """Arrays of the named outputs; the next run overwrites the request's own, so they are copies."""
        results = self._request.infer(inputs, share_inputs=True, share_outputs=True)
        wanted = outputs or [port.any_name for port in self._outputs]
        return [results[name].copy() for name in wanted]


class Output(msgspec.Struct, frozen=True):
    """An output's name, where ONNX Runtime has it."""

    name: str


def write_graphs(scratch: str) -> dict[str, str]:
    """Job: float32 graphs of the embedded model, and those as ONNX Runtime's own tool quantizes them."""
    from onnxruntime.quantization import quantize_dynamic

    from model.train.to_onnx import write

    folders = {name: Path(scratch) / name for name in ("float32", "library-int8")}
    for folder in folders.values():
        shutil.copytree(EMBEDDED, folder, ignore=shutil.ignore_patterns(ONNX))
        (folder / ONNX).mkdir()
    written = write(folders["float32"], folders["float32"] / ONNX, quantize=False)
    for path in written:
        to = folders["library-int8"] / ONNX / path.name
        quantize_dynamic(path, to, per_channel=True, reduce_range=True)
    return {name: str(folder) for name, folder in folders.items()}
