"""What a converted causal model costs: `python -m tests.bench.bench_causal FOLDER...` prints a table.

Rows a pass after 512 tokens, the head on the last row; a cold prompt of 512 tokens; load time and memory; held-out
loss on files of the standard library (`--loss`; `--library CHECKPOINT` adds the library's class in float32); greedy
text of held-out code with and without drafts (`--drafts`).
Other work on the machine cannot be told from ours by the clock: times are the least of many runs, and beside them,
with one thread, stands the processor's time, which others do not count in.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import psutil

from infill.bench.tables import machine
from model.causal.config import WEIGHTS, read_manifest
from model.causal.network import CausalNetwork
from model.causal.onnx_runtime import OnnxRuntime
from model.causal.reading import ROOT
from model.causal.sessions import open_folder
from model.causal.tokenizer import CausalTokenizer
from model.onnx.runtime import ort
from tests.bench.causal_drafts import drafts
from tests.bench.cpu.machine import features

ROWS = (1, 2, 4, 8, 16, 64, 256)
N_PROMPT, WINDOW = 512, 512
SECONDS = 2.0  # for each figure, and at least one run
HELD_OUT = ("textwrap", "calendar", "shelve", "sched", "fnmatch", "netrc", "quopri", "bisect")


def text_of(name: str) -> str:
    """A file of the standard library."""
    return (Path(subprocess.__file__).parent / f"{name}.py").read_text("utf-8")


def least_ms(run: Callable[[], object], seconds: float = SECONDS) -> tuple[float, float]:
    """The least milliseconds that a run took: on the clock, and of this thread on a processor."""
    end, wall, own = time.monotonic() + seconds, np.inf, np.inf
    while time.monotonic() < end or wall == np.inf:
        clock, cpu = time.perf_counter(), time.thread_time()
        run()
        wall, own = min(wall, time.perf_counter() - clock), min(own, time.thread_time() - cpu)
    return 1000 * wall, 1000 * own


def speeds(folder: Path, n_threads: int) -> list[str]:
    """A line of the table of speeds."""
    network, tokenizer = CausalNetwork(OnnxRuntime(open_folder(folder, n_threads))), CausalTokenizer.load(folder)
    ids = tokenizer.encode(text_of("argparse"))
    network.prefill(ids[:N_PROMPT])
    cells: list[str] = []
    for n in ROWS:

        def run(n: int = n) -> None:
            reading = network.reading()
            nodes = reading.extend(ids[N_PROMPT : N_PROMPT + n], [ROOT, *range(n - 1)])
            reading.log_probs(nodes[-1:])

        cells.append(shown(least_ms(run), n_threads))

    def cold() -> None:
        network.forget()
        network.prefill(ids[:N_PROMPT])

    cells.append(shown(least_ms(cold), n_threads))
    return [read_manifest(folder).format, str(n_threads), *cells]


def shown(ms: tuple[float, float], n_threads: int) -> str:
    """A time; with one thread the processor's too."""
    return f"{ms[0]:.0f} ({ms[1]:.0f})" if n_threads == 1 else f"{ms[0]:.0f}"


def loading(folder: Path) -> list[str]:
    """Seconds to load in a fresh process, on the clock and on a processor, memory then and after a prompt, and disk."""
    code = f"from tests.bench.bench_causal import measure_loading; measure_loading({str(folder)!r})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return [read_manifest(folder).format, *out, f"{(folder / WEIGHTS).stat().st_size / 2**20:.0f}"]


def measure_loading(folder: str) -> None:
    """Print what `loading` reads."""
    clock, cpu = time.perf_counter(), time.process_time()
    network = CausalNetwork(OnnxRuntime(open_folder(Path(folder), 1)))
    print(f"{time.perf_counter() - clock:.1f} {time.process_time() - cpu:.1f}")
    print(f"{psutil.Process().memory_info().rss / 2**20:.0f}")
    network.prefill(CausalTokenizer.load(Path(folder)).encode(text_of("argparse"))[:1024])
    print(f"{psutil.Process().memory_info().rss / 2**20:.0f}")


def windows(folder: Path) -> list[list[int]]:
    """Beginnings of held-out files in ids."""
    tokenizer = CausalTokenizer.load(folder)
    return [tokenizer.encode(text_of(name))[:WINDOW] for name in HELD_OUT]


def held_out_loss(folder: Path) -> float:
    """Mean loss of a token in nats, over the written tokens and each window's own."""
    network, losses = CausalNetwork(OnnxRuntime(open_folder(folder, 2))), list[float]()
    for ids in windows(folder):
        network.prefill(ids[:1])
        network.cover(ids)
        reading = network.reading()
        nodes = reading.extend(ids[1:-1], [ROOT, *range(len(ids) - 3)])
        log_probs = reading.log_probs([ROOT, *nodes])
        losses += (-log_probs[np.arange(len(ids) - 1), network.written.slots(ids[1:])]).tolist()
    return float(np.mean(losses))


def library_loss(checkpoint: Path, folder: Path) -> float:
    """The same of the library's class in float32, over all tokens; the head is the embedding."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    from model.causal.sources import open_source

    source, config = open_source(checkpoint), open_source(checkpoint).config
    sizes = {name: getattr(config, name) for name in config.__struct_fields__ if name != "rope_theta"}
    rope = {"rope_type": "default", "rope_theta": config.rope_theta}
    model = Qwen2ForCausalLM(Qwen2Config(**sizes, rope_parameters=rope, tie_word_embeddings=True)).eval()
    state = {n: torch.from_numpy(np.array(source.tensor(n))) for n in model.state_dict() if n != "lm_head.weight"}
    model.load_state_dict(state, strict=False)
    model.tie_weights()
    losses: list[float] = []
    with torch.no_grad():
        for ids in windows(folder):
            scores = model(torch.tensor([ids])).logits[0, :-1]
            losses += torch.nn.functional.cross_entropy(scores, torch.tensor(ids[1:]), reduction="none").tolist()
    return float(np.mean(losses))


def losses(folders: list[Path], checkpoint: Path | None) -> Iterator[list[str]]:
    """The lines of the table of losses."""
    for folder in folders:
        yield [read_manifest(folder).format, f"{held_out_loss(folder):.4f}"]
    if checkpoint is not None:
        yield ["library, float32", f"{library_loss(checkpoint, folders[0]):.4f}"]


def table(head: str, rows: Iterable[list[str]]) -> None:
    """Print a table, each row as it comes."""
    print(head, "|---" * (head.count(" | ") + 1) + "|", sep="\n", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
    print()


def main() -> None:
    """Measure every folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--loss", action="store_true", help="held-out loss too: minutes")
    parser.add_argument("--library", type=Path, help="the published file or folder, for the library's loss")
    parser.add_argument("--drafts", type=int, default=0, metavar="N", help="places of held-out code; minutes")
    parser.add_argument("--tokens", type=int, default=16, help="written at each of them (default %(default)s)")
    parser.add_argument("--no-speed", action="store_true", help="neither times nor memory")
    args = parser.parse_args()
    has = " ".join(sorted(features() & {"avx2", "avx_vnni", "avx512_vnni"}))
    print(f"{machine()}, {has}, ONNX Runtime {ort.__version__}, {date.today()}; load {psutil.getloadavg()[0]:.1f}\n")
    if not args.no_speed:
        rows = (speeds(folder, n) for folder in args.folders for n in (1, 2))
        table(f"| format | threads | {' | '.join(map(str, ROWS))} rows | {N_PROMPT} cold |", rows)
        table("| format | load, s | of a processor, s | memory, MiB | after 1,024 tokens | file, MiB |",
              (loading(folder) for folder in args.folders))  # fmt: skip
    if args.loss:
        table("| format | loss, nats a token |", losses(args.folders, args.library))
    if args.drafts:
        head = "| drafts | tokens a pass | ms a token | of a processor | of plain, median | all | other text |"
        table(head, (row for folder in args.folders for row in drafts(folder, args.drafts, args.tokens)))


if __name__ == "__main__":
    main()
