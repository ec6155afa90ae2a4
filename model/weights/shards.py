"""The safetensors files of a checkpoint folder, checked against the published layout before anything is loaded.

Opening a file reads its header only, and already tells whether the file is as long as its header says. What
is wrong is named in one line: the file or the tensor, and what to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from model.types import CheckpointError
from model.weights.layout import ENCODER, VISION, Shape

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
DTYPES = ("BF16", "F16", "F32")
AGAIN = "fetch it again"


class Shards:
    """The tensors of a folder by name, each in one of its files."""

    def __init__(self, folder: Path) -> None:
        """Find the files; raises `CheckpointError` where one is missing or cut short."""
        self.folder = folder
        self._file_of = _files(folder)
        self._shapes: dict[str, Shape] = {}
        self._dtypes: dict[str, str] = {}
        for file in self.files:
            with _opened(file, "numpy") as shard:
                for name in shard.keys():  # noqa: SIM118, not a dict
                    if self._file_of.setdefault(name, file) == file:
                        part = shard.get_slice(name)
                        self._shapes[name], self._dtypes[name] = tuple(part.get_shape()), part.get_dtype()

    @property
    def files(self) -> list[Path]:
        """Every file once, in the order of its name."""
        return sorted(set(self._file_of.values()))

    @property
    def n_bytes(self) -> int:
        """What is on disk."""
        return sum(file.stat().st_size for file in self.files)

    @property
    def dtypes(self) -> set[str]:
        """What the weights are stored in, as safetensors names it."""
        return set(self._dtypes.values())

    def check(self, expected: Mapping[str, Shape]) -> None:
        """Refuse a checkpoint that lacks one of these tensors, or has one of another shape or dtype."""
        missing = [name for name in expected if name not in self._shapes]
        if missing:
            unknown = sorted(n for n in self._shapes if n not in expected and not _is_left_out(n))
            named = self._file_of.get(missing[0])
            where = f"{named.name} has no tensor" if named else "there is no tensor"
            instead = f"; {unknown[0]} is not one of this model's" if unknown else ""
            raise CheckpointError(
                f"{self.folder}: {where} {missing[0]}, {len(missing)} missing in all{instead}; "
                "the folder belongs to another model or is incomplete: fetch it again"
            )
        for name, shape in expected.items():
            file = self._file_of[name].name
            if self._shapes[name] != shape:
                raise CheckpointError(
                    f"{self.folder}: {name} in {file} is {list(self._shapes[name])}, but config.json makes it "
                    f"{list(shape)}; they do not belong together"
                )
            if self._dtypes[name] not in DTYPES:
                raise CheckpointError(
                    f"{self.folder}: {name} in {file} is {self._dtypes[name]}, not one of {', '.join(DTYPES)}; "
                    "take the unquantized checkpoint: it is quantized when it is loaded"
                )

    def read(self, names: Mapping[str, Shape], device: str) -> Iterator[tuple[str, Any]]:
        """Those tensors one after the other (torch, on `device`), file by file so that each is opened once."""
        for file in self.files:
            with _opened(file, "pt", device) as shard:
                for name in names:
                    if self._file_of[name] == file:
                        try:
                            yield name, shard.get_tensor(name)
                        except (SafetensorError, OSError) as error:
                            raise CheckpointError(f"{file}: {name} cannot be read ({error}); {AGAIN}") from None


def _is_left_out(name: str) -> bool:
    """Tensors that are not read: the vision tower's, and the encoder's where they are written a second time."""
    return VISION.match(name) is not None or name.startswith(ENCODER) or name == "lm_head.weight"


def weight_files(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the files that the text weights are in, and of those that hold nothing but the vision tower."""
    index = folder / INDEX
    if not index.is_file():
        return [SINGLE], []
    file_of = _indexed(index)
    needed = {path.name for name, path in file_of.items() if not VISION.match(name)}
    return sorted(needed), sorted({path.name for path in file_of.values()} - needed)


def _indexed(index: Path) -> dict[str, Path]:
    """The file of each tensor as an index has it."""
    try:
        weight_map: dict[str, str] = json.loads(index.read_bytes())["weight_map"]
        return {name: index.with_name(Path(file).name) for name, file in weight_map.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{index}: not an index of weights ({error}); {AGAIN}") from None


def _files(folder: Path) -> dict[str, Path]:
    """The file of each tensor; the vision tower's may be missing, since they are not read."""
    index = folder / INDEX
    if not index.is_file():
        single = folder / SINGLE
        if not single.is_file():
            raise CheckpointError(f"{folder}: neither {INDEX} nor {SINGLE}; fetch the checkpoint again")
        return {name: single for name in _names(single)}
    names = {name: file for name, file in _indexed(index).items() if not VISION.match(name)}
    files = sorted(set(names.values()))
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise CheckpointError(f"{folder}: {missing[0]} is missing, {len(missing)} of {len(files)} shards; {AGAIN}")
    return names


def _names(file: Path) -> list[str]:
    with _opened(file, "numpy") as shard:
        return list(shard.keys())


def _opened(file: Path, framework: str, device: str = "cpu") -> Any:
    """A file with its header read, which says whether anything of it is missing."""
    with file.open("rb") as stream:
        if stream.read(7) == b"version":
            raise CheckpointError(f"{file}: a Git LFS pointer, not weights; git lfs pull")
    try:
        return safe_open(file, framework=framework, device=device)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{file}: cut short or damaged ({error}); {AGAIN}") from None
