"""`python -m infill.bench.calibrate FOLDER --files DIR`: the confidence usual for each length of a hole in your code.

Takes holes out of your own Python files, asks the model for one denoising step at every length that it tries, and
writes the curve (model/engine/hole_lengths.py) into the checkpoint folder. From then on a checkpoint with `keep_best`
finishes only the lengths that fit. The same files, seed and model give the same curve.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from tqdm import tqdm

from infill.bench.code.code_set import source_files
from infill.bench.hole_sampling import BenchHole, block_holes, line_holes
from infill.cli import console
from infill.prompt.canvas import build_canvas
from infill.prompt.context import Preamble, prompt_context
from infill.prompt.instructions import instructions_for
from infill.types import Hole, InputError, Span
from model.config import check_folder
from model.engine.hole_lengths import LENGTHS, UsualConfidence, confidence, fitted
from model.types import Budget, CancelToken, CheckpointError, Engine, ModelSpec

LEAST_HOLES = 40  # a mean of fewer depends too much on which holes they are
BLOCK_SHARE = 0.3


def draw(files: list[Path], n_holes: int, seed: int) -> list[tuple[BenchHole, bool]]:
    """Return holes at ends of lines (False) and over bodies of functions (True). Raises `InputError` for too few."""
    blocks = block_holes(files, int(n_holes * BLOCK_SHARE), seed)
    lines = line_holes(files, n_holes - len(blocks), seed)
    holes = [(hole, False) for hole in lines] + [(hole, True) for hole in blocks]
    if len(holes) < LEAST_HOLES:
        raise InputError(f"--files: {len(holes)} holes found, a curve takes {LEAST_HOLES}; name more Python files")
    return holes


def usual_confidence(engine: Engine, holes: Sequence[tuple[BenchHole, bool]], seed: int) -> UsualConfidence:
    """Return the curve through the mean confidence (0..1) of the first step at every length, over the same holes."""
    lengths = sorted({*engine.info.line_lengths, *engine.info.block_lengths})
    measured: dict[int, list[float]] = {n: [] for n in lengths}
    for i, (sampled, multiline) in enumerate(tqdm(holes, "holes", disable=None)):
        hole = Hole(Span(sampled.span.start, sampled.span.start), "block" if multiline else "line_end", "", multiline)
        asked = instructions_for(sampled.holed, hole, "python")
        prompt = prompt_context(sampled.holed, hole, engine.info, engine.tokenizer, Preamble(asked=asked))
        canvases = [build_canvas(prompt, n) for n in lengths]
        fills = engine.denoise(prompt.prompt_ids, canvases, Budget(1), CancelToken(), seed + i)
        for n, fill in zip(lengths, fills, strict=True):
            measured[n].append(confidence(fill.token_entropies))
    return fitted({n: statistics.fmean(values) for n, values in measured.items()}, len(holes))


def write(folder: Path, usual: UsualConfidence) -> Path:
    """Write the curve into the checkpoint folder and return its path. Raises `InputError` where that fails."""
    path = folder / LENGTHS
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(usual), indent=1) + b"\n")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); copy the checkpoint to a folder of yours"
        ) from None
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 2 for wrong arguments or an unusable checkpoint."""
    parser = argparse.ArgumentParser(prog="python -m infill.bench.calibrate", description=__doc__)
    parser.add_argument("folder", type=Path, help="checkpoint folder")
    parser.add_argument("--files", type=Path, nargs="+", required=True, help="your Python files or folders")
    parser.add_argument("--holes", type=int, default=100, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="draws the holes and the noise (default %(default)s)")
    args = parser.parse_args(argv)
    try:
        check_folder(args.folder)
        holes = draw(source_files(args.files), args.holes, args.seed)

        from model.load import load_engine  # brings torch

        engine = load_engine(ModelSpec(str(args.folder)))
        usual = usual_confidence(engine, holes, args.seed)
        path = write(args.folder, usual)
    except (InputError, CheckpointError, ValueError) as error:
        console.say(f"calibrate: {error}")
        return 2
    for n in sorted({*engine.info.line_lengths, *engine.info.block_lengths}):
        console.say(f"{n:4} tokens: {usual(n):.3f}")
    console.say(f"{path}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
