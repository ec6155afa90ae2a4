"""Draws the pictures of the model card: losses over training, and how far a confidence can be believed.

First `infill bench line --limit 300 --seed 8 --context --json > fills.jsonl`, then `python -m model.train.plot --fills
fills.jsonl`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import matplotlib
import msgspec
from matplotlib.axes import Axes
from matplotlib.figure import Figure

HERE = Path(__file__).parent
SMOOTH = 5  # log lines averaged
BINS = 8  # of as many fills each
SHIPPED = "with context"  # the column of the benchmark that is drawn


class LogLine(msgspec.Struct, frozen=True):
    """What is drawn of a line of the training log: losses in nats per token."""

    step: int
    minutes: float
    causal: float
    hole: float
    heldout_causal: float | None = None
    heldout_hole: float | None = None


class Fill(msgspec.Struct, frozen=True):
    """What is drawn of a line that `infill bench line --json` prints."""

    fill: str | None
    confidence: float
    exact: bool
    variant: str


def draw_losses(axes: Axes, log: Sequence[LogLine]) -> None:
    """Both losses over the minutes, averaged over a few log lines; those on held-out files as dots."""
    for name, color in (("causal", "tab:blue"), ("hole", "tab:orange")):
        values = [getattr(line, name) for line in log]
        near = [values[max(0, i - SMOOTH + 1) : i + 1] for i in range(len(values))]
        axes.plot([line.minutes for line in log], [sum(v) / len(v) for v in near], label=name, color=color)
        held_out = [(line.minutes, value) for line in log if (value := getattr(line, f"heldout_{name}")) is not None]
        if held_out:
            axes.plot(*zip(*held_out, strict=True), "o", markersize=3, label=f"{name}, held out", color=color)
    axes.set(xlabel="minutes of training", ylabel="loss, nats per token")
    axes.legend(frameon=False)


def draw_reliability(axes: Axes, fills: Sequence[Fill]) -> None:
    """Fills in groups of equal size by confidence: how sure on average, and how many were right."""
    said = sorted((f.confidence, f.exact) for f in fills if f.fill is not None and f.variant == SHIPPED)
    groups = [said[len(said) * i // BINS : len(said) * (i + 1) // BINS] for i in range(BINS)]
    points = [(sum(c for c, _ in own) / len(own), sum(e for _, e in own) / len(own)) for own in groups if own]
    axes.plot((0, 1), (0, 1), color="lightgrey", label="as sure as right")
    axes.plot(*zip(*points, strict=True), "o-", label=f"{len(said)} fills in {len(points)} groups")
    axes.set(xlabel="mean confidence", ylabel="exactly right", xlim=(0, 1), ylim=(0, 1))
    axes.legend(frameon=False)


def save(figure: Figure, path: Path) -> None:
    """Write the figure as SVG, the same bytes for the same data."""
    with matplotlib.rc_context({"svg.hashsalt": "dg-lsp", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw what there is data for."""
    parser = argparse.ArgumentParser(prog="python -m model.train.plot", description=__doc__)
    parser.add_argument("--log", type=Path, default=HERE / "log.jsonl", help="of the training run")
    parser.add_argument("--fills", type=Path, help="JSON lines of `infill bench line --json`")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the pictures (default: %(default)s)")
    args = parser.parse_args(arguments)
    _draw(args.log, LogLine, draw_losses, args.out / "loss.svg")
    if args.fills:
        _draw(args.fills, Fill, draw_reliability, args.out / "reliability.svg")


Line = TypeVar("Line", LogLine, Fill)


def _draw(data: Path, kind: type[Line], draw: Callable[[Axes, Sequence[Line]], None], out: Path) -> None:
    lines = [msgspec.json.decode(line, type=kind) for line in data.read_bytes().splitlines()]
    figure = Figure(figsize=(6, 4))
    draw(figure.subplots(), lines)
    save(figure, out)
    print(f"{out}: {len(lines)} lines of {data}")


if __name__ == "__main__":
    main()
