"""Markdown tables of the raw numbers. Computes medians and ratios, measures nothing.

In every table a runtime that gave no number has the reason in its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

from tests.bench.cpu import masked
from tests.bench.cpu.causal_section import default_part
from tests.bench.cpu.clock import p95
from tests.bench.cpu.fresh import Failed
from tests.bench.cpu.runtimes import BY_KEY, FIRST
from tests.bench.cpu.sections import Result, cell_floor, encoding_floor, step_median, threads

NOTHING = "-"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table; a row shorter than the head is filled up with nothing."""
    lines = [list(head), ["---"] * len(head), *([*row, *[""] * (len(head) - len(row))] for row in rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def number(value: float | None) -> str:
    """Three figures at most; nothing for None."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"


def ratio(part: float | None, whole: float | None) -> str:
    """How many times `whole` goes into `part`."""
    if part is None or not whole:
        return NOTHING
    times = part / whole
    return f"{times:.2g}×" if times < 0.1 else f"{times:.2f}×" if times < 1 else f"{times:.1f}×"


def report(raw: Result) -> str:
    """All parts that were measured."""
    parts = [[RENDERERS[name](raw), disturbed(raw[name])] for name in RENDERERS if name in raw]
    return "\n\n".join(text for part in parts for text in part if text)


def disturbed(part: Result) -> str:
    """Who was measured beside other work, twice."""
    found = [f"{what} ({share:.2f} of a core)" for what, share in part.get("disturbed", {}).items()]
    return f"Measure again, other programs ran at the same time: {', '.join(found)}." if found else ""


def machine_part(raw: Result) -> str:
    """Processor and rates."""
    m = raw["machine"]
    versions = ", ".join(f"{name} {found}" for name, found in m["versions"].items())
    lines = [
        f"{m['machine']}; {m['system']}; {m['date']}",
        f"Features: {', '.join(m['features']) or 'not told'}. A fill takes {m['n_threads']} of {m['cores']} cores. "
        f"{versions}.",
    ]
    names = ("n_threads", "float32_gflops", "int8_gflops", "bfloat16_gflops", "memory_gb_s")
    head = ["threads", "float32 GFLOP/s", "int8 GFLOP/s", "bfloat16 GFLOP/s", "memory read GB/s"]
    rows = [[r.reason] if isinstance(r, Failed) else [number(getattr(r, name)) for name in names] for r in m["rates"]]
    rows = [[row[0].removesuffix(".0"), *row[1:]] for row in rows]
    return "\n\n".join(["### Machine", *lines, table(head, rows)])


def steps_part(raw: Result) -> str:
    """A table for each prompt length, then encoding, then what compiling costs."""
    found = raw["steps"]["runtimes"]
    plain = {key: result for key, result in found.items() if not BY_KEY[key].compiled}
    n_threads = raw["steps"]["n_threads"]
    sizes = grid_sizes(plain)
    parts = [
        f"### One denoising step, one canvas, {threads(n_threads)}",
        "Each cell: median ms / times its floor (`cpu/floor.py`) / times as fast as torch eager float32.",
    ]
    for n_prompt in dict.fromkeys(n for n, _ in sizes):
        canvases = [c for n, c in sizes if n == n_prompt]
        parts.append(step_table(raw, plain, n_prompt, canvases, n_threads))
    parts += [encode_table(raw, plain, n_threads) if plain else "", compiled_table(found)]
    notes = dict.fromkeys(BY_KEY[key].note for key in found)
    return "\n\n".join([*(part for part in parts if part), *(f"{note}." for note in notes if note)])


def grid_sizes(found: dict[str, Any]) -> list[tuple[int, int]]:
    """The (prompt, canvas) of all cells that any runtime answered."""
    cells = [(c["prompt"], c["canvas"]) for r in found.values() if not isinstance(r, Failed) for c in r["steps"]]
    return list(dict.fromkeys(cells))


def step_table(raw: Result, found: dict[str, Any], n_prompt: int, canvases: list[int], n_threads: int) -> str:
    """One prompt length; runtimes below each other, canvases beside each other."""
    head = [f"{n_prompt:,} prompt tokens kept", *(f"canvas {c}" for c in canvases)]
    rows: list[list[str]] = []
    for key, result in found.items():
        if isinstance(result, Failed):
            rows.append([BY_KEY[key].label, result.reason])
            continue
        cells: list[str] = []
        for c in canvases:
            ms = step_median(result, n_prompt, c)
            least = cell_floor(raw, n_threads, BY_KEY[key].arithmetic, n_prompt, c)
            first = step_median(found.get(FIRST, Failed("")), n_prompt, c)
            cells.append(f"{number(ms)} / {ratio(ms, least)} / {ratio(first, ms)}")
        rows.append([BY_KEY[key].label, *cells])
    for arithmetic in ("float32", "int8"):
        floors = [number(cell_floor(raw, n_threads, arithmetic, n_prompt, c)) for c in canvases]
        rows.append([f"floor of {arithmetic}, ms", *floors])
    return table(head, rows)


def encode_table(raw: Result, found: dict[str, Any], n_threads: int) -> str:
    """Prompts encoded from nothing."""
    times = {
        key: {e["prompt"]: median(e["ms"]) for e in result["encode"]}
        for key, result in found.items()
        if not isinstance(result, Failed)
    }
    lengths = list(dict.fromkeys(n for by_length in times.values() for n in by_length))
    rows: list[list[str]] = []
    for key, by_length in times.items():
        cells = [
            f"{number(by_length[n])} / {ratio(by_length[n], encoding_floor(raw, n_threads, BY_KEY[key].arithmetic, n))}"
            f" / {ratio(times.get(FIRST, {}).get(n), by_length[n])}"
            for n in lengths
        ]
        rows.append([BY_KEY[key].label, *cells])
    return table(["encoding from nothing", *(f"{n} tokens" for n in lengths)], rows)


def compiled_table(found: dict[str, Any]) -> str:
    """What compiling costs and brings, at the one size it was tried at."""
    rows: list[list[str]] = []
    for key, result in found.items():
        if not BY_KEY[key].compiled:
            continue
        if isinstance(result, Failed):
            rows.append([BY_KEY[key].label, result.reason])
            continue
        for cell in result["steps"]:
            ms, first = median(cell["ms"]), step_median(found.get(FIRST, Failed("")), cell["prompt"], cell["canvas"])
            size = f"prompt {cell['prompt']}, canvas {cell['canvas']}"
            rows.append([BY_KEY[key].label, size, number(ms), ratio(first, ms), number(cell["first_s"])])
    head = ["compiled", "size", "median ms", "over torch eager", "seconds of compiling, for each size anew"]
    return table(head, rows) if rows else ""


def busy_part(raw: Result) -> str:
    """A step beside other work."""
    levels = raw["busy"]["levels"]
    head = ["runtime", "threads", "idle, ms", *(f"{n} core{'s' * (n > 1)} busy, ms" for n in levels[1:])]
    head.append(f"over torch eager, {levels[-1]} busy")
    rows: list[list[str]] = []
    slowest = {r["n_threads"]: busy_times(r["result"]) for r in raw["busy"]["rows"] if r["runtime"] == FIRST}
    for row in raw["busy"]["rows"]:
        label, result = [BY_KEY[row["runtime"]].label, str(row["n_threads"])], row["result"]
        if isinstance(result, Failed):
            rows.append([*label, result.reason])
            continue
        times, first = busy_times(result), slowest.get(row["n_threads"], {})
        late = {cell["busy"]: p95(cell["ms"]) for cell in result["levels"]}
        cells = [f"{number(times[n])} ({ratio(times[n], times[0])}), {number(late[n])}" for n in levels[1:]]
        rows.append([*label, number(times[0]), *cells, ratio(first.get(levels[-1]), times[levels[-1]])])
    return "\n\n".join(
        ["### The same step on a busy machine", "Median (times its own idle one), then p95.", table(head, rows)]
    )


def busy_times(result: Result | Failed) -> dict[int, float]:
    """Median milliseconds by the number of busy cores."""
    return {} if isinstance(result, Failed) else {cell["busy"]: median(cell["ms"]) for cell in result["levels"]}


def masked_part(raw: Result) -> str:
    """A step with instruction sets hidden."""
    rows: list[list[str]] = []
    whole = raw["masked"]["rows"][0]["runtimes"]
    for row in raw["masked"]["rows"]:
        cells = [masked_cell(row["runtimes"].get(key), whole.get(key)) for key in masked.HONOURED]
        rows.append([row["level"], *(cells if row["shown"] else ["not on this processor"])])
    rows.append(["honours", *masked.HONOURED.values()])
    head = ["instruction sets left", *(BY_KEY[key].label for key in masked.HONOURED)]
    return "\n\n".join(["### The same step with less of the processor", table(head, rows)])


def masked_cell(result: Result | Failed | None, whole: Result | Failed | None) -> str:
    """Median ms, times the unmasked one, and what torch says it then uses."""
    if result is None or isinstance(result, Failed):
        return NOTHING if result is None else f"fails: {result.reason}"
    ms = median(result["steps"][0]["ms"])
    reference = None if whole is None or isinstance(whole, Failed) else median(whole["steps"][0]["ms"])
    said = f", says {result['isa']}" if result["isa"] else ""
    return f"{number(ms)} ms ({ratio(ms, reference)}{said})"


def startup_part(raw: Result) -> str:
    """Start, memory, size."""
    rows: list[list[str]] = []
    first = raw["startup"]["runtimes"].get(FIRST, {}).get("result", Failed(""))
    first_s = None if isinstance(first, Failed) else median(first["seconds"])
    for key, row in raw["startup"]["runtimes"].items():
        result, (megabytes, n, missing) = row["result"], row["size"]
        size = f"{megabytes:,.0f} MB, {n}" + (f", without {', '.join(missing)}" if missing else "")
        if isinstance(result, Failed):
            rows.append([BY_KEY[key].label, result.reason, "", "", size])
            continue
        over = ratio(first_s, median(result["seconds"]))
        cells = [f"{median(result['seconds']):.2f}", over, f"{median(result['peak_mib']):,.0f}"]
        rows.append([BY_KEY[key].label, *cells, size])
    megabytes, n, missing = raw["startup"]["plain_install"]
    lacking = f" Not installed here, so not counted: {', '.join(missing)}." if missing else ""
    plain = f"Installing this project, {n} distributions with itself and the model: {megabytes:,.0f} MB.{lacking}"
    head = [
        "runtime",
        "process start to first step, s",
        "over torch eager",
        "peak memory, MiB",
        "its distributions on disk",
    ]
    return "\n\n".join(["### Start, memory, size", table(head, rows), plain])


def agreement_part(raw: Result) -> str:
    """Answers beside the reference's."""
    reference = raw["agreement"]["reference"]
    title = "### Agreement with the float32 reference"
    if isinstance(reference, Failed):
        return f"{title}\n\n{reference.reason}"
    rows: list[list[str]] = []
    for key, result in raw["agreement"]["runtimes"].items():
        if isinstance(result, Failed):
            rows.append([BY_KEY[key].label, result.reason])
            continue
        share = f"{100 * result['same']:.2f} % of {result['tokens']:,}"
        rows.append([BY_KEY[key].label, share, f"{result['mean']:.2g}", f"{result['max']:.2g}"])
    text = f"{reference['canvases']} canvases of {reference['cases']} held-out holes, 5 passes with the same draws."
    head = ["runtime", "draft tokens equal", "mean entropy error, nats", "largest"]
    return "\n\n".join([title, text, table(head, rows)])


def fills_part(raw: Result) -> str:
    """Whole fills, and what an idle filler costs."""
    found, n_busy = raw["fills"]["runtimes"], raw["fills"]["n_busy"]
    failed = [f"{BY_KEY[key].label}: {r.reason}" for key, r in found.items() if isinstance(r, Failed)]
    ran = {key: r for key, r in found.items() if not isinstance(r, Failed)}
    if not ran:
        return "\n\n".join(["### Whole fills", *failed])
    rows = fill_rows(ran, n_busy)
    head = ["figure", *(BY_KEY[key].label for key in ran), *(["speed-up"] if len(ran) == 2 else [])]
    some = next(iter(ran.values()))
    text = (
        f"{len(some['warm'])} holes, prompts of {some['prompt_tokens']:.0f} tokens (median), a pause before each "
        "request; ms. Both engines are asked by the same pipeline."
    )
    return "\n\n".join(["### Whole fills", text, table(head, rows), *failed])


def fill_rows(ran: dict[str, Result], n_busy: int) -> list[list[str]]:
    """One row for each figure; the speed-up is of the shipped over the first version."""
    busy, idle = f"{n_busy} cores busy", "idle"
    figures: list[tuple[str, Callable[[Result], float]]] = [
        (f"one line, warm prompt, {idle}: p50", lambda r: median(r["warm"])),
        (f"one line, warm prompt, {idle}: p95", lambda r: p95(r["warm"])),
        (f"one line, warm prompt, {busy}: p50", lambda r: median(r["busy"])),
        (f"one line, warm prompt, {busy}: p95", lambda r: p95(r["busy"])),
        ("one line, prompt encoded from nothing: p50", lambda r: median(r["cold"])),
        ("block hole where ten lines were, warm: p50", lambda r: median(r["block"])),
        ("ten lines selected, warm: p50", lambda r: median(r["selection"])),
        ("follow-up: one token typed, 2 steps, 1 score: p50", lambda r: median(r["follow_up"])),
        ("follow-up: p95", lambda r: p95(r["follow_up"])),
    ]
    rows: list[list[str]] = []
    for name, figure in figures:
        values = [figure(r) if r["block"] or "ten lines" not in name else None for r in ran.values()]
        speed_up = [ratio(values[1], values[0])] if len(values) == 2 else []
        rows.append([name, *map(number, values), *speed_up])
    slowed = [ratio(median(r["busy"]), median(r["warm"])) for r in ran.values()]
    rows.append([f"{busy} over {idle}, p50", *slowed])
    for stage in next(iter(ran.values()))["stages"]:
        rows.append([f"of the warm p50: {stage}", *(number(r["stages"].get(stage)) for r in ran.values())])
    rows.append(["CPU seconds in 3 s of doing nothing", *(f"{r['idle_cpu_s']:.3f}" for r in ran.values())])
    rows.append(["threads alive then", *(str(r["threads"]) for r in ran.values())])
    return rows


RENDERERS: dict[str, Callable[[Result], str]] = {
    "machine": machine_part,
    "steps": steps_part,
    "busy": busy_part,
    "masked": masked_part,
    "startup": startup_part,
    "agreement": agreement_part,
    "fills": fills_part,
    "default": default_part,
}
