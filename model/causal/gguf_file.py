"""A model in a GGUF file, through the package `gguf` of the format's own makers."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, cast

import numpy as np

from model.causal.config import PUBLISHED_TYPE, CausalConfig
from model.causal.gguf_tokenizer import tokenizer_json
from model.diffusion.sampler import Floats
from model.types import CheckpointError

FIELDS = {
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "rope_theta": "rope.freq_base",
    "max_position_embeddings": "context_length",
}
PARTS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
WHOLE = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
         "lm_head.weight": "output.weight"}  # fmt: skip
AGAIN = "fetch it again"


class GGUFFile:
    """A mapped GGUF file of the architecture qwen2."""

    def __init__(self, path: Path) -> None:
        """Reads the header; raises `CheckpointError`."""
        if importlib.util.find_spec("gguf") is None:
            raise CheckpointError(f"{path}: reading it needs the package gguf; pip install gguf")
        import gguf

        self.weights = path
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise CheckpointError(f"{path}: not a GGUF file")
        try:
            self._reader: Any = gguf.GGUFReader(path)
        except Exception as error:  # the reader meets the end of a file in many ways
            raise CheckpointError(f"{path}: cut short or damaged ({type(error).__name__}: {error}); {AGAIN}") from None
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}

    def _field(self, name: str) -> Any:
        """What the header says; raises `CheckpointError` where it says nothing."""
        field = self._reader.get_field(name)
        if field is None:
            raise CheckpointError(f"{self.weights}: its header has no {name}")
        return field.contents()

    def _number(self, name: str) -> Any:
        """A number of the header; one that was rounded to a float32 as it was meant, 1e-06 for 9.99999997e-07."""
        value = self._field(name)
        return float(f"{value:.7g}") if isinstance(value, float) else value

    @property
    def config(self) -> CausalConfig:
        if (kind := self._field("general.architecture")) != PUBLISHED_TYPE:
            raise CheckpointError(
                f"{self.weights}: a model of the architecture {kind!r}; only {PUBLISHED_TYPE!r} can be converted"
            )
        sizes: dict[str, Any] = {ours: self._number(f"{PUBLISHED_TYPE}.{theirs}") for ours, theirs in FIELDS.items()}
        n_ids = int(self._tensors["token_embd.weight"].shape[1]) if "token_embd.weight" in self._tensors else 0
        try:
            return CausalConfig(vocab_size=n_ids, **sizes)
        except ValueError as error:
            raise CheckpointError(f"{self.weights}: does not describe a causal model ({error})") from None

    def tensor(self, name: str) -> Floats:
        theirs = self._name_of(name)
        if theirs not in self._tensors:
            raise CheckpointError(f"{self.weights}: has no tensor {theirs}; the file is of another model or incomplete")
        import gguf

        tensor = self._tensors[theirs]
        try:
            array = gguf.dequantize(tensor.data, tensor.tensor_type)
        except (NotImplementedError, ValueError) as error:
            kind = tensor.tensor_type.name
            raise CheckpointError(f"{self.weights}: {theirs} is {kind}, which cannot be read ({error})") from None
        return cast("Floats", np.asarray(array, np.float32).reshape(tuple(int(n) for n in reversed(tensor.shape))))

    def _name_of(self, name: str) -> str:
        """What a tensor is called in the file.

        The embedding is the head. Files have it a second time as the head's, in more bits: that one is taken.
        """
        if name in WHOLE:
            both = name == "model.embed_tokens.weight" and "output.weight" in self._tensors
            return WHOLE["lm_head.weight"] if both else WHOLE[name]
        _, _, layer, rest = name.split(".", 3)
        part, _, kind = rest.rpartition(".")
        return f"blk.{layer}.{PARTS[part]}.{kind}"

    def tokenizer(self) -> str:
        names = ("model", "pre", "tokens", "token_type", "merges")
        fields = {name: self._field(f"tokenizer.ggml.{name}") for name in names}
        if (fields["model"], fields["pre"]) != ("gpt2", "qwen2"):
            kind = f"{fields['model']}, {fields['pre']}"
            raise CheckpointError(f"{self.weights}: has a tokenizer of the kind {kind}, not that of Qwen2")
        try:
            return tokenizer_json(fields["tokens"], fields["token_type"], fields["merges"])
        except Exception as error:  # the library raises bare Exception for every fault
            raise CheckpointError(f"{self.weights}: its tokenizer is damaged ({error}); {AGAIN}") from None

    def licence(self) -> str | None:
        return None
