"""From a published model to a folder of our own, and what is said of files that are no such model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from model.causal import licence
from model.causal.blocks import from_blocks, to_blocks
from model.causal.config import LICENCE, MANIFEST, WEIGHTS, read_manifest
from model.causal.convert import convert
from model.causal.licence import NOTICE
from model.causal.list_written import listed
from model.causal.sessions import open_folder
from model.causal.sources import sha256_of
from model.causal.tokenizer import CausalTokenizer
from model.causal.written import LIST, LISTED_VOCABULARY, N_WRITTEN, Written
from model.load import load_engine
from model.types import CheckpointError, ModelSpec

ROOT = Path(__file__).parents[3]
RNG = np.random.default_rng(0)


def test_blocks_give_back_what_they_can() -> None:
    codes = RNG.integers(-127, 128, (4, 3, 32)).astype(np.float32)
    codes[..., 0] = 127
    exact = (codes * np.float32(0.25)).reshape(4, 96)
    assert np.array_equal(from_blocks(to_blocks(exact, 8)), exact), "as in GGUF's Q8_0"
    weight = RNG.standard_normal((5, 64), np.float32)
    weight[2] = 0
    for bits, step in ((8, 127), (4, 8)):
        error = np.abs(from_blocks(to_blocks(weight, bits)) - weight).reshape(5, 2, 32).max(-1)
        largest = np.abs(weight).reshape(5, 2, 32).max(-1)
        assert (error <= largest / step * 1.001).all()


def test_a_converted_folder_is_whole(published: Path, converted: dict[str, Path]) -> None:
    folder = converted["int8"]
    manifest = read_manifest(folder)
    assert manifest.source_sha256 == sha256_of(published / "model.safetensors")
    assert {path.name for path in folder.iterdir()} >= {"config.json", "tokenizer.json", NOTICE, MANIFEST, WEIGHTS}
    with safe_open(folder / WEIGHTS, framework="numpy") as weights:
        assert weights.get_tensor("layers.0.qkv.codes").dtype == np.int8
    assert json.loads((folder / "config.json").read_bytes())["architectures"] == ["Qwen2ForCausalLM"]


def test_licence_and_notice_go_with_the_weights(published: Path, tmp_path: Path) -> None:
    """The terms come from inside the package: an installed one has no other file of ours. Nobody else's are claimed."""
    package = Path(licence.__file__).parent
    assert all(path.is_relative_to(package) for path in licence.TEXTS.values())
    convert(published, tmp_path / "known", licence="Apache-2.0")
    terms = (tmp_path / "known" / LICENCE).read_text("utf-8")
    assert "Apache License" in terms and terms.rstrip().endswith("END OF TERMS AND CONDITIONS")
    assert "dg-lsp" not in terms
    notice = (tmp_path / "known" / NOTICE).read_text("utf-8")
    assert published.name in notice and "Apache-2.0" in notice and "Changed by dg-lsp" in notice
    convert(published, tmp_path / "unknown")
    assert not (tmp_path / "unknown" / LICENCE).exists()
    assert "Apache" not in (tmp_path / "unknown" / NOTICE).read_text("utf-8")


def test_converting_again_replaces_the_folder(published: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    for kind in ("blocks4", "int8"):
        convert(published, tmp_path / "out", kind, on_part=lambda done, of: seen.append((done, of)))
    assert read_manifest(tmp_path / "out").format == "int8"
    assert seen[-1][0] == seen[-1][1]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


KILLED = """
import os, signal, sys
from pathlib import Path
from model.causal.convert import convert

def on_part(done, of):
    if done == of // 2:
        print("half", flush=True)
        sys.stdin.read() if sys.argv[3] == "waits" else os.kill(os.getpid(), signal.SIGKILL)

convert(Path(sys.argv[1]), Path(sys.argv[2]), on_part=on_part)
"""


def converting(published: Path, folder: Path, then: str) -> subprocess.Popen[str]:
    """A process that is half through a conversion; it `waits`, or is `killed`."""
    command = [sys.executable, "-c", KILLED, str(published), str(folder), then]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None and process.stdout.readline() == "half\n"
    return process


def test_what_a_killed_conversion_leaves_goes_with_the_next(published: Path, tmp_path: Path) -> None:
    with converting(published, tmp_path / "out", "killed") as killed:
        assert killed.wait(60) != 0
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".out.") and (left / "out" / WEIGHTS).is_file()
    with converting(published, tmp_path / "out", "waits") as at_work:
        (of_another,) = tmp_path.iterdir()
        assert of_another != left, "removed already when it began"
        convert(published, tmp_path / "out")
        assert of_another.is_dir(), "somebody writes there"
        at_work.communicate("\n", 60)
    assert at_work.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert read_manifest(tmp_path / "out").format == "int8"


def test_the_wrong_hash_writes_nothing(published: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"SHA-256 is .* not 00; fetch it again"):
        convert(published, tmp_path / "out", sha256="00")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "llama"}, "model_type is 'llama'"),
        ({"use_sliding_window": True}, "sliding window"),
        ({"hidden_size": 60}, "does not describe a causal model"),
        ({"intermediate_size": 128}, "not \\[128, 64\\]"),
        ({"num_hidden_layers": 4}, "has no tensor model.layers.3"),
    ],
)
def test_another_model_is_refused(changes: dict, said: str, published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(published, folder)
    config = json.loads((folder / "config.json").read_bytes()) | changes
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=said):
        convert(folder, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_damaged_folder_is_refused(converted: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "converted"
    shutil.copytree(converted["int8"], folder)
    weights = folder / WEIGHTS
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-10])
    with pytest.raises(CheckpointError, match=r"weights.safetensors: \d+ of \d+ bytes are there; convert"):
        open_folder(folder)
    weights.write_bytes(b"\xff" * len(whole))
    with pytest.raises(CheckpointError, match=r"weights.safetensors: cannot be read"):
        open_folder(folder)
    weights.unlink()
    with pytest.raises(CheckpointError, match="0 of"):
        open_folder(folder)
    (folder / MANIFEST).write_text('{"version": 1}')
    with pytest.raises(CheckpointError, match="convert the model again"):
        load_engine(ModelSpec(str(folder)))


def test_tokens_of_the_prompt_can_be_written_too() -> None:
    written = Written(np.array([1, 5, 6]), 10, [5, 8, 2, 8])
    assert written.extra_ids.tolist() == [2, 8]
    assert written.slots([1, 8, 2, 3]).tolist() == [0, 4, 3, -1]


def test_the_list_of_written_tokens_has_what_must_be_there(converted: dict[str, Path], tmp_path: Path) -> None:
    tokenizer = CausalTokenizer.load(converted["float32"])
    (tmp_path / "a.py").write_text("ab" * 9)
    ids = set(listed(tokenizer, [tmp_path / "a.py"]).tolist())
    assert set(tokenizer.encode("ab")) | tokenizer.special_ids <= ids
    found = np.flatnonzero(np.unpackbits(np.frombuffer(LIST.read_bytes(), np.uint8)))
    assert len(found) == N_WRITTEN and found.max() < LISTED_VOCABULARY
