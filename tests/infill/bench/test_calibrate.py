"""Calibrating a checkpoint on one's own files: the same curve again, and a reason where there can be none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infill.bench.calibrate import draw, main, usual_confidence
from infill.bench.code.code_set import source_files
from model.config import EMBEDDED
from model.engine.hole_lengths import LENGTHS, read_usual
from model.load import load_engine
from model.types import ModelSpec

FILES = "infill"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EMBEDDED, tmp_path / "mine"))


def test_the_curve_is_written_and_read_and_the_same_again(folder: Path) -> None:
    assert main([str(folder), "--files", FILES, "--holes", "40"]) == 0
    usual = read_usual(folder)
    assert usual is not None and usual.n_holes == 40
    assert 1 > usual(1) > usual(8) > usual(31) > 0
    again = usual_confidence(load_engine(ModelSpec(str(folder))), draw(source_files([Path(FILES)]), 40, 0), 0)
    assert again == usual


def test_too_few_holes_are_refused_before_the_model_loads(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.py").write_text("def f(x):\n    return x + 1\n")
    assert main([str(folder), "--files", str(tmp_path / "one.py")]) == 2
    assert "a curve takes 40" in capsys.readouterr().err
    assert not (folder / LENGTHS).exists()


def test_a_missing_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nothing"), "--files", FILES]) == 2
    assert "no such folder" in capsys.readouterr().err
