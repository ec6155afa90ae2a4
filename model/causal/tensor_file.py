"""One safetensors file: written tensor by tensor, read by mapping it into memory.

The library's own writer wants all tensors at once and its reader copies them; a model's are half a gigabyte.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from model.types import CheckpointError

DTYPES: dict[str, type] = {"U8": np.uint8, "I8": np.int8, "F32": np.float32, "I64": np.int64}
CODES = {np.dtype(kind): code for code, kind in DTYPES.items()}
ALIGNMENT = 64  # bytes, of the first tensor; every tensor is a multiple of four bytes long
NOTES = "__metadata__"  # the format's own name
AGAIN = "convert the model again"

Array = np.ndarray[Any, Any]


class Spec(NamedTuple):
    """A tensor that is to be written."""

    name: str
    dtype: type
    shape: tuple[int, ...]

    @property
    def n_bytes(self) -> int:
        """Its length in the file."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize


def write_tensors(
    path: Path, specs: Iterable[Spec], arrays: Iterable[tuple[str, Array]], notes: Mapping[str, str] | None = None
) -> None:
    """Write `arrays` [...], which come in the order of `specs`; raises OSError, and ValueError for another order."""
    specs = list(specs)
    header: dict[str, object] = {NOTES: dict(notes)} if notes else {}
    end = 0
    for spec in specs:
        offsets = [end, end := end + spec.n_bytes]
        header[spec.name] = {"dtype": CODES[np.dtype(spec.dtype)], "shape": spec.shape, "data_offsets": offsets}
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % ALIGNMENT)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for spec, (name, array) in zip(specs, arrays, strict=True):
            if (name, array.dtype, array.shape) != (spec.name, spec.dtype, spec.shape):
                raise ValueError(f"{name} is {array.dtype} {array.shape}, not {spec}")
            np.ascontiguousarray(array).tofile(file)
        file.flush()
        os.fsync(file.fileno())


def map_tensors(path: Path) -> tuple[Mapping[str, Array], Callable[[], None]]:
    """Every tensor [...] by name, mapped: read from disk when it is used; and what gives that memory back.

    Raises `CheckpointError`.
    """
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        data = np.frombuffer(mapped, np.uint8)
        n = int.from_bytes(data[:8].tobytes(), "little")
        header: dict[str, Any] = json.loads(data[8 : 8 + n].tobytes())
        header.pop(NOTES, None)
        body = data[8 + n :]
        found: dict[str, Array] = {}
        for name, stated in header.items():
            start, end = stated["data_offsets"]
            if end > len(body):
                raise ValueError("cut short")
            found[name] = body[start:end].view(DTYPES[stated["dtype"]]).reshape(stated["shape"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: cannot be read ({type(error).__name__}: {error}); {AGAIN}") from None
    return found, lambda: release(mapped)


def read_notes(path: Path) -> dict[str, str]:
    """What a file that can be mapped says of itself beside its tensors."""
    with path.open("rb") as file:
        header: dict[str, Any] = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return header.get(NOTES, {})


def release(mapped: mmap.mmap) -> None:
    """Give back the memory of what was read of a mapped file; what is wanted again is read again."""
    if hasattr(mmap, "MADV_DONTNEED"):  # not on Windows, which takes such memory back by itself
        mapped.madvise(mmap.MADV_DONTNEED)
