"""From a training run to a checkpoint folder that the transformers class loads.

Weights are the averaged ones, in bfloat16: half the download, and rounding them changed no draft that
we looked at. Files are written beside the old ones and then put in their place.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from model.config import EMBEDDED
from model.tokenize.tokenizer import TextTokenizer
from model.train.checkpoint import class_config, class_weights, network_from_folder
from model.train.network import NetworkConfig
from model.types import CheckpointError


def export(weights: dict[str, Tensor], config: NetworkConfig, tokenizer_folder: Path, out: Path) -> None:
    """Write config, weights [...] and tokenizer to `out`; `infill.json` and the card there are left alone."""
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = TextTokenizer.load(tokenizer_folder)
    ids = tokenizer.pad_id, tokenizer.eos_id, tokenizer.bos_id
    (out / "config.json").write_text(json.dumps(class_config(config, *ids), indent=1) + "\n")
    part = out / "model.part"
    save_file(class_weights(weights, config), part, metadata={"format": "pt"})
    part.replace(out / "model.safetensors")
    if tokenizer_folder.resolve() != out.resolve():
        shutil.copyfile(tokenizer_folder / "tokenizer.json", out / "tokenizer.json")


def mean_with(weights: dict[str, Tensor], config: NetworkConfig, folders: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of these weights [...] and those of checkpoints; raises `CheckpointError` where one is of another shape.

    Runs that began at one state and ended with a falling rate lie in one valley: their mean is better than either
    (model soups, Wortsman et al. 2022).
    """
    others: list[dict[str, Tensor]] = []
    for folder in folders:
        net = network_from_folder(folder)
        if net.config != config:
            raise CheckpointError(f"{folder}: has {net.config}; the run has {config}")
        others.append(net.state_dict())
    return {name: torch.stack([w.float(), *(o[name] for o in others)]).mean(0) for name, w in weights.items()}


def run(state_path: Path, tokenizer_folder: Path, out: Path, others: Sequence[Path] = ()) -> None:
    """Export the averaged weights of a saved training state, or their mean with those of other checkpoints."""
    state = torch.load(state_path, weights_only=True, map_location="cpu")
    config = NetworkConfig(**state["config"])
    export(mean_with(state["averaged"], config, others), config, tokenizer_folder, out)
    print(f"{out}: {state['step']} steps, {state['n_positions'] / 1e6:.1f}M positions")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/cpu"))
    parser.add_argument("--tokenizer", type=Path, default=Path("data/tokenizer"))
    parser.add_argument("--out", type=Path, default=EMBEDDED)
    parser.add_argument("--mean-with", type=Path, nargs="+", default=[], help="checkpoints to average the weights with")
    args = parser.parse_args()
    try:
        run(args.run / "state.pt", args.tokenizer, args.out, args.mean_with)
    except CheckpointError as error:
        sys.exit(f"export: {error}")


if __name__ == "__main__":
    main()
