"""A folder with one thing wrong gives one line that names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.load import load_engine
from model.types import CheckpointError, ModelSpec
from tests.model.weights.conftest import weight_map

NAME = "model.decoder.layers.2.experts.down_proj"


def failure(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_engine(ModelSpec(str(folder), device="cpu", quant="int4"))
    message = str(caught.value)
    assert "\n" not in message and str(folder) in message
    return message


def rewritten(folder: Path, change) -> str:
    """Change the tensors of the shard that has NAME; return the shard's name."""
    file = weight_map(folder)[NAME]
    weights = load_file(folder / file)
    save_file(change(weights), folder / file, {"format": "pt"})
    return file


@pytest.mark.parametrize("kept", [0.9, 0.3, 0.0])
def test_a_shard_cut_short(published: Path, kept: float) -> None:
    file = weight_map(published)[NAME]
    data = (published / file).read_bytes()
    (published / file).write_bytes(data[: int(len(data) * kept)])
    assert file in failure(published) and "cut short" in failure(published)


def test_a_missing_shard(published: Path) -> None:
    file = weight_map(published)[NAME]
    (published / file).unlink()
    assert f"{file} is missing" in failure(published)


def test_a_name_changed(published: Path) -> None:
    file = rewritten(published, lambda w: {n.replace(NAME, NAME + "s"): t for n, t in w.items()})
    assert f"{file} has no tensor {NAME}, 1 missing in all; {NAME}s is not one" in failure(published)


def test_a_shape_changed(published: Path) -> None:
    rewritten(published, lambda w: w | {NAME: w[NAME][:, :, :32].contiguous()})
    assert f"{NAME} in" in failure(published) and "[8, 128, 32]" in failure(published)


def test_a_dtype_changed(published: Path) -> None:
    rewritten(published, lambda w: w | {NAME: w[NAME].to(torch.float8_e4m3fn)})
    assert f"{NAME} in" in failure(published) and "F8_E4M3" in failure(published)


def test_an_index_that_is_none(published: Path) -> None:
    (published / "model.safetensors.index.json").write_text(json.dumps({"weights": 1}))
    assert "model.safetensors.index.json" in failure(published)


def test_a_pointer_in_place_of_a_shard(published: Path) -> None:
    file = weight_map(published)[NAME]
    (published / file).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert "git lfs pull" in failure(published)


def test_no_weights_at_all(published: Path) -> None:
    for file in published.glob("model*"):
        file.unlink()
    assert "neither model.safetensors.index.json nor model.safetensors" in failure(published)
