"""A converted folder in the library's class: the same scores as ONNX Runtime gives, with whatever is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.causal.load import load_causal_engine
from model.causal.network import CausalNetwork
from model.causal.onnx_runtime import OnnxRuntime
from model.causal.reading import ROOT
from model.causal.sessions import open_folder
from model.causal.torch_runtime import TorchRuntime
from model.config import folder_of
from model.load import load_engine
from model.types import CancelToken, CheckpointError, ModelSpec

TEXT: list[int] = np.random.default_rng(0).integers(0, 256, 150).tolist()


@pytest.mark.parametrize("kind", ["float32", "int8", "blocks8", "blocks4"])
def test_same_scores_as_the_class_gives_for_the_weights_of_the_file(kind: str, converted: dict[str, Path]) -> None:
    """In whole numbers, ONNX Runtime rounds activations too, so only float32 agrees to the last digits."""
    rows = []
    for runtime in (TorchRuntime(converted[kind], "cpu"), OnnxRuntime(open_folder(converted[kind], 1))):
        network = CausalNetwork(runtime)
        network.prefill(TEXT[:100])
        reading = network.reading()
        nodes = reading.extend(TEXT[100:], [ROOT, *range(len(TEXT) - 101)])
        rows.append(reading.log_probs([ROOT, *nodes]))
    assert np.abs(rows[0] - rows[1]).mean() < (1e-5 if kind == "float32" else 0.25)


def test_trees_cuts_and_copies_equal_a_fresh_read(converted: dict[str, Path]) -> None:
    network = CausalNetwork(TorchRuntime(converted["float32"], "cpu"))
    for prompt in (TEXT, [*TEXT[:40], 7, 8, *TEXT[40:90]], TEXT[:30], TEXT):
        network.prefill(prompt)
        reading = network.reading()
        reading.extend([1, 2, 3, 4], [ROOT, 0, 0, ROOT])
        reading.keep(2)
        (last,) = reading.extend([5], [1])
        fresh = CausalNetwork(OnnxRuntime(open_folder(converted["float32"], 1)))
        fresh.prefill([*prompt, 1, 3, 5])
        assert reading.log_probs([last])[0] == pytest.approx(fresh.reading().log_probs([ROOT])[0], abs=1e-4)


def test_a_cancelled_read_goes_on_where_it_stopped(converted: dict[str, Path]) -> None:
    engine = load_causal_engine(converted["float32"], ModelSpec(device="cpu"))
    cancel = CancelToken()
    cancel.cancel()
    assert engine.read(TEXT, cancel) is False and engine.network.n_unread(TEXT) == len(TEXT)
    assert engine.read(TEXT, CancelToken()) is True


def test_the_same_draft_as_on_the_cpu_without_torch(converted: dict[str, Path]) -> None:
    drafts = [
        load_causal_engine(converted["float32"], ModelSpec(device=device, threads=1)).draft(TEXT, 12, CancelToken())
        for device in (None, "cpu")
    ]
    assert drafts[0] == drafts[1] and drafts[0]


def test_a_device_that_is_not_there_is_named(converted: dict[str, Path]) -> None:
    with pytest.raises(CheckpointError, match="cuda:77"):
        load_engine(ModelSpec(str(converted["int8"]), device="cuda:77"))


@pytest.mark.gpu
def test_on_a_gpu_it_writes_what_it_writes_on_the_cpu(real_folder: Path) -> None:
    prompt = None
    texts = []
    for device in (None, "cuda"):
        engine = load_causal_engine(real_folder, ModelSpec(device=device))
        prompt = engine.tokenizer.prompt((), "\n", "def add(a, b):\n    return a")
        texts.append(engine.tokenizer.decode(engine.draft(prompt, 3, CancelToken())))
    assert texts[0].strip().startswith("+ b") and texts[1].strip().startswith("+ b")


def test_the_default_model_is_used_on_a_device_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("model.config.fetched_folder", lambda name: tmp_path / name)
    assert folder_of(ModelSpec(device="cuda")) == tmp_path / "qwen-0.5b"
