"""Whole fills as a user waits for them, over real holes in held-out code; and what a loaded filler costs idle.

A fill is everything from the text to the ranked candidates. Its prompt is warm when the fill before had the
same: keys and values of all its tokens are there. Prompts are longer than the embedded model's settings make
them, about `PROMPT_TOKENS`, to show what a model with a longer one would cost.

Requests come after a pause, as a user's do. It matters on a busy machine: a scheduler lets what has slept run
first, and what asks without end wait its turn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import psutil

from infill.bench.hole_sampling import MAX_FILE_CHARS, held_out_files, line_holes
from infill.holes.find_hole import find_hole
from infill.pipeline.filler import ModelFiller
from infill.prompt.canvas import build_canvas
from infill.prompt.context import PromptContext, prompt_context
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Filled, FillRequest, Hole, RewriteRequest, Span
from model.engine.engine import DiffusionEngine
from model.types import Budget, CancelToken, Canvas
from tests.bench.cpu.busy import busy
from tests.bench.cpu.clock import once
from tests.bench.cpu.runtimes import open_engine

PROMPT_TOKENS, SPREAD = 512, 64  # prompts taken: so many tokens, give or take
ROOM = 64  # tokens that the budget has to be larger, because a prefix begins at one of few lines
N_FREE = 12  # of the follow-up's canvas
BLOCK_LINES = 10
N_LOOKED_AT = 5  # times as many holes as wanted, for prompts of the right length
MIN_BYTES = 8_000  # of a file: shorter ones have no prompt that long
IDLE_S = 3.0
PAUSE_S = 0.15  # before each timed request


def whole_fills(
    runtime: str, scratch: str, n_threads: int | None, n_holes: int, n_blocks: int, n_busy: int
) -> dict[str, Any]:
    """Job: milliseconds of every kind of fill, idle and busy; CPU seconds of an idle filler."""
    engine = open_engine(runtime, scratch, n_threads)
    engine.info = msgspec.structs.replace(engine.info, max_prompt_tokens=PROMPT_TOKENS + ROOM)
    filler = ModelFiller(engine, runtime)
    places = list(deep_holes(engine, n_holes))
    blocks = list(block_requests(n_blocks))
    answers = [answer(filler, request) for request, _ in places]
    follow_up = [warm_follow_up(engine, around) for _, around in places]
    removed = [answer(filler, hole) for hole, _ in blocks]
    selected = [answer(filler, selection) for _, selection in blocks]
    idle_cpu_s, n_alive = idle_cost()
    with busy(n_busy):
        under_load = [answer(filler, request) for request, _ in places]
    return {
        "prompt_tokens": median(len(around.prompt_ids) for _, around in places),
        "filled": sum(a["filled"] for a in answers),
        "cold": [a["cold"] for a in answers],
        "warm": [a["warm"] for a in answers],
        "busy": [a["warm"] for a in under_load],
        "stages": stages(answers),
        "block": [a["warm"] for a in removed],
        "selection": [a["warm"] for a in selected],
        "follow_up": follow_up,
        "idle_cpu_s": idle_cpu_s,
        "threads": n_alive,
    }


def answer(filler: ModelFiller, request: FillRequest) -> dict[str, Any]:
    """Milliseconds of a fill right after another hole's (cold), and of the same with another seed (warm)."""
    results: list[Any] = []
    time.sleep(PAUSE_S)
    cold = once(lambda: results.append(filler.fill(request, CancelToken())))
    again = msgspec.structs.replace(request, seed=request.seed + 1)
    time.sleep(PAUSE_S)
    warm = once(lambda: results.append(filler.fill(again, CancelToken())))
    last = results[-1]
    return {"cold": cold, "warm": warm, "filled": isinstance(last, Filled), "stages": last.timings_ms}


def stages(answers: list[dict[str, Any]]) -> dict[str, float]:
    """Median milliseconds of each stage of the warm fills."""
    names = {name for a in answers for name in a["stages"]}
    return {name: median(a["stages"].get(name, 0.0) for a in answers) for name in sorted(names)}


def deep_holes(engine: DiffusionEngine, n: int) -> Iterator[tuple[FillRequest, PromptContext]]:
    """Ends of lines whose prompt is about `PROMPT_TOKENS` long."""
    python = by_id("python")
    assert python is not None
    for line in line_holes(long_files(), n * N_LOOKED_AT, seed=0):
        hole = find_hole(parse(python, line.holed), line.span.start, "manual")
        if not isinstance(hole, Hole):
            continue
        around = prompt_context(line.holed, hole, engine.info, engine.tokenizer)
        if abs(len(around.prompt_ids) - PROMPT_TOKENS) <= SPREAD:
            yield FillRequest(text=line.holed, language="python", offset=line.span.start), around
            n -= 1
        if n == 0:
            return


def long_files() -> list[Path]:
    """Held-out files that are long enough, and short enough for `line_holes` to take."""
    return [f for f in held_out_files() if MIN_BYTES < f.stat().st_size < MAX_FILE_CHARS]


def block_requests(n: int) -> Iterator[tuple[FillRequest, RewriteRequest]]:
    """Ten lines of a function's body: taken out, with the cursor where they were; and selected."""
    files = long_files()
    for path in files[:: max(1, len(files) // n)][:n]:
        found = body_lines(path)
        if found is not None:
            text, start, end, indent = found
            holed = text[:start] + indent + text[end:]
            yield (
                FillRequest(text=holed, language="python", offset=start + len(indent)),
                RewriteRequest(text=text, language="python", selection=Span(start, end)),
            )


def body_lines(path: Path) -> tuple[str, int, int, str] | None:
    """A file's text, the span of ten lines in a row that are indented and not blank, and their indent."""
    text = path.read_text("utf-8", "replace")
    lines = text.splitlines(keepends=True)
    middle = len(lines) // 2
    for first in range(middle, len(lines) - BLOCK_LINES):
        chosen = lines[first : first + BLOCK_LINES]
        indent = chosen[0][: len(chosen[0]) - len(chosen[0].lstrip())]
        if len(indent) >= 4 and all(line.strip() and line.startswith(indent) for line in chosen):
            start = sum(map(len, lines[:first]))
            return text, start, start + len("".join(chosen).rstrip("\n")), indent
    return None


def warm_follow_up(engine: DiffusionEngine, around: PromptContext) -> float:
    """Milliseconds after a token was typed: two steps from the last draft, then the score of one candidate."""
    cancel = CancelToken()
    canvas = build_canvas(around, N_FREE)
    drafted = engine.denoise(around.prompt_ids, [canvas], Budget(4), cancel, 0)[0].token_ids
    n_clamped = len(around.tail_ids) + 1
    ids = (*around.tail_ids, *drafted, *around.near_suffix_ids)
    free = [n_clamped <= i < len(around.tail_ids) + len(drafted) for i in range(len(ids))]

    def follow_up() -> None:
        fill = engine.denoise(around.prompt_ids, [Canvas(ids, tuple(free), warm=True)], Budget(2), cancel, 1)[0]
        whole = [*ids[:n_clamped], *fill.token_ids, *around.near_suffix_ids]
        engine.score(around.prompt_ids, [whole], cancel)

    time.sleep(PAUSE_S)
    return once(follow_up)


def idle_cost() -> tuple[float, int]:
    """CPU seconds that this process takes while nothing is asked of it, and how many threads it has."""
    before = time.process_time()
    time.sleep(IDLE_S)
    return time.process_time() - before, psutil.Process().num_threads()
