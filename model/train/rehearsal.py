"""Every stage once, small: what a lent GPU must not be the first to find out.

Own sources stand in for the packages; archives, corpus, tokenizer, training with a stop and a resume in the
middle, export, graphs, and a fill with the shipped folder follow, each through the code that a real run
uses. Takes about two minutes on two cores.
"""

from __future__ import annotations

import sys
import tempfile
import time
import zipfile
from pathlib import Path

import msgspec

from model.config import ONNX
from model.load import load_engine
from model.train import export, to_onnx
from model.train.arguments import SIZES, Size
from model.train.cleaning import NearDuplicates
from model.train.corpus import Package, documents
from model.train.documents import read_documents, write_documents
from model.train.loop import main as train
from model.train.tokenizer import train as train_tokenizer
from model.types import Budget, CancelToken, Canvas, ModelSpec

ROOT = Path(__file__).parents[1]
N_VOCAB = 600
SIZE = Size(
    msgspec.structs.replace(SIZES["small"].network, hidden_size=64, n_layers=2, n_heads=2, n_kv_heads=1,
                            head_dim=32, intermediate_size=96, expert_size=32),
    msgspec.structs.replace(SIZES["small"].shape, prompt=96, far_suffix=24, canvases=2, canvas=32,
                            buckets=(8, 16)),
    4,
)  # fmt: skip


def archive(folder: Path, name: str, sources: list[Path]) -> Package:
    """A wheel-like archive of our own sources, as a line of a manifest."""
    path = folder / f"{name}-1.whl"
    with zipfile.ZipFile(path, "w") as z:
        for source in sources:
            z.write(source, f"{name}/{source.name}")
    return Package(name, "1", "Apache-2.0", path.name, "")


def rehearse() -> None:
    """Run every stage in a temporary folder, saying how long each took."""
    with tempfile.TemporaryDirectory() as name:
        folder, started = Path(name), time.perf_counter()

        def say(stage: str) -> None:
            print(f"rehearsal, {time.perf_counter() - started:5.1f} s: {stage}", flush=True)

        sources = sorted(ROOT.rglob("*.py"))
        corpus = folder / "corpus"
        corpus.mkdir()
        for half, files in (("train", sources[1:]), ("heldout", sources[:1] + sources[-4:])):
            write_documents(
                documents([archive(folder, half, files)], folder, NearDuplicates()), corpus / f"{half}.jsonl"
            )
        texts = [d.text for d in read_documents(corpus / "train.jsonl")]
        say(f"corpus of {len(texts)} files, {sum(map(len, texts))} characters")
        tokenizer = folder / "tokenizer"
        tokenizer.mkdir()
        train_tokenizer(texts, N_VOCAB).save(str(tokenizer / "tokenizer.json"))
        say("tokenizer")
        SIZES["rehearsal"] = SIZE
        common = ["--corpus", str(corpus), "--tokenizer", str(tokenizer), "--run", str(folder / "run"),
                  "--size", "rehearsal", "--workers", "2"]  # fmt: skip
        train([*common, "--minutes", "0.3"])
        say("trained, stopped by the clock")
        train([*common, "--minutes", "0.3", "--resume"])
        say("resumed")
        out = folder / "shipped"
        export.run(folder / "run" / "state.pt", tokenizer, out)
        to_onnx.write(out)
        say(f"exported: {', '.join(sorted(p.name for p in (*out.iterdir(), *(out / ONNX).iterdir())))}")
        for device in (None, "cpu"):
            engine = load_engine(ModelSpec(str(out), device=device))
            prompt = engine.tokenizer.prompt((), "", "import os\n\n\ndef size(path):\n    return ")
            canvas = Canvas((0,) * 6, (True,) * 6)
            fill = engine.denoise(prompt, [canvas], Budget(4), CancelToken(), seed=0)[0]
            say(f"{engine.info.dtype} fill: {engine.tokenizer.decode(fill.token_ids)!r}")
            if len(fill.token_ids) != 6:
                sys.exit("rehearsal: the shipped folder does not fill")
