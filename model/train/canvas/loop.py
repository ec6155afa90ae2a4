"""The training loop: steps until the minutes are over, measured, logged and saved; it goes on where it was."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import torch

from model.train.canvas.blocks import HIDDEN, WINDOW, Blocks, Marks, Stage, Window, draw, window
from model.train.canvas.corpus import ENDS, TOKENS
from model.train.canvas.objective import Figures, Learner
from model.train.canvas.state import WARM_UP, Run

HELD_OUT_FILES, HELD_OUT_WINDOWS = 120, 20  # the last files of the corpus are never trained on
LOG_EVERY, SAVE_EVERY_S, CHECK_EVERY_S = 20, 600.0, 1800.0
LEAST_RATE = 0.02  # of the rate, at the end of an annealed run


class Corpus(NamedTuple):
    """Ids of all files [n], and where each file ends [files + 1]."""

    ids: np.ndarray
    ends: np.ndarray

    def file(self, n: int) -> np.ndarray:
        """The ids [n] of one file."""
        return self.ids[self.ends[n] : self.ends[n + 1]]

    @property
    def n_trained(self) -> int:
        """How many files are trained on."""
        return max(len(self.ends) - 1 - HELD_OUT_FILES, (len(self.ends) - 1) // 2)


def read_corpus(folder: Path) -> Corpus:
    """What `corpus build` wrote; raises OSError where it has not."""
    return Corpus(np.load(folder / TOKENS, mmap_mode="r"), np.load(folder / ENDS))


def windows(corpus: Corpus, marks: Marks, rng: random.Random) -> Iterator[Window]:
    """Windows of files that are trained on, without end; raises ValueError where no file is long enough."""
    n_short = 0
    while n_short < 10_000:
        found = window(corpus.file(rng.randrange(corpus.n_trained)), marks, rng)
        n_short = n_short + 1 if found is None else 0
        if found is not None:
            yield found
    raise ValueError(f"no file of the corpus has {WINDOW} tokens and what follows them")


class Check:
    """Held-out windows with blocks of four, all hidden: the same for every run and every stage."""

    def __init__(self, corpus: Corpus, marks: Marks) -> None:
        rng = random.Random(7)
        files = range(corpus.n_trained, len(corpus.ends) - 1)
        found = (window(corpus.file(n), marks, rng) for n in files)
        self._windows = [w for w in found if w is not None][:HELD_OUT_WINDOWS]

    @torch.no_grad()
    def __call__(self, learner: Learner) -> dict[str, object]:
        """Loss (nats), share of each row that is right, mean right beginning, share equal to the base's."""
        rng = random.Random(5)
        every = [learner.figures(w, blocks_of_four(w, rng)) for w in self._windows]

        def mean(name: str) -> torch.Tensor:  # [] or [rows]
            return torch.stack([getattr(one, name) for one in every]).mean(0)

        return {
            "held_out": round(float(mean("text")), 3),
            "rows": [round(float(v), 3) for v in mean("right")],
            "beginning": round(float(mean("beginning")), 3),
            "agree": round(float(mean("agree")), 3),
        }


def blocks_of_four(window: Window, rng: random.Random) -> Blocks:
    """Forty blocks of four rows, all hidden."""
    last = len(window.ids) - 6
    starts = torch.tensor(sorted(rng.sample(range(window.n_before + 24, last + 1), 40)))
    return Blocks(starts, torch.full((40, 4), HIDDEN), 4)


class Log:
    """Lines of JSON, on the terminal and in a file beside the state."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, **row: object) -> None:
        """Write one line."""
        line = msgspec.json.encode(row).decode()
        print(line, flush=True)
        with self._path.open("a") as file:
            file.write(line + "\n")


def learn(run: Run, learner: Learner, corpus: Corpus, marks: Marks, plan: Plan) -> dict[str, object]:
    """Train for `plan.minutes`, from where the run is; returns the last held-out figures."""
    rng = random.Random(run.step * 7919 + 1)
    source, check, log = windows(corpus, marks, rng), Check(corpus, marks), Log(plan.state.with_suffix(".jsonl"))
    started = saved = checked = logged = time.monotonic()
    before, first = run.minutes, run.step
    recent: list[Figures] = []
    n_tokens = 0
    while (share := (time.monotonic() - started) / 60 / plan.minutes) < 1:
        example = next(source)
        blocks = draw(example, plan.stage, rng, plan.n_rows)
        figures = learner.figures(example, blocks)
        warm = min(1.0, (run.step - first + 1) / WARM_UP)
        run.learn(figures.loss, warm * (max(LEAST_RATE, 1 - share) if plan.anneal else 1.0))
        run.n_blocks += len(blocks.starts)
        run.minutes = before + (time.monotonic() - started) / 60
        n_tokens += len(example.ids) + 3 * blocks.shown.numel()  # backwards costs twice as much as forwards
        recent.append(figures)
        now = time.monotonic()
        if run.step % LOG_EVERY == 0:
            text = float(torch.stack([one.text for one in recent]).mean())
            rate = n_tokens / (now - logged)
            log(step=run.step, blocks=run.n_blocks, minutes=round(run.minutes, 1), text=round(text, 3),
                rows_per_s=round(rate), peak=round(rate * plan.flops_per_row / plan.peak_flops, 3))  # fmt: skip
            recent, n_tokens, logged = [], 0, now
        if now - saved > SAVE_EVERY_S:
            run.save(plan.state)
            saved = now
        if now - checked > CHECK_EVERY_S:
            log(step=run.step, blocks=run.n_blocks, **check(learner))
            checked = now
    run.save(plan.state)
    last = check(learner)
    log(step=run.step, blocks=run.n_blocks, minutes=round(run.minutes, 1), stage=plan.stage, **last)
    return last


class Plan(NamedTuple):
    """How long a run takes, on what, and what its speed is compared with."""

    minutes: float
    stage: Stage
    state: Path
    anneal: bool = False
    n_rows: int = 176
    flops_per_row: float = 1.0  # floating point operations of a token forwards
    peak_flops: float = 1.0  # of this machine a second, measured
