"""From a checkpoint folder to its network in ONNX Runtime: embeddings, and the graphs that belong to the weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import safetensors

from model.config import ONNX, WEIGHTS_HASH
from model.diffusion.sampler import Floats
from model.hardware.threads import default_threads
from model.onnx.network import OnnxNetwork
from model.onnx.runtime import ort
from model.types import CheckpointError

EMBEDDING = "model.decoder.embed_tokens.weight"
GRAPHS = ("trunk", "condition", "head")


def load_onnx_network(folder: Path, n_threads: int | None) -> OnnxNetwork:
    """The network of a folder with graphs; raises `CheckpointError`."""
    weights = folder / "model.safetensors"
    try:
        content = weights.read_bytes()
        tensors = dict(safetensors.deserialize(content))
        text_config = json.loads((folder / "config.json").read_bytes())["text_config"]
        embedding = float32(tensors[EMBEDDING]) * np.float32(text_config["hidden_size"] ** 0.5)
    except (OSError, safetensors.SafetensorError, KeyError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise CheckpointError(f"{weights}: cannot be read ({reason}); fetch the checkpoint again") from None
    text_config["n_parameters"] = sum(int(np.prod(t["shape"])) for t in tensors.values())
    expected = hashlib.sha256(content).hexdigest()
    sessions = {name: open_graph(folder / ONNX / f"{name}.onnx", expected, n_threads) for name in GRAPHS}
    return OnnxNetwork(sessions, embedding, text_config)


def open_graph(path: Path, weights_hash: str, n_threads: int | None) -> ort.InferenceSession:
    """One graph, if it was made from the weights of this hash."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = n_threads or default_threads()
    # Threads that spin while they wait are fast alone and stall everything on a busy machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises its own kinds, without a common base
        raise CheckpointError(f"{path}: cannot be opened ({str(error).splitlines()[0]}); fetch it again") from None
    made_from = session.get_modelmeta().custom_metadata_map.get(WEIGHTS_HASH)
    if made_from != weights_hash:
        remedy = f"run python -m model.train.to_onnx {path.parents[1]}"
        raise CheckpointError(f"{path}: made from other weights than model.safetensors; {remedy}")
    return session


def float32(tensor: dict[str, object]) -> Floats:
    """A stored tensor as float32 [...], of the shape that it states; bfloat16 is the upper half of one."""
    kind, shape, data = tensor["dtype"], tensor["shape"], tensor["data"]
    assert isinstance(data, (bytes, bytearray)) and isinstance(shape, list)
    if kind == "BF16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)
    if kind == "F32":
        return np.frombuffer(data, np.float32).reshape(shape)
    raise ValueError(f"embedding of type {kind}")
