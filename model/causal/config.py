"""What a causal model is: its sizes, and what its converted folder says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import msgspec

from model.config import CAUSAL_TYPE, unusable
from model.types import CheckpointError

PUBLISHED_TYPE = "qwen2"  # model_type of a published checkpoint
WEIGHTS = "weights.safetensors"
MANIFEST = "causal.json"
LICENCE = "LICENSE"
VERSION = 1  # of the form of the files; another one is converted anew

# How matrices are kept: as they are; in whole numbers with a scale for each output, activations with one for each
# row; or in blocks of 8 or 4 bits with a scale for each. README.md says how fast and how exact each is.
Format = Literal["float32", "int8", "blocks8", "blocks4"]
SHIPPED: tuple[Format, ...] = ("int8", "blocks8", "blocks4")  # there are graphs for these
BITS: dict[Format, int] = {"blocks8": 8, "blocks4": 4}
BLOCK = 32  # weights of a block


class CausalConfig(msgspec.Struct, frozen=True):
    """The sizes of a model, under the names that `transformers` uses."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    rms_norm_eps: float
    rope_theta: float
    max_position_embeddings: int

    def __post_init__(self) -> None:
        sizes = (self.vocab_size, self.num_hidden_layers, self.num_key_value_heads, self.max_position_embeddings)
        if min(*sizes, self.rms_norm_eps, self.rope_theta) <= 0:
            raise ValueError("a size that is not positive")
        if self.hidden_size % self.num_attention_heads or self.num_attention_heads % self.num_key_value_heads:
            raise ValueError("attention heads that do not divide the width, or key heads that do not divide them")
        if self.head_dim % 2 or self.hidden_size % BLOCK or self.intermediate_size % BLOCK:
            raise ValueError(f"a width that is no multiple of {BLOCK}, or an odd head")

    @property
    def head_dim(self) -> int:
        """Numbers in a key."""
        return self.hidden_size // self.num_attention_heads

    @property
    def heads_per_key(self) -> int:
        """Query heads that share a key head."""
        return self.num_attention_heads // self.num_key_value_heads

    @property
    def qkv_size(self) -> int:
        """Numbers in a token's queries, keys and values together."""
        return (self.num_attention_heads + 2 * self.num_key_value_heads) * self.head_dim

    @property
    def n_parameters(self) -> int:
        """Weights of the model; the head is the embedding."""
        d, f = self.hidden_size, self.intermediate_size
        layer = (d + 1) * self.qkv_size + d * d + 3 * d * f + 2 * d
        return self.vocab_size * d + self.num_hidden_layers * layer + d

    @property
    def shape_name(self) -> str:
        """What tells the graphs of one size from those of another."""
        heads = f"{self.num_attention_heads}-{self.num_key_value_heads}"
        sizes = f"{self.num_hidden_layers}x{self.hidden_size}x{self.intermediate_size}"
        return f"{sizes}-{heads}-{self.rms_norm_eps:.0e}"


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a converted folder holds and what it was made of."""

    version: int
    format: Format
    source: str  # name of the file or folder
    source_sha256: str  # of that file, or of the folder's weights
    weights_bytes: int
    n_written: int  # tokens that the head covers by itself


def read_config(path: Path) -> CausalConfig:
    """A checkpoint's config.json, published or converted; raises `CheckpointError`."""
    try:
        stated: dict[str, Any] = json.loads(path.read_bytes())
        kind = stated.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path}: cannot be read ({error})") from None
    if kind not in (PUBLISHED_TYPE, CAUSAL_TYPE):
        raise CheckpointError(f"{path}: model_type is {kind!r}; only {PUBLISHED_TYPE!r} can be converted")
    if stated.get("use_sliding_window"):
        raise CheckpointError(f"{path}: the model has a sliding window, which is not supported")
    if "rope_theta" not in stated and isinstance(rope := stated.get("rope_parameters"), dict):
        stated["rope_theta"] = rope.get("rope_theta")
    try:
        return msgspec.convert({k: stated[k] for k in CausalConfig.__struct_fields__}, CausalConfig, strict=False)
    except (KeyError, ValueError) as error:
        raise unusable(path, "causal model", error) from None


def read_manifest(folder: Path) -> Manifest:
    """What a converted folder says of itself; raises `CheckpointError`."""
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise CheckpointError(f"{path}: cannot be read ({error}); convert the model again") from None
    if manifest.version != VERSION:
        raise CheckpointError(f"{path}: of version {manifest.version}, not {VERSION}; convert the model again")
    return manifest
