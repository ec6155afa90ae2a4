"""What a model is converted from: a GGUF file, or a checkpoint folder in safetensors. Tensors come one by one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from safetensors import SafetensorError, safe_open

from model.causal.config import CausalConfig, read_config
from model.diffusion.sampler import Floats
from model.types import CheckpointError

PIECE_BYTES = 1 << 23  # read at once for a checksum


class Source(Protocol):
    """A published model; tensors have the names that `transformers` gives them."""

    @property
    def config(self) -> CausalConfig: ...

    @property
    def weights(self) -> Path:
        """The file of the weights."""
        ...

    def tensor(self, name: str) -> Floats:
        """A tensor [...]; raises `CheckpointError` where it is missing or damaged."""
        ...

    def tokenizer(self) -> str:
        """The text of a tokenizer.json."""
        ...

    def licence(self) -> str | None:
        """The text of its licence, where it comes with one."""
        ...


class Folder:
    """A checkpoint folder with its weights in one file."""

    def __init__(self, folder: Path) -> None:
        """Reads nothing but names and sizes; raises `CheckpointError`."""
        self._folder = folder
        self.config = read_config(folder / "config.json")
        self.weights = folder / "model.safetensors"
        try:
            self._file: Any = safe_open(self.weights, framework="numpy")
            self._names = frozenset(self._file.keys())
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{self.weights}: cannot be read ({error}); fetch it again") from None

    def tensor(self, name: str) -> Floats:
        if name not in self._names:
            raise CheckpointError(f"{self.weights}: has no tensor {name}; the file is of another model or incomplete")
        part = self._file.get_slice(name)
        if part.get_dtype() == "BF16":
            return self._bfloat16(name, tuple(part.get_shape()))
        return cast("Floats", self._file.get_tensor(name).astype(np.float32))

    def _bfloat16(self, name: str, shape: tuple[int, ...]) -> Floats:
        """A tensor [...] in a type that numpy lacks: the upper half of a float32."""
        n = int.from_bytes(np.fromfile(self.weights, np.uint8, 8).tobytes(), "little")
        start, end = self._offsets(n)[name]
        halves = np.fromfile(self.weights, np.uint16, (end - start) // 2, offset=8 + n + start)
        return (halves.astype(np.uint32) << 16).view(np.float32).reshape(shape)

    def _offsets(self, n: int) -> dict[str, tuple[int, int]]:
        """Where each tensor's bytes begin and end behind a header of `n` bytes."""
        import json

        header = json.loads(np.fromfile(self.weights, np.uint8, n, offset=8).tobytes())
        return {name: tuple(stated["data_offsets"]) for name, stated in header.items() if name != "__metadata__"}

    def tokenizer(self) -> str:
        path = self._folder / "tokenizer.json"
        if not path.is_file():
            raise CheckpointError(f"{path}: missing; a checkpoint folder needs its tokenizer.json")
        return path.read_text("utf-8")

    def licence(self) -> str | None:
        path = self._folder / "LICENSE"
        return path.read_text("utf-8") if path.is_file() else None


def open_source(path: Path) -> Source:
    """A published model, by its file or folder; raises `CheckpointError`."""
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file")
    from model.causal.gguf_file import GGUFFile

    return GGUFFile(path)


def sha256_of(path: Path) -> str:
    """The checksum of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
