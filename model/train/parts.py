"""Carry a large file through small openings: `python -m model.train.parts split FILE OUT --mib 15`, then `join`.

`split` compresses and cuts; `join` puts the parts together again and compares the hash, so that a lost or
old part is noticed. The corpus goes to a training machine this way and weights come back.
"""

from __future__ import annotations

import argparse
import hashlib
import lzma
import sys
from pathlib import Path

CHUNK = 1 << 20


def split(source: Path, out: Path, mib: float, preset: int = 6) -> list[Path]:
    """Parts of the compressed file, each at most `mib` MiB; the hash of the content is in their names."""
    out.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    compressed = lzma.compress(source.read_bytes(), preset=preset)
    size = int(mib * (1 << 20))
    pieces = [compressed[i : i + size] for i in range(0, len(compressed), size)]
    paths = [out / f"{source.name}.{digest}.{i + 1}-of-{len(pieces)}" for i in range(len(pieces))]
    for path, piece in zip(paths, pieces, strict=True):
        path.write_bytes(piece)
    return paths


def join(folder: Path, target: Path) -> None:
    """The file again, written whole or not at all; raises `ValueError` naming what is missing or wrong."""
    found = sorted(folder.glob(f"{target.name}.*-of-*"), key=lambda p: int(p.suffix[1:].split("-")[0]))
    if not found:
        raise ValueError(f"{folder}: no parts of {target.name}")
    digests, n_parts = {p.name.split(".")[-2] for p in found}, int(found[0].name.rpartition("-")[2])
    if len(digests) != 1 or len(found) != n_parts:
        raise ValueError(f"{folder}: {len(found)} of {n_parts} parts of {target.name}, of {len(digests)} versions")
    content = lzma.decompress(b"".join(p.read_bytes() for p in found))
    if hashlib.sha256(content).hexdigest()[:16] != digests.pop():
        raise ValueError(f"{folder}: the parts of {target.name} do not give what was split; send them again")
    part = target.with_name(target.name + ".part")
    part.write_bytes(content)
    part.replace(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["split", "join"])
    parser.add_argument("source", type=Path, help="the file to split, or the folder of parts")
    parser.add_argument("out", type=Path, help="the folder for the parts, or the file to write")
    parser.add_argument("--mib", type=float, default=15, help="largest part")
    args = parser.parse_args()
    if args.step == "split":
        for path in split(args.source, args.out, args.mib):
            print(f"{path}: {path.stat().st_size / (1 << 20):.1f} MiB")
        return
    try:
        join(args.source, args.out)
    except ValueError as error:
        sys.exit(f"parts: {error}")


if __name__ == "__main__":
    main()
