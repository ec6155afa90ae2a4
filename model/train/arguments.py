"""Train the embedded model: `python -m model.train --minutes 90`.

The same command on a GPU takes `--size base` and more documents a step. The learning rate follows the
clock, not a count of steps, so a run on a busy machine still ends fully annealed at the minute it was
given. State is saved every few minutes, at the end and on SIGTERM; `--resume` goes on from it. `--start
model/embedded` begins with the shipped weights where no state is at hand.
`--rehearse` runs every stage, from packages to a shipped folder, in minutes (rehearsal.py).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import torch

from model.train.network import NetworkConfig
from model.train.objective import Shape


class Size(msgspec.Struct, frozen=True):
    """Shapes that belong together: of the network, and of the examples it learns from."""

    network: NetworkConfig
    shape: Shape
    documents: int  # per step


SIZES = {
    "small": Size(NetworkConfig(), Shape(), 10),  # two CPU cores
    "base": Size(
        NetworkConfig(hidden_size=384, n_layers=7, n_heads=6, intermediate_size=1024, expert_size=128),
        Shape(prompt=448, far_suffix=96, canvases=5, canvas=64, buckets=(8, 16, 32, 48)),
        384,
    ),  # one large GPU
}


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m model.train", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("data/corpus"), help="folder written by corpus.py")
    parser.add_argument("--packages", nargs="+", help="of the corpus, learn from these alone (default: all)")
    parser.add_argument("--tokenizer", type=Path, default=Path("data/tokenizer"), help="folder with tokenizer.json")
    parser.add_argument("--run", type=Path, default=Path("runs/cpu"), help="folder for state and log")
    parser.add_argument("--minutes", type=float, default=90, help="stop, annealed and saved, after this long")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--batch", type=int, help="documents per step (default: the size's)")
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--adamw-lr", type=float, default=4e-3)
    parser.add_argument("--cooldown", type=float, default=0.6, help="share of the time in which the rate falls to 0")
    parser.add_argument("--ema", type=float, default=0.99, help="decay of the averaged weights per step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=2, help="of a training step on the CPU")
    parser.add_argument("--workers", type=int, default=0, help="processes that make examples")
    parser.add_argument("--compile", action="store_true", help="compile the layers (needs a C compiler)")
    first = parser.add_mutually_exclusive_group()
    first.add_argument("--resume", action="store_true", help="go on from the state in --run")
    first.add_argument("--start", type=Path, help="model folder whose weights to begin with")
    parser.add_argument("--rehearse", action="store_true", help="every stage from packages to a shipped folder, small")
    return parser.parse_args(argv)


def lacking(args: argparse.Namespace) -> str | None:
    """The first file that a run needs and does not have, with the remedy."""
    corpus = "`python -m model.train.corpus fetch`, then `build`"
    needs = {
        args.corpus / "train.jsonl": corpus,
        args.corpus / "heldout.jsonl": corpus,
        args.tokenizer / "tokenizer.json": "`python -m model.train.tokenizer`, or a model folder as --tokenizer",
    }
    if args.resume:
        needs[args.run / "state.pt"] = "a first run, without --resume"
    return next((f"{path}: missing; it takes {remedy}" for path, remedy in needs.items() if not path.is_file()), None)
