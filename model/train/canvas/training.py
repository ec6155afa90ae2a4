"""A run of training: the base from a converted folder, the adapter over it, and what is kept at the end."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

from model.causal.config import WEIGHTS
from model.causal.sessions import checked_folder
from model.causal.tokenizer import MIDDLE, PREFIX, SUFFIX, CausalTokenizer
from model.causal.torch_runtime import library_model
from model.checkpoint_path import fetched_folder
from model.config import DEFAULT_NAME
from model.train.canvas.adapter import Adapter, rank_of
from model.train.canvas.blocks import Marks
from model.train.canvas.loop import Check, Plan, learn, read_corpus
from model.train.canvas.objective import Learner
from model.train.canvas.state import Run

N_SCORED = 32_768  # tokens that count as targets: the commonest of the corpus


def usual_kind(device: str) -> torch.dtype:
    """Bfloat16 where it is multiplied as such, else float32."""
    flags = Path("/proc/cpuinfo")
    has = flags.exists() and "avx512_bf16" in flags.read_text()
    return torch.bfloat16 if device != "cpu" or has else torch.float32


def peak_flops(kind: torch.dtype, device: str) -> float:
    """Floating point operations a second of a large product: what the machine could do at best."""
    a = torch.ones(1024, 1024, dtype=kind, device=device)
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        float((a @ a)[0, 0])
        best = min(best, time.perf_counter() - started)
    return 2 * 1024**3 / best


def train(args: argparse.Namespace) -> None:
    """Train as the arguments say; raises `CheckpointError` and OSError for what cannot be read."""
    folder = args.base or fetched_folder(DEFAULT_NAME)
    if folder is None:
        sys.exit(f"no base: fetch one with `infill model fetch {DEFAULT_NAME}`, or name it with --base")
    checked, kind = checked_folder(folder), usual_kind(args.device)
    model = library_model(checked.config, checked.tensors, args.device, kind)
    checked.give_back()
    adapter = Adapter(model, args.rank or rank_of(args.start)).to(args.device)
    if args.rank is None:
        adapter.load(args.start)
    run = Run(adapter)
    args.run.mkdir(parents=True, exist_ok=True)
    state = args.run / "state.pt"
    if state.exists():
        run.load(state)
    corpus, tokenizer = read_corpus(args.data), CausalTokenizer.load(folder)
    counts = np.bincount(np.asarray(corpus.ids), minlength=checked.config.vocab_size)
    kept = np.argsort(-counts, kind="stable")[: min(N_SCORED, checked.config.vocab_size)].copy()
    learner, marks = Learner(model, adapter, torch.from_numpy(kept).to(args.device)), marks_of(tokenizer)
    n_weights = sum(p.numel() for name, p in model.named_parameters() if ".base." in name)
    plan = Plan(args.minutes, args.stage, state, args.anneal, flops_per_row=2.0 * n_weights,
                peak_flops=peak_flops(kind, args.device))  # fmt: skip
    last = learn(run, learner, corpus, marks, plan)
    if args.out is None:
        return
    if args.out.exists():
        own = [p.detach().clone() for p in adapter.trained()]
        adapter.load(args.out)
        there = Check(corpus, marks)(learner)
        for p, value in zip(adapter.trained(), own, strict=True):
            p.data.copy_(value)
        if float(str(there["held_out"])) <= float(str(last["held_out"])):
            print(f"{args.out}: kept, it is as good ({there}) as this one ({last})")
            return
    base = f"{folder.name}, {(folder / WEIGHTS).stat().st_size} bytes"
    adapter.save(args.out, steps=str(run.step), blocks=str(run.n_blocks), stage=args.stage, base=base)
    print(f"{args.out}: written")


def marks_of(tokenizer: CausalTokenizer) -> Marks:
    """The ids that lay a prompt out."""
    prefix, suffix, middle = (tokenizer.id_of(name) for name in (PREFIX, SUFFIX, MIDDLE))
    assert prefix is not None and suffix is not None and middle is not None  # or it could not have been loaded
    return Marks(prefix, suffix, middle)
