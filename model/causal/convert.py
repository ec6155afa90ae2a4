"""From a published model to a folder of our own: weights in a file that is mapped, tokenizer, licence.

The folder appears whole or not at all; what a killed conversion leaves, the next one removes. Tensors are converted
one at a time: the largest, the embedding, decides how much memory that takes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from model.causal.blocks import to_blocks, to_columns
from model.causal.config import (
    BITS,
    MANIFEST,
    VERSION,
    WEIGHTS,
    CausalConfig,
    Format,
    Manifest,
)
from model.causal.graph_files import FOLDER, head_name, trunk_name
from model.causal.layout import (
    BIAS,
    CODES,
    DOWN,
    EMBEDDING,
    GATE,
    HEAD,
    HEAD_IDS,
    LAST_NORM,
    NORM1,
    NORM2,
    OUT,
    QKV,
    SCALES,
    UP,
    WEIGHT,
    all_specs,
    head_format,
    in_layer,
)
from model.causal.licence import write_licence
from model.causal.sources import Source, open_source, sha256_of
from model.causal.tensor_file import Array, write_tensors
from model.causal.unfinished import unfinished
from model.causal.written import usual_ids
from model.config import CAUSAL_TYPE
from model.diffusion.sampler import Floats, Ids
from model.types import CheckpointError

SPARE = 1.02  # times what is written: what must be free
PLACES = {OUT: "self_attn.o_proj", GATE: "mlp.gate_proj", UP: "mlp.up_proj", DOWN: "mlp.down_proj"}
NORMS = {NORM1: "input_layernorm", NORM2: "post_attention_layernorm"}

Tensors = Iterator[tuple[str, Array]]
OnPart = Callable[[int, int], None]  # tensors that are written, and of all of them


def convert(
    path: Path,
    folder: Path,
    kind: Format = "int8",
    sha256: str | None = None,
    on_part: OnPart | None = None,
    licence: str | None = None,
) -> Manifest:
    """Convert a GGUF file or a checkpoint folder into `folder`, which is replaced.

    `sha256` is what its weights must hash to, `licence` the SPDX identifier under which they are published. Raises
    `CheckpointError`, which names what is wrong and the remedy.
    """
    source = open_source(path)
    config, tokenizer = source.config, source.tokenizer()
    found = sha256_of(source.weights)
    if sha256 is not None and found != sha256:
        raise CheckpointError(f"{source.weights}: its SHA-256 is {found}, not {sha256}; fetch it again")
    ids = usual_ids(config)
    specs = all_specs(config, len(ids), kind)
    n_bytes = int(sum(spec.n_bytes for spec in specs) * SPARE)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(folder.parent).free) < n_bytes:
        raise CheckpointError(f"{folder}: needs {n_bytes / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free")
    with unfinished(folder) as temporary:
        new = temporary / folder.name
        new.mkdir()
        write_tensors(new / WEIGHTS, specs, counted(converted(source, ids, kind), len(specs), on_part))
        (new / "tokenizer.json").write_text(tokenizer, "utf-8")
        write_licence(new, source, path.name, found, licence)
        (new / "config.json").write_text(json.dumps(described(config), indent=1) + "\n")
        written = (new / WEIGHTS).stat().st_size
        manifest = Manifest(VERSION, kind, path.name, found, written, len(ids))
        (new / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        add_graphs(config, kind, len(ids), new)
        replace(new, folder)
    return manifest


def described(config: CausalConfig) -> dict[str, object]:
    """The config.json of a converted folder: the class's own, under a model type of ours."""
    return {
        "architectures": ["Qwen2ForCausalLM"],
        "tie_word_embeddings": True,
        **msgspec.structs.asdict(config),
        "model_type": CAUSAL_TYPE,
    }


def replace(new: Path, folder: Path) -> None:
    """Put a finished folder in its place."""
    if folder.exists():
        old = new.with_name(f"{folder.name}.old")
        os.rename(folder, old)
    os.rename(new, folder)


def add_graphs(config: CausalConfig, kind: Format, n_written: int, folder: Path) -> None:
    """Make the graphs of a size that does not ship; without the package `onnx` the loader says what is missing."""
    names = (trunk_name(config, kind), head_name(config, kind, n_written))
    if all((FOLDER / name).is_file() for name in names):
        return
    try:
        from model.causal.build_graphs import write_graphs
    except ImportError:
        raise CheckpointError(
            f"{folder.name}: no graphs ship for a model of this size ({config.shape_name}); making them needs onnx: "
            "pip install 'dg-lsp[train]'"
        ) from None
    write_graphs(config, kind, n_written, folder)


def counted(tensors: Tensors, n: int, on_part: OnPart | None) -> Tensors:
    """The same tensors [...], reported one by one."""
    for i, tensor in enumerate(tensors, 1):
        yield tensor
        if on_part is not None:
            on_part(i, n)


def converted(source: Source, head_ids: Ids, kind: Format) -> Tensors:
    """Every tensor [...] of a folder in the order of its file; `head_ids` [W] are the tokens that are written."""
    config = source.config
    yield HEAD_IDS, head_ids.astype(np.int64)
    embedding = checked(source, "model.embed_tokens.weight", (config.vocab_size, config.hidden_size))
    if kind == "float32":
        yield EMBEDDING + WEIGHT, embedding
    else:
        yield from packed(EMBEDDING, embedding, "blocks8")
    head = embedding[head_ids]
    del embedding
    for i in range(config.num_hidden_layers):
        yield from layer(source, i, kind)
    yield LAST_NORM, checked(source, "model.norm.weight", (config.hidden_size,))
    yield from packed(HEAD, head, head_format(kind))


def layer(source: Source, i: int, kind: Format) -> Tensors:
    """The tensors [...] of one layer."""
    config, before = source.config, f"model.layers.{i}"
    d, f, kv = config.hidden_size, config.intermediate_size, config.num_key_value_heads * config.head_dim
    heads = {"q": d, "k": kv, "v": kv}
    weights = [checked(source, f"{before}.self_attn.{x}_proj.weight", (n, d)) for x, n in heads.items()]
    yield from packed(in_layer(i, QKV), np.concatenate(weights), kind)
    shapes = {OUT: (d, d), GATE: (f, d), UP: (f, d), DOWN: (d, f)}
    for part, place in PLACES.items():
        yield from packed(in_layer(i, part), checked(source, f"{before}.{place}.weight", shapes[part]), kind)
    biases = [checked(source, f"{before}.self_attn.{x}_proj.bias", (n,)) for x, n in heads.items()]
    yield in_layer(i, QKV) + BIAS, np.concatenate(biases)
    for norm, place in NORMS.items():
        yield in_layer(i, norm), checked(source, f"{before}.{place}.weight", (d,))


def checked(source: Source, name: str, shape: tuple[int, ...]) -> Floats:
    """A tensor [...] of the shape that the sizes of its model demand."""
    tensor = source.tensor(name)
    if tensor.shape != shape:
        raise CheckpointError(f"{source.weights}: {name} is {list(tensor.shape)}, not {list(shape)}")
    return tensor


def packed(name: str, matrix: Floats, kind: Format) -> Tensors:
    """A matrix [R, K] as the format has it."""
    if kind == "float32":
        yield name + WEIGHT, np.ascontiguousarray(matrix.T)
        return
    if kind == "int8":
        codes, scales = to_columns(matrix)
        yield name + CODES, codes
        yield name + SCALES, scales
        return
    blocks = to_blocks(matrix, BITS[kind])
    yield name + CODES, blocks.codes
    yield name + SCALES, blocks.scales
