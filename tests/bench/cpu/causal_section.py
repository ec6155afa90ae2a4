"""The part of the benchmark about the default model: ours and llama.cpp in turns, and the tables of it."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from model.catalog import CATALOG
from model.causal.config import read_config, read_manifest
from model.causal.sources import sha256_of
from model.checkpoint_path import snapshot
from model.config import DEFAULT_NAME, fetched_default
from model.types import CheckpointError
from tests.bench.cpu import causal
from tests.bench.cpu.causal import DRAFTED, WRITTEN
from tests.bench.cpu.floor import FLOPS_PER_MULTIPLY_ADD, Rates
from tests.bench.cpu.fresh import Failed, run_job
from tests.bench.cpu.machine import DISTURBED, Usage

if TYPE_CHECKING:
    from tests.bench.cpu.sections import Bench, Result

OURS, THEIRS, THEIRS_DRAFTED, SMALL = "ours", "llama.cpp", "llama.cpp, drafts", "embedded"
LABELS = {
    OURS: "qwen-0.5b as shipped",
    THEIRS: "llama.cpp, the file that it was made from",
    THEIRS_DRAFTED: "llama.cpp, with its prompt lookup (ngram-simple)",
    SMALL: "embedded (5.7M), in tokens of its own",
}
AIMS = {"read": 2.0, WRITTEN: 1.5, DRAFTED: 1.5}
CLOCK, PROCESSOR = 0, 1


def published_file(given: Path | None) -> Path | Failed:
    """The file that the default model is made from: the one that is given, or the hub's in its cache."""
    entry = CATALOG[DEFAULT_NAME]
    folder = snapshot(entry.repo, "main")
    found = given or (folder / entry.file if folder else None)
    if found is None or not found.is_file():
        return Failed(f"{found or entry.file} is not here; --gguf FILE names it (from {entry.repo})")
    return found


def measure_default(bench: Bench) -> Result:
    """All ways at one and at two threads, in turns; each job is a process of its own."""
    folder, gguf = fetched_default(), published_file(bench.plan.gguf)
    if folder is None:
        return {"skipped": f"{DEFAULT_NAME} is not on this machine; infill model fetch {DEFAULT_NAME} gets it"}
    if isinstance(gguf, Path) and sha256_of(gguf) != read_manifest(folder).source_sha256:
        gguf = Failed(f"{gguf} is not the file that {folder} was made from")
    sizes: Result = {"n_prompts": bench.plan.default_prompts, "n_written": bench.plan.default_written}
    jobs: dict[str, tuple[str, Result]] = {OURS: ("causal.converted", {"folder": str(folder)})}
    if isinstance(gguf, Path):
        files = {"gguf": str(gguf), "folder": str(folder)}
        jobs[THEIRS] = ("causal.llama_cpp", {**files, "drafts": False})
        jobs[THEIRS_DRAFTED] = ("causal.llama_cpp", {**files, "drafts": True})
    jobs[SMALL] = ("causal.embedded", {})
    found: dict[str, Any] = {}
    for _ in range(bench.plan.default_rounds):
        for n_threads in (1, 2):
            for way, (job, args) in jobs.items():
                usage = Usage()
                answer = run_job(job, {**args, **sizes, "n_threads": n_threads})
                note(bench, f"{LABELS[way]} at {n_threads}", usage.others())
                runs = found.setdefault(f"{way}/{n_threads}", [])
                runs += [answer] if isinstance(answer, Failed) else answer["runs"]
    work = {OURS: causal.bytes_read(folder), THEIRS: causal.weights_read(str(gguf)) if isinstance(gguf, Path) else None}
    macs = multiply_adds(folder)
    missing = gguf.reason if isinstance(gguf, Failed) else ""
    return {**sizes, "found": found, "bytes": work, "macs": macs, "missing": missing}


def note(bench: Bench, what: str, others: float) -> None:
    """Remember who was disturbed. Nothing is measured again: turns spread what others do over all alike."""
    if others >= DISTURBED:
        bench.disturbed[what] = max(others, bench.disturbed.get(what, 0.0))


def multiply_adds(folder: Path) -> int:
    """Multiply-adds of the layers for a token of a prompt, attention not counted."""
    try:
        config = read_config(folder / "config.json")
    except CheckpointError as error:
        raise AssertionError(f"a folder that was just opened: {error}") from None
    return config.n_parameters - config.vocab_size * config.hidden_size


def rate(runs: list[Any], what: str, n: int, clock: int = CLOCK) -> float | None:
    """Tokens a second: the median of the runs that did this."""
    times = [(run.get("n", n) if what == WRITTEN else n) / run[what][clock] for run in runs if what in run]
    return median(times) if times else None


def failures(runs: list[Any]) -> list[str]:
    """Why a way has no figures."""
    return [run.reason for run in runs if isinstance(run, Failed)]


def default_part(raw: Result) -> str:
    """Tokens a second, ratios beside their aims, and how far both texts are one."""
    part, rates = raw["default"], [r for r in raw["machine"]["rates"] if isinstance(r, Rates)]
    title = "### The default model beside llama.cpp"
    if "skipped" in part:
        return f"{title}\n\nSkipped: {part['skipped']}."
    n_prompt, n_written, found = causal.N_PROMPT, part["n_written"], part["found"]
    rows: list[list[str]] = []
    for key, runs in found.items():
        way, n_threads = key.split("/")
        if reasons := failures(runs):
            rows.append([LABELS[way], n_threads, reasons[0]])
            continue
        for clock in (CLOCK, PROCESSOR) if n_threads == "1" else (CLOCK,):
            figures = (rate(runs, what, n, clock) for what, n in steps(n_prompt, n_written))
            said = n_threads if clock == CLOCK else f"{n_threads}, by the processor's time"
            rows.append([LABELS[way], said, *map(shown, figures)])
    for at in rates:
        if at.n_threads <= 2:
            rows += [[f"floor of {way}", str(at.n_threads), *floors(part, at, way)] for way in (OURS, THEIRS)]
    head = ["tokens a second", "threads", f"prompt of {n_prompt}, cold", "written, one a pass", "written with drafts"]
    text = f"Medians of {len(next(iter(found.values())))} runs in turns, {n_written} tokens written in each."
    parts = [title, text, grid(head, rows), grid(*ratios(found, n_prompt, n_written)), alike(found)]
    return "\n\n".join([*(p for p in parts if p), *([f"No llama.cpp: {part['missing']}."] if part["missing"] else [])])


def steps(n_prompt: int, n_written: int) -> list[tuple[str, int]]:
    """What is timed, and of how many tokens."""
    return [("read", n_prompt), (WRITTEN, n_written), (DRAFTED, n_written)]


def floors(part: Result, rates: Rates, way: str) -> list[str]:
    """The most that memory (tokens written) and integer products (a prompt) allow, by this run's measured rates."""
    n_bytes, gflops, memory = part["bytes"][way], rates.int8_gflops, rates.memory_gb_s
    read = gflops * 1e9 / (FLOPS_PER_MULTIPLY_ADD * part["macs"]) if gflops else None
    return [shown(read), shown(memory * 1e9 / n_bytes if memory and n_bytes else None)]


def ratios(found: Result, n_prompt: int, n_written: int) -> tuple[list[str], list[list[str]]]:
    """Ours over llama.cpp's, with the aim."""
    rows: list[list[str]] = []
    for n_threads in (1, 2):
        ours, theirs, drafted = (found.get(f"{way}/{n_threads}", []) for way in (OURS, THEIRS, THEIRS_DRAFTED))
        for clock in (CLOCK, PROCESSOR) if n_threads == 1 else (CLOCK,):
            row = [str(n_threads) if clock == CLOCK else f"{n_threads}, by the processor's time"]
            for what, n in steps(n_prompt, n_written):
                others = drafted if what == DRAFTED else theirs
                mine = None if failures(ours) else rate(ours, what, n, clock)
                other = None if failures(others) else rate(others, what, n, clock)
                row.append(f"{mine / other:.2f} (aim {AIMS[what]})" if mine and other else "-")
            rows.append(row)
    return ["ours over llama.cpp, threads", "prompt", "written, one a pass", "both with drafts"], rows


def alike(found: Result) -> str:
    """How far the texts of both go together: the same model in two roundings parts somewhere."""
    ours, theirs = found[f"{OURS}/1"], found.get(f"{THEIRS}/1", [])
    if failures(ours) or failures(theirs) or not theirs:
        return ""
    pairs = [(a["text"], b["text"]) for a, b in zip(ours, theirs, strict=False)]
    said = ", ".join(f"{causal.begin_alike(pair)} of {len(pair[0])}" for pair in dict.fromkeys(pairs))
    return f"Characters that both write alike before they part: {said}."


def shown(value: float | None) -> str:
    """A rate."""
    return "-" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def grid(head: list[str], rows: list[list[str]]) -> str:
    """A markdown table."""
    from tests.bench.cpu.report import table

    return table(head, rows)
