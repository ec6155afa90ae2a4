"""What was converted is read the second time, is whole or not there, and is made again where it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from model.load import load_engine
from model.torch.load import load_network
from model.types import CheckpointError, ModelSpec
from model.weights import stream
from model.weights.converted import Writer
from model.weights.manifest import MANIFEST, cache_folder, read_manifest
from model.weights.verify import verify
from tests.model.weights.test_loader import QUANTIZED, logits


def entries() -> list[Path]:
    return sorted(cache_folder().iterdir()) if cache_folder().is_dir() else []


def never(*_, **__):
    raise AssertionError("converted again")


@pytest.mark.parametrize("quant", QUANTIZED)
def test_the_second_load_converts_nothing(published: Path, quant, monkeypatch: pytest.MonkeyPatch) -> None:
    first = logits(load_network(published, "cpu", quant))
    assert len(entries()) == 1
    monkeypatch.setattr(stream, "packed", never)
    assert torch.equal(logits(load_network(published, "cpu", quant)), first)


def test_another_form_or_another_file_is_another_entry(published: Path) -> None:
    load_network(published, "cpu", "int4")
    load_network(published, "cpu", "int8")
    assert len(entries()) == 2
    file = next(published.glob("*.safetensors"))
    os.utime(file, (1, 1))
    load_network(published, "cpu", "int4")
    assert len(entries()) == 3


def test_a_converted_folder_is_a_checkpoint(published: Path) -> None:
    load_network(published, "cpu", "int4")
    (entry,) = entries()
    engine = load_engine(ModelSpec(str(entry), device="cpu"))  # in its own format, without being told
    assert engine.tokenizer.encode("x") and read_manifest(entry).quant == "int4"
    with pytest.raises(CheckpointError, match="holds int4"):
        load_network(entry, "cpu", "int8")


@pytest.mark.parametrize("break_it", ["cut", "gone", "manifest", "version"])
def test_a_broken_entry_is_made_again(published: Path, break_it: str) -> None:
    first = logits(load_network(published, "cpu", "int4"))
    (entry,) = entries()
    file = next(entry.glob("*.safetensors"))
    if break_it == "cut":
        file.write_bytes(file.read_bytes()[:-5])
    elif break_it == "gone":
        file.unlink()
    elif break_it == "manifest":
        (entry / MANIFEST).write_text("{")
    else:
        (entry / MANIFEST).write_text((entry / MANIFEST).read_text().replace('"version": 1', '"version": 99'))
    assert torch.equal(logits(load_network(published, "cpu", "int4")), first)
    assert list(verify(entry))


def test_a_checksum_that_is_wrong_is_found(published: Path) -> None:
    load_network(published, "cpu", "int4")
    (entry,) = entries()
    file = next(entry.glob("*.safetensors"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    read_manifest(entry)  # as long as it should be
    with pytest.raises(CheckpointError, match="checksum"):
        list(verify(entry))


def test_nothing_half_done_is_left(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0

    def packs_some(*args):
        nonlocal count
        count += 1
        if count > 5:
            raise KeyboardInterrupt
        return kept(*args)

    kept = stream.packed
    monkeypatch.setattr(stream, "packed", packs_some)
    with pytest.raises(KeyboardInterrupt):
        load_network(published, "cpu", "int4")
    assert entries() == []


def test_a_full_disk_costs_only_the_cache(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "free_bytes", lambda _: 100)
    load_network(published, "cpu", "int4")
    assert entries() == []
    monkeypatch.undo()


def test_a_disk_that_is_full_at_the_end_costs_only_the_cache(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writer, "finish", full)
    load_network(published, "cpu", "int4")
    assert entries() == []


def test_a_cache_that_cannot_be_written_costs_only_the_cache(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    load_network(published, "cpu", "int4")
