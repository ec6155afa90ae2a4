"""Quantized weights on disk, so that the second load reads them and computes nothing; `manifest.py` says of what."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model.types import CheckpointError, Quant
from model.weights.formats import FORMATS
from model.weights.manifest import AGAIN, MANIFEST, VERSION, File, Manifest, sha256_of
from model.weights.packing import Packed

FILE_BYTES = 1 << 30  # a file is closed once it has that many
CODES, SCALES = ".codes", ".scales"
COPIED = ("config.json", "generation_config.json", "infill.json", "tokenizer.json", "tokenizer_config.json",
          "vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json", "chat_template.jinja",
          "lengths.json")  # fmt: skip


def read_converted(folder: Path, manifest: Manifest, device: str) -> Iterator[tuple[str, Packed | Tensor]]:
    """Every tensor [...] of a converted folder with its name, on `device`; raises `CheckpointError` on damage."""
    for file in sorted(manifest.files):
        try:
            with safe_open(folder / file, framework="pt", device=device) as weights:
                for name in weights.keys():  # noqa: SIM118, not a dict
                    if name.endswith(CODES):
                        name = name.removesuffix(CODES)
                        codes, scales = weights.get_tensor(name + CODES), weights.get_tensor(name + SCALES)
                        yield name, Packed(FORMATS[manifest.formats[name]], codes, scales)
                    elif not name.endswith(SCALES):
                        yield name, weights.get_tensor(name)
        except (SafetensorError, OSError, KeyError) as error:
            raise CheckpointError(f"{folder / file}: damaged ({error}); {AGAIN}") from None


class Writer:
    """A converted folder in the making: everything goes to a folder beside it, which takes its place at the end."""

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        self._held: dict[str, Tensor] = {}
        self._formats: dict[str, Quant] = {}
        self._files: dict[str, File] = {}

    def add(self, name: str, weight: Packed | Tensor) -> None:
        """Take a tensor [...]; it is on disk at the latest when the folder is finished."""
        if isinstance(weight, Packed):
            self._formats[name] = weight.format.name
            self._held |= {name + CODES: weight.codes.cpu(), name + SCALES: weight.scales.cpu()}
        else:
            self._held[name] = weight.cpu()
        if sum(t.nbytes for t in self._held.values()) >= FILE_BYTES:
            self._flush()

    def finish(self, source: Path, quant: Quant, embedding: Quant, identity: str) -> None:
        """Write the rest and put the folder in its place."""
        self._flush()
        for name in COPIED:
            if (source / name).is_file():
                shutil.copyfile(source / name, self._making / name)
        manifest = Manifest(VERSION, quant, embedding, str(source), identity, self._formats, self._files)
        (self._making / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder)
        os.replace(self._making, self._folder)

    def close(self) -> None:
        """Leave nothing behind; after `finish` there is nothing to leave."""
        shutil.rmtree(self._making, ignore_errors=True)

    def _flush(self) -> None:
        if self._held:
            path = self._making / f"weights-{len(self._files):05}.safetensors"
            # Copies of their own: a slice of a larger storage would be written whole, shared ones are refused.
            save_file({name: t.clone() if t._is_view() else t for name, t in self._held.items()}, path)
            self._files[path.name] = File(path.stat().st_size, sha256_of(path))
            self._held = {}
