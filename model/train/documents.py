"""Documents of the corpus as JSON lines, written and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec


class Document(msgspec.Struct, frozen=True):
    """One source file of the corpus."""

    package: str
    path: str
    text: str


def write_documents(docs: Iterable[Document], path: Path) -> None:
    """Write JSON lines, whole or not at all."""
    part = path.with_suffix(".part")
    encoder = msgspec.json.Encoder()
    with part.open("wb") as f:
        for doc in docs:
            f.write(encoder.encode(doc) + b"\n")
    part.replace(path)


def read_documents(path: Path) -> Iterator[Document]:
    """Documents of a file written by `build`."""
    decoder = msgspec.json.Decoder(Document)
    with path.open("rb") as f:
        for line in f:
            yield decoder.decode(line)
