"""`python -m model.train.canvas`: trains the canvas adapter beside other work; --rehearse does every stage small.

It is polite (the lowest priority, `--threads` of its own) and saves itself every ten minutes; started again with the
same --run it goes on. `--out` writes the adapter when the minutes are over, but only where it is better on held-out
files than the one that it would replace.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import torch

from model.config import DEFAULT_NAME
from model.train.canvas.blocks import STAGES
from model.train.canvas.training import train
from model.types import CheckpointError

HERE = Path(__file__).parent
SHIPPED = HERE / "adapter.safetensors"


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m model.train.canvas", description=__doc__)
    parser.add_argument("--rehearse", action="store_true", help="every stage with a tiny random base, in a minute")
    parser.add_argument("--minutes", type=float, default=60, help="how long to train (default %(default)s)")
    parser.add_argument("--stage", choices=STAGES, default="masked", help="what blocks are like (default %(default)s)")
    parser.add_argument("--base", type=Path, help=f"converted folder (default: the fetched {DEFAULT_NAME})")
    parser.add_argument("--data", type=Path, default=Path("data/canvas"), help="what `corpus build` wrote")
    parser.add_argument("--run", type=Path, default=Path("data/canvas/run"), help="folder of the run's state and log")
    parser.add_argument("--start", type=Path, default=SHIPPED, help="adapter to start from (default: the shipped one)")
    parser.add_argument("--rank", type=int, help="begin with an adapter of this rank that says nothing yet")
    parser.add_argument("--out", type=Path, help="where to write the adapter at the end, if it is better")
    parser.add_argument("--anneal", action="store_true", help="let the rate fall to nothing: for a state that ships")
    parser.add_argument("--threads", type=int, default=1, help="of the processor (default %(default)s)")
    parser.add_argument("--device", default="cpu", help="torch device (default %(default)s)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    args = arguments(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    try:
        if args.rehearse:
            from model.train.canvas.rehearsal import rehearse

            rehearse(arguments)
        else:
            train(args)
    except (CheckpointError, OSError, ValueError) as error:
        print(f"model.train.canvas: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(19)
    sys.exit(main())
