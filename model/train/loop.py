"""The training loop: steps until the time is over, logged, measured and saved on the way."""

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
from model.train.arguments import SIZES, arguments, lacking
from model.train.batches import Batch, loaded
from model.train.documents import read_documents
from model.train.network import Network, NetworkConfig
from model.train.training import Training
from model.types import CheckpointError

PEAK_FLOPS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "4090": 165e12}  # dense bfloat16, as specified
N_HELD_OUT = 6  # batches
LOG_EVERY, EVALUATE_EVERY, SAVE_EVERY_S = 20, 200, 120


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
