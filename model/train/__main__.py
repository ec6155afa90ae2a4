"""Train the embedded model: `python -m model.train --minutes 90`. Reads top to bottom in `main`.

The learning rate follows the clock, not a count of steps, so a run on a busy machine still ends fully
annealed at the minute it was given. State is saved every few minutes and on SIGTERM; `--resume` goes on.
"""

from __future__ import annotations

import argparse
import os
import queue
import random
import signal
import sys
import threading
import time
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from model.tokenizer import TextTokenizer
from model.train.corpus import read_documents
from model.train.network import Network, NetworkConfig
from model.train.objective import Example, Sampler, Shape, noise_times, noised
from model.train.optimizer import optimizers

# glibc gives every large buffer back to the system and faults it in again at the next step: keeping it
# doubled the training speed here (1,500 to 2,700 positions/s). Must be set before the process starts.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "8589934592", "MALLOC_TRIM_THRESHOLD_": "8589934592",
             "MALLOC_TOP_PAD_": "268435456", "OMP_WAIT_POLICY": "PASSIVE"}  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m model.train", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("data/corpus"), help="folder written by corpus.py")
    parser.add_argument("--tokenizer", type=Path, default=Path("data/tokenizer"), help="folder with tokenizer.json")
    parser.add_argument("--run", type=Path, default=Path("runs/cpu"), help="folder for state and log")
    parser.add_argument("--minutes", type=float, default=90, help="stop, annealed and saved, after this long")
    parser.add_argument("--batch", type=int, default=10, help="documents per step")
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--adamw-lr", type=float, default=4e-3)
    parser.add_argument("--cooldown", type=float, default=0.6, help="share of the time in which the rate falls to 0")
    parser.add_argument("--ema", type=float, default=0.99, help="decay of the averaged weights per step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="compile the layers (needs a C compiler)")
    parser.add_argument("--resume", action="store_true", help="go on from the state in --run")
    return parser.parse_args()


class Batch(msgspec.Struct):
    """Stacked examples as tensors; see `Example` for the shapes, with B in front."""

    prompt: Tensor
    prompt_weight: Tensor
    clean: Tensor
    noisy: Tensor
    hole: Tensor
    weight: Tensor
    position_ids: Tensor  # [B, K*C]
    mask: Tensor  # [B, 1, K*C, N + K*C] bool


def attention_mask(visible: Tensor, length: Tensor, n_prompt: int, n_canvas: int) -> Tensor:
    """Each canvas sees its visible part of the prompt and the used positions of itself."""
    k = visible.shape[1]
    positions = torch.arange(n_canvas)
    prompt = torch.arange(n_prompt) < visible.repeat_interleave(n_canvas, 1)[..., None]  # [B, K*C, N]
    used = (positions < length[..., None]).flatten(1)  # [B, K*C]
    own = torch.arange(k).repeat_interleave(n_canvas)
    canvas = (own[:, None] == own[None, :])[None] & used[:, None, :]  # [B, K*C, K*C]
    # An unused position must see something, or its softmax is undefined.
    canvas = canvas | torch.eye(k * n_canvas, dtype=torch.bool)[None]
    return torch.cat((prompt, canvas), dim=-1)[:, None]


def stack(examples: list[Example], t: np.ndarray, vocab_size: int, rng: np.random.Generator) -> Batch:
    """Noise the canvases at levels t [B, K] and stack everything."""
    noisy = [noised(e, t[i], vocab_size, rng) for i, e in enumerate(examples)]

    def tensor(arrays: list[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(arrays))

    visible, length = tensor([e.visible for e in examples]), tensor([e.length for e in examples])
    n_prompt, n_canvas = examples[0].prompt.shape[0], examples[0].canvas.shape[1]
    return Batch(
        prompt=tensor([e.prompt for e in examples]),
        prompt_weight=tensor([e.prompt_weight for e in examples]),
        clean=tensor([e.canvas for e in examples]).flatten(1),
        noisy=tensor(noisy).flatten(1),
        hole=tensor([e.hole for e in examples]).flatten(1),
        weight=tensor([e.weight for e in examples]).flatten(1),
        position_ids=(visible[..., None] + torch.arange(n_canvas)).flatten(1),
        mask=attention_mask(visible, length, n_prompt, n_canvas),
    )


def batches(texts: list[str], tokenizer: TextTokenizer, n_docs: int, seed: int) -> queue.Queue[Batch]:
    """Endless batches, made in a thread a few ahead of the training step."""
    ready: queue.Queue[Batch] = queue.Queue(maxsize=4)
    rng, np_rng = random.Random(seed), np.random.default_rng(seed)
    sampler = Sampler(tokenizer, Shape(), seed)
    weights = np.sqrt([len(t) for t in texts]).tolist()  # a long file has more to say, but not in proportion

    def produce() -> None:
        while True:
            examples = [sampler.example(t) for t in rng.choices(texts, weights, k=n_docs)]
            n_canvases = sampler.shape.canvases
            t = np_rng.permutation(noise_times(n_docs * n_canvases, np_rng)).reshape(n_docs, n_canvases)
            ready.put(stack(examples, t, tokenizer.vocab_size, np_rng))

    threading.Thread(target=produce, daemon=True).start()
    return ready


def losses(net: Network, batch: Batch, self_condition: bool) -> tuple[Tensor, Tensor]:
    """Causal loss per token of the prompts, and hole loss per (weighted) token of the canvases, in nats."""
    hidden, kv = net.encode(batch.prompt)
    targets, weight = batch.prompt[:, 1:].flatten(), batch.prompt_weight[:, 1:].flatten()
    kept = weight > 0
    causal = F.cross_entropy(net.logits(hidden[:, :-1].flatten(0, 1)[kept]), targets[kept])
    soft = torch.zeros(*batch.noisy.shape, net.config.hidden_size)
    if self_condition:
        with torch.no_grad():
            constant_kv = [(k.detach(), v.detach()) for k, v in kv]
            first = net.decode(batch.noisy, batch.position_ids, constant_kv, batch.mask, soft)
            soft = net.embed(batch.clean)  # clamped positions are known
            soft[batch.hole] = net.soft_embeddings(net.logits(first[batch.hole]))
    out = net.decode(batch.noisy, batch.position_ids, kv, batch.mask, soft)
    per_token = F.cross_entropy(net.logits(out[batch.hole]), batch.clean[batch.hole], reduction="none")
    w = batch.weight[batch.hole]
    return causal, (per_token * w).sum() / w.sum()


@torch.no_grad()
def evaluate(net: Network, held_out: list[Batch]) -> tuple[float, float]:
    """Mean losses over fixed batches of held-out code."""
    pairs = [losses(net, b, True) for b in held_out]
    return float(np.mean([a.item() for a, _ in pairs])), float(np.mean([b.item() for _, b in pairs]))


def save(path: Path, state: dict[str, object]) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def main() -> None:
    if sys.platform == "linux" and any(k not in os.environ for k in ALLOCATOR):
        os.execve(sys.executable, [sys.executable, "-m", "model.train", *sys.argv[1:]], ALLOCATOR | os.environ)
    args = arguments()
    args.run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    # What to learn from.
    tokenizer = TextTokenizer.load(args.tokenizer)
    texts = [d.text for d in read_documents(args.corpus / "train.jsonl")]
    source = batches(texts, tokenizer, args.batch, args.seed + int(time.time()) * args.resume)
    check = batches([d.text for d in read_documents(args.corpus / "heldout.jsonl")], tokenizer, args.batch, 1)
    held_out = [check.get() for _ in range(6)]

    # What learns.
    net = Network(NetworkConfig(vocab_size=tokenizer.vocab_size))
    net.initialise(torch.Generator().manual_seed(args.seed))
    opts = optimizers(net, args.muon_lr, args.adamw_lr)
    averaged = {n: p.detach().clone() for n, p in net.named_parameters()}
    step = n_positions = 0
    minutes_before = 0.0
    state_path = args.run / "state.pt"
    if args.resume:
        saved = torch.load(state_path, weights_only=True)
        net.load_state_dict(saved["net"])
        averaged = saved["averaged"]
        step, n_positions, minutes_before = saved["step"], saved["n_positions"], saved["minutes"]
        for opt, opt_state in zip(opts, saved["opts"], strict=True):
            opt.load_state_dict(opt_state)
    base_lrs = [[g["lr"] for g in opt.param_groups] for opt in optimizers(net, args.muon_lr, args.adamw_lr)]
    if args.compile:
        net.encode = torch.compile(net.encode)
        net.decode = torch.compile(net.decode)
    print(f"{sum(p.numel() for p in net.parameters()) / 1e6:.2f}M parameters, {len(texts)} files, "
          f"{sum(map(len, texts)) / 1e6:.0f}M characters", flush=True)  # fmt: skip

    # The loop.
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    start = last_save = time.monotonic()
    coin = random.Random(args.seed + step)
    log = (args.run / "log.jsonl").open("a")
    window: list[tuple[float, float]] = []
    first_step = step
    while not stop.is_set() and (progress := (time.monotonic() - start) / 60 / args.minutes) < 1:
        rate = min(1.0, (step - first_step + 1) / 40) * min(1.0, (1 - progress) / args.cooldown)
        for opt, lrs in zip(opts, base_lrs, strict=True):
            for group, lr in zip(opt.param_groups, lrs, strict=True):
                group["lr"] = lr * rate
        batch = source.get()
        causal, hole = losses(net, batch, coin.random() < 0.5)
        (causal + hole).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for opt in opts:
            opt.step()
            opt.zero_grad(set_to_none=True)
        step += 1
        n_positions += batch.prompt.numel() + batch.noisy.numel()
        decay = min(args.ema, 1 - 1 / (step + 1))
        with torch.no_grad():
            for name, p in net.named_parameters():
                averaged[name].lerp_(p, 1 - decay)
        window.append((causal.item(), hole.item()))
        now = time.monotonic()
        if step % 20 == 0:
            minutes = minutes_before + (now - start) / 60
            row = {"step": step, "minutes": round(minutes, 2), "positions": n_positions,
                   "causal": round(float(np.mean([a for a, _ in window])), 4),
                   "hole": round(float(np.mean([b for _, b in window])), 4), "rate": round(rate, 3)}  # fmt: skip
            window.clear()
            if step % 200 == 0:
                raw = {n: p.detach().clone() for n, p in net.named_parameters()}
                net.load_state_dict(averaged, strict=True)
                row["heldout_causal"], row["heldout_hole"] = evaluate(net, held_out)
                net.load_state_dict(raw)
            print(msgspec.json.encode(row).decode(), flush=True)
            log.write(msgspec.json.encode(row).decode() + "\n")
            log.flush()
        if now - last_save > 300:
            last_save = now
            save(
                state_path,
                snapshot(net, averaged, opts, step, n_positions, minutes_before + (now - start) / 60),
            )
    minutes = minutes_before + (time.monotonic() - start) / 60
    save(state_path, snapshot(net, averaged, opts, step, n_positions, minutes))
    final = Network(net.config)
    final.load_state_dict(averaged)
    causal_loss, hole_loss = evaluate(final, held_out)
    print(f"{step} steps, {n_positions / 1e6:.1f}M positions, {minutes:.1f} minutes; held out: "
          f"causal {causal_loss:.3f}, hole {hole_loss:.3f} nats per token", flush=True)  # fmt: skip


def snapshot(
    net: Network, averaged: dict[str, Tensor], opts: list[torch.optim.Optimizer], step: int, n_positions: int,
    minutes: float,
) -> dict[str, object]:  # fmt: skip
    """Everything `--resume` and `export.py` need."""
    return {"net": net.state_dict(), "averaged": averaged, "opts": [o.state_dict() for o in opts], "step": step,
            "n_positions": n_positions, "minutes": minutes, "config": msgspec.to_builtins(net.config)}  # fmt: skip


if __name__ == "__main__":
    main()
