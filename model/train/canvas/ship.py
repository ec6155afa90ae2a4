"""`python -m model.train.canvas.ship`: makes the file that the package ships of a trained adapter.

The file names its base by the hash of what that was converted from, so that no other model is drafted with.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from model.causal.adapter import BASE, FILE, write_adapter
from model.causal.config import read_manifest
from model.checkpoint_path import fetched_folder
from model.config import DEFAULT_NAME
from model.train.canvas.__main__ import SHIPPED
from model.train.canvas.adapter import MASK
from model.types import CheckpointError


def ship(trained: Path, base: Path, out: Path) -> int:
    """Write `out` from a trained adapter for a converted base; returns its bytes. Raises `CheckpointError`."""
    manifest = read_manifest(base)
    parts: dict[tuple[int, str], tuple[np.ndarray, np.ndarray]] = {}
    try:
        with safe_open(trained, "pt") as file:
            notes: dict[str, str] = file.metadata() or {}
            names = sorted(name for name in file.keys() if name.endswith(".a"))  # noqa: SIM118 (the library's own)
            for name in names:
                _, layer, share, _ = name.split(".")
                pair = (file.get_tensor(n).float().numpy() for n in (name, f"{name[:-1]}b"))
                a, b = (np.ascontiguousarray(x) for x in pair)
                parts[int(layer), share] = (a, b)
            mask = file.get_tensor(MASK).float().numpy()
    except (OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(f"{trained}: is no trained adapter ({str(error).splitlines()[0]})") from None
    said = {name: notes[name] for name in ("steps", "blocks", "stage") if name in notes}
    beside = out.with_suffix(".part")
    write_adapter(beside, mask, parts, **said, **{BASE: manifest.source_sha256, "licence": "Apache-2.0"})
    beside.replace(out)
    return out.stat().st_size


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m model.train.canvas.ship", description=__doc__)
    parser.add_argument("--trained", type=Path, default=SHIPPED, help="what the trainer wrote (default %(default)s)")
    parser.add_argument("--base", type=Path, help=f"converted folder (default: the fetched {DEFAULT_NAME})")
    parser.add_argument("--out", type=Path, default=FILE, help="default %(default)s")
    args = parser.parse_args()
    base = args.base or fetched_folder(DEFAULT_NAME)
    if base is None:
        parser.error(f"no base: fetch one with `infill model fetch {DEFAULT_NAME}`, or name it with --base")
    try:
        print(f"{args.out}: {ship(args.trained, base, args.out)} bytes")
    except (CheckpointError, OSError) as error:
        print(f"model.train.canvas.ship: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
