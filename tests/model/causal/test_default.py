"""The default model: the fetched one where it is, else the embedded one; and how it gets there."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from infill.cli.model_command import model
from infill.pipeline.filler import open_filler
from infill.types import FillRequest, NoFill
from model.catalog import CATALOG
from model.causal.config import LICENCE, read_manifest
from model.causal.licence import NOTICE
from model.checkpoint_path import fetched_folders, find
from model.config import DEFAULT_NAME, EMBEDDED, folder_of
from model.hub.named import fetch_named
from model.types import CancelToken, CheckpointError, ModelSpec


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any model."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def fetch(name: str, given: Path) -> tuple[Path, list[str]]:
    told: list[str] = []
    return fetch_named(name, given, told.append, lambda *_: None, CancelToken()), told


def test_without_a_fetched_model_it_is_the_embedded_one(user: Path) -> None:
    assert folder_of(ModelSpec()) == folder_of(ModelSpec("embedded")) == EMBEDDED
    assert fetched_folders() == []


def test_a_fetched_model_is_the_default_and_the_embedded_one_has_a_name(user: Path, published: Path) -> None:
    folder, told = fetch(DEFAULT_NAME, published)
    assert folder == user / "data" / "dg-lsp" / "models" / DEFAULT_NAME and fetched_folders() == [folder]
    assert told == [f"{DEFAULT_NAME}: converting; this takes a minute"]
    assert folder_of(ModelSpec()) == folder_of(ModelSpec(DEFAULT_NAME)) == folder
    assert folder_of(ModelSpec("embedded")) == EMBEDDED
    assert folder_of(ModelSpec(device="cpu")) == folder  # in torch
    assert folder_of(ModelSpec(quant="bf16")) == EMBEDDED  # its own format cannot be changed


def test_the_default_fills_in_its_languages_and_names_the_others(user: Path, published: Path) -> None:
    fetch(DEFAULT_NAME, published)
    filler = open_filler(ModelSpec(threads=1))
    assert filler.model_name == DEFAULT_NAME and filler.languages is not None and "go" in filler.languages
    answer = filler.fill(FillRequest("x = \n", "go", offset=4), CancelToken())
    assert answer.hole is not None  # random weights: whatever they write, the way through is there
    unasked = filler.fill(FillRequest('{"a": \n}\n', "json", offset=6, trigger="automatic"), CancelToken())
    assert isinstance(unasked, NoFill) and unasked.reason == "manual_language"
    asked = filler.fill(FillRequest('{"a": \n}\n', "json", offset=6), CancelToken())
    assert getattr(asked, "reason", "") != "manual_language"


def test_any_name_can_be_given_to_a_model_of_ones_own(user: Path, published: Path) -> None:
    folder, _ = fetch("mine", published)
    assert read_manifest(folder).format == "int8" and find("mine") == folder
    with pytest.raises(CheckpointError, match="is no name for a model"):
        fetch("../mine", published)


def test_a_model_that_is_not_here_says_how_to_get_it(user: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"infill model fetch qwen-1\.5b gets it \(1117 MB, licence Apache-2\.0\)"
    ):
        folder_of(ModelSpec("qwen-1.5b"))


def test_a_fetched_model_is_listed_verified_and_removed_by_its_name(
    user: Path, published: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder, _ = fetch("mine", published)
    for arguments, said in (
        (["list"], b"mine            int8"),
        (["verify", "mine"], b"ok    weights.safetensors"),
        (["verify", "embedded"], b"ok    model.safetensors"),
        (["remove", "--yes", "mine"], b"removed mine"),
    ):
        assert model(arguments) == 0
        assert said in capsysbinary.readouterr().out
    assert not folder.exists()


def test_a_fetched_model_that_is_damaged_is_said_so(
    user: Path, published: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder, _ = fetch("mine", published)
    with (folder / "weights.safetensors").open("ab") as file:
        file.truncate(1000)
    assert model(["verify", "mine"]) == 1
    assert capsysbinary.readouterr().out.startswith(b"fail  ")


def test_a_program_is_told_how_far_it_is(
    user: Path, published: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert model(["fetch", "mine", "--gguf", str(published), "--json", "--progress"]) == 0
    *lines, last = map(json.loads, capsysbinary.readouterr().out.splitlines())
    assert lines[-1]["stage"] == "converting" and lines[-1]["done"] == lines[-1]["total"]
    assert last["path"] == str(user / "data" / "dg-lsp" / "models" / "mine")


def test_a_folder_of_before_there_was_a_notice_is_completed(
    user: Path, published: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`verify` says so, and fetching writes the notice without converting again."""
    folder, _ = fetch("mine", published)
    notice = (folder / NOTICE).read_text("utf-8")
    (folder / NOTICE).unlink()
    assert model(["verify", "mine"]) == 1
    said = capsysbinary.readouterr().out
    assert b"NOTICE: missing, as in folders of older versions; infill model fetch writes it" in said
    assert b"else convert published" in said
    entry = msgspec.structs.replace(CATALOG[DEFAULT_NAME], name="mine", sha256=read_manifest(folder).source_sha256)
    monkeypatch.setitem(CATALOG, "mine", entry)
    weights = (folder / "weights.safetensors").stat().st_mtime_ns
    assert model(["fetch", "mine"]) == 0 and model(["verify", "mine"]) == 0
    assert (folder / "weights.safetensors").stat().st_mtime_ns == weights
    completed = (folder / NOTICE).read_text("utf-8")
    assert completed.splitlines()[:2] == notice.splitlines()[:2] and "Apache-2.0" in completed
    assert "END OF TERMS AND CONDITIONS" in (folder / LICENCE).read_text("utf-8")
