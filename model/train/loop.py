"""Train the embedded model: `python -m model.train --minutes 90`.

The same command on a GPU takes `--size base` and more documents a step. The learning rate follows the
clock, not a count of steps, so a run on a busy machine still ends fully annealed at the minute it was
given. State is saved every few minutes, at the end and on SIGTERM; `--resume` goes on from it. `--start
model/embedded` begins with the shipped weights where no state is at hand.
`--rehearse` runs every stage, from packages to a shipped folder, in minutes (rehearsal.py).
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from model.tokenize.tokenizer import TextTokenizer
from model.train.batches import Batch, loaded
from model.train.corpus import read_documents
from model.train.losses import evaluate, losses
from model.train.network import Network, NetworkConfig
from model.train.objective import Shape
from model.train.optimizer import optimizers
from model.types import CheckpointError

PEAK_FLOPS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "4090": 165e12}  # dense bfloat16, as specified
N_HELD_OUT = 6  # batches
LOG_EVERY, EVALUATE_EVERY, SAVE_EVERY_S = 20, 200, 120


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


class Training:
    """What learns, and how far it is."""

    def __init__(self, config: NetworkConfig, args: argparse.Namespace) -> None:
        self.net = Network(config)
        self.net.initialise(torch.Generator().manual_seed(args.seed))
        self.net.to(args.device)
        self.opts = optimizers(self.net, args.muon_lr, args.adamw_lr)
        self.base_lrs = [[g["lr"] for g in opt.param_groups] for opt in self.opts]
        self.averaged = {n: p.detach().clone() for n, p in self.net.named_parameters()}
        self.step = self.n_positions = 0
        self.minutes = 0.0

    def start(self, folder: Path) -> None:
        """Begin with a checkpoint's weights; raises `CheckpointError` where its shape is not the one asked for."""
        from model.train.checkpoint import network_from_folder  # brings onnx along

        net = network_from_folder(folder)
        if net.config != self.net.config:
            raise CheckpointError(f"{folder}: has {net.config}; --size asks for {self.net.config}")
        self.net.load_state_dict(net.state_dict())
        self.averaged = {n: p.detach().clone() for n, p in self.net.named_parameters()}

    def set_rate(self, rate: float) -> None:
        """Learning rates as a share of their highest."""
        for opt, lrs in zip(self.opts, self.base_lrs, strict=True):
            for group, lr in zip(opt.param_groups, lrs, strict=True):
                group["lr"] = lr * rate

    def learn(self, batch: Batch, self_condition: bool, ema: float) -> tuple[Tensor, Tensor]:
        """One step; the two losses [], still on the device."""
        device = batch.prompt.device.type
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            causal, hole = losses(self.net, batch, self_condition)
        (causal + hole).backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        for opt in self.opts:
            opt.step()
            opt.zero_grad(set_to_none=True)
        self.step += 1
        self.n_positions += batch.n_positions
        decay = min(ema, 1 - 1 / (self.step + 1))
        with torch.no_grad():
            for name, p in self.net.named_parameters():
                self.averaged[name].lerp_(p, 1 - decay)
        return causal.detach(), hole.detach()

    def check(self, held_out: list[Batch]) -> tuple[float, float]:
        """Held-out losses of the averaged weights."""
        raw = {n: p.detach().clone() for n, p in self.net.named_parameters()}
        self.net.load_state_dict(self.averaged)
        device = held_out[0].prompt.device.type
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            result = evaluate(self.net, held_out)
        self.net.load_state_dict(raw)
        return result

    def save(self, path: Path) -> None:
        """Everything `--resume` and `export.py` need, written whole or not at all."""
        part = path.with_suffix(".part")
        state = {"net": self.net.state_dict(), "averaged": self.averaged, "opts": [o.state_dict() for o in self.opts],
                 "step": self.step, "n_positions": self.n_positions, "minutes": self.minutes,
                 "config": msgspec.to_builtins(self.net.config)}  # fmt: skip
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path, device: str) -> None:
        """Go on from a saved state; one without optimisers (only weights were kept) starts them afresh."""
        saved = torch.load(path, weights_only=True, map_location=device)
        self.net.load_state_dict(saved["net"])
        self.averaged = {n: t.float() for n, t in saved["averaged"].items()}
        self.step, self.n_positions, self.minutes = saved["step"], saved["n_positions"], saved["minutes"]
        for opt, opt_state in zip(self.opts, saved.get("opts", []), strict="opts" in saved):
            opt.load_state_dict(opt_state)


def flops_per_position(config: NetworkConfig, n_context: int) -> float:
    """Multiply-adds of one position, forwards and backwards, as floating point operations."""
    matrices = sum(p.numel() for n, p in Network(config).named_parameters() if p.ndim == 2)
    attention = 2 * config.n_layers * config.n_heads * config.head_dim * n_context
    return 6 * (matrices + attention)


def report(training: Training, args: argparse.Namespace, row: dict[str, float], seconds: float, n: int) -> None:
    """Print and log one line; with the share of the device's peak where that is known."""
    row = {"step": training.step, "minutes": round(training.minutes, 2), "positions": training.n_positions, **row}
    row["positions_per_s"] = round(n / seconds)
    name = torch.cuda.get_device_name() if args.device.startswith("cuda") else ""
    peak = next((flops for key, flops in PEAK_FLOPS.items() if key in name), None)
    if peak is not None:
        shape = SIZES[args.size].shape
        row["mfu"] = round(flops_per_position(training.net.config, shape.prompt // 2) * n / seconds / peak, 3)
    line = msgspec.json.encode(row).decode()
    print(line, flush=True)
    with (args.run / "log.jsonl").open("a") as log:
        log.write(line + "\n")


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


def training_texts(path: Path, packages: Sequence[str] | None) -> list[str]:
    """The files of a corpus, or of some of its packages; ends with the names of those it does not have."""
    documents = list(read_documents(path))
    if packages is None:
        return [d.text for d in documents]
    if unknown := sorted(set(packages) - {d.package for d in documents}):
        sys.exit(f"model.train: --packages: {path} has nothing of {', '.join(unknown)}")
    return [d.text for d in documents if d.package in packages]


def prepared(args: argparse.Namespace) -> tuple[Training, Iterator[Batch], list[Batch]]:
    """What learns, from what, without end, and measured on what; raises `CheckpointError`."""
    size, device = SIZES[args.size], torch.device(args.device)
    tokenizer = TextTokenizer.load(args.tokenizer)
    training = Training(msgspec.structs.replace(size.network, vocab_size=tokenizer.vocab_size), args)
    if args.resume:
        training.load(args.run / "state.pt", args.device)
    elif args.start is not None:
        training.start(args.start)
    if args.compile:
        training.net.encode = torch.compile(training.net.encode)
        training.net.decode = torch.compile(training.net.decode)

    texts = training_texts(args.corpus / "train.jsonl", args.packages)
    n_docs = args.batch or size.documents
    seed = args.seed + int(time.time()) * args.resume  # another run sees other examples
    source = loaded(texts, tokenizer, size.shape, n_docs, seed, args.workers)
    held_texts = [d.text for d in read_documents(args.corpus / "heldout.jsonl")]
    checks = loaded(held_texts, tokenizer, size.shape, min(n_docs, 64), 1)
    print(f"{sum(p.numel() for p in training.net.parameters()) / 1e6:.2f}M parameters, {len(texts)} files, "
          f"{sum(map(len, texts)) / 1e6:.0f}M characters", flush=True)  # fmt: skip
    return training, source, [next(checks).on(device) for _ in range(N_HELD_OUT)]


def learn(training: Training, args: argparse.Namespace, source: Iterator[Batch], held_out: list[Batch]) -> None:
    """Steps until the minutes are over or SIGTERM comes, logged and saved on the way and at the end."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    start = last_save = last_log = time.monotonic()
    minutes_before, first_step, n_logged = training.minutes, training.step, training.n_positions
    device, state_path = torch.device(args.device), args.run / "state.pt"
    coin = random.Random(args.seed + training.step)
    window: list[Tensor] = []
    while not stop.is_set() and (progress := (time.monotonic() - start) / 60 / args.minutes) < 1:
        rate = min(1.0, (training.step - first_step + 1) / 40) * min(1.0, (1 - progress) / args.cooldown)
        training.set_rate(rate)
        window.append(torch.stack(training.learn(next(source).on(device), coin.random() < 0.5, args.ema)))
        training.minutes = minutes_before + (time.monotonic() - start) / 60
        if training.step % LOG_EVERY == 0:
            causal, hole = torch.stack(window).mean(0).tolist()  # waits for the device
            now, n = time.monotonic(), training.n_positions - n_logged
            row = {"causal": round(causal, 4), "hole": round(hole, 4), "rate": round(rate, 3)}
            if training.step % EVALUATE_EVERY == 0:
                row["heldout_causal"], row["heldout_hole"] = (round(x, 4) for x in training.check(held_out))
            report(training, args, row, now - last_log, n)
            window.clear()
            last_log, n_logged = time.monotonic(), training.n_positions
        if time.monotonic() - last_save > SAVE_EVERY_S:
            training.save(state_path)
            last_save = time.monotonic()
    training.save(state_path)


def main(argv: list[str] | None = None) -> None:
    args = arguments(argv)
    if (message := lacking(args)) is not None:
        sys.exit(f"model.train: {message}")
    args.run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.set_float32_matmul_precision("high")
    torch.manual_seed(args.seed)
    try:
        training, source, held_out = prepared(args)
    except CheckpointError as error:
        sys.exit(f"model.train: {error}")
    learn(training, args, source, held_out)
    causal, hole = training.check(held_out)
    print(f"{training.step} steps, {training.n_positions / 1e6:.1f}M positions, {training.minutes:.1f} minutes; "
          f"held out: causal {causal:.3f}, hole {hole:.3f} nats per token", flush=True)  # fmt: skip
