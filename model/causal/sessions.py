"""A converted folder's graphs, open in ONNX Runtime and bound to its mapped weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from model.causal.adapter import Adapter, graph_tensors
from model.causal.blocks import Blocks, from_blocks
from model.causal.config import WEIGHTS, CausalConfig, Manifest, read_config, read_manifest
from model.causal.graph_files import find_graph, head_name, trunk_name
from model.causal.layout import CODES, EMBEDDING, HEAD, HEAD_IDS, SCALES, WEIGHT, all_specs
from model.causal.tensor_file import AGAIN, Array, map_tensors
from model.diffusion.sampler import Floats, Ids
from model.hardware.threads import default_threads
from model.onnx.runtime import ort
from model.types import CheckpointError


class Embedding:
    """The rows of the mapped embedding, made floats when they are wanted."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        self._plain = tensors.get(EMBEDDING + WEIGHT)
        self._codes, self._scales = tensors.get(EMBEDDING + CODES), tensors.get(EMBEDDING + SCALES)

    def __call__(self, ids: Sequence[int] | Ids) -> Floats:
        """The rows [T, dim] of `ids` [T]."""
        at = np.asarray(ids, np.int64)
        if self._plain is not None:
            return self._plain[at]
        assert self._codes is not None and self._scales is not None
        return from_blocks(Blocks(self._codes[at], self._scales[at]))


class Opened(NamedTuple):
    """All of a converted folder; `tensors` must live as long as the sessions, which read some of them in place."""

    config: CausalConfig
    manifest: Manifest
    embedding: Embedding
    head_ids: Ids  # [W]
    trunk: ort.InferenceSession
    head: ort.InferenceSession
    tensors: Mapping[str, Array]
    adapter: Adapter | None = None  # where there are canvas rows too


class Checked(NamedTuple):
    """A converted folder whose file is what it says; `give_back` lets go of the memory that reading has taken."""

    config: CausalConfig
    manifest: Manifest
    tensors: Mapping[str, Array]  # [...] by name
    give_back: Callable[[], None]


def checked_folder(folder: Path) -> Checked:
    """A converted folder; raises `CheckpointError` for one that is damaged."""
    config, manifest = read_config(folder / "config.json"), read_manifest(folder)
    path = folder / WEIGHTS
    n_bytes = path.stat().st_size if path.is_file() else 0
    if n_bytes != manifest.weights_bytes:
        raise CheckpointError(f"{path}: {n_bytes} of {manifest.weights_bytes} bytes are there; {AGAIN}")
    tensors, give_back = map_tensors(path)
    for name, dtype, shape in all_specs(config, manifest.n_written, manifest.format):
        if name not in tensors or (tensors[name].dtype, tensors[name].shape) != (dtype, shape):
            raise CheckpointError(f"{path}: {name} is missing or of another shape than config.json says; {AGAIN}")
    return Checked(config, manifest, tensors, give_back)


def open_folder(folder: Path, n_threads: int | None = None, adapter: Adapter | None = None) -> Opened:
    """A converted folder, checked, with canvas rows where there is an adapter; raises `CheckpointError`."""
    config, manifest, tensors, give_back = checked_folder(folder)
    kind, n_written = manifest.format, manifest.n_written
    of_head = {name: tensor for name, tensor in tensors.items() if name.startswith(f"{HEAD}.") and name != HEAD_IDS}
    of_trunk = {name: t for name, t in tensors.items() if not name.startswith((EMBEDDING, HEAD))}
    rank = adapter.rank if adapter else 0
    of_trunk |= dict(graph_tensors(adapter, config, kind)) if adapter else {}
    trunk = open_graph(find_graph(trunk_name(config, kind, rank), folder), of_trunk, n_threads)
    head = open_graph(find_graph(head_name(config, kind, n_written), folder), of_head, n_threads)
    give_back()  # ONNX Runtime has its own copy by now, in the order in which it multiplies
    head_ids = cast("Ids", np.array(tensors[HEAD_IDS]))
    return Opened(config, manifest, Embedding(tensors), head_ids, trunk, head, tensors, adapter)


def open_graph(path: Path, weights: Mapping[str, Array], n_threads: int | None) -> ort.InferenceSession:
    """One graph with `weights` [...] in the place of its tensors; raises `CheckpointError`."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = n_threads or default_threads()
    # Threads that spin while they wait are fast alone and stall everything on a busy machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    options.add_external_initializers(list(weights), [ort.OrtValue.ortvalue_from_numpy(w) for w in weights.values()])
    try:
        return ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises its own kinds, without a common base
        raise CheckpointError(f"{path}: cannot be opened ({str(error).splitlines()[0]})") from None
