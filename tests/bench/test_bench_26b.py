"""The benchmark of the 26B runs where there is no GPU, small, and says what it needs to run for real."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from tests.bench.bench_26b import main  # noqa: E402

COMMAND = [sys.executable, str(Path(__file__).with_name("bench_26b.py"))]


def test_every_figure_has_a_value_and_the_measured_ones_an_aim(capsys: pytest.CaptureFixture[str]) -> None:
    n_threads = torch.get_num_threads()
    assert main(["--small", "--formats", "int4", "bf16"]) == 0
    torch.set_num_threads(n_threads)
    out = capsys.readouterr().out
    rows = [line.split("|")[1:-1] for line in out.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in rows[0]] == ["figure", "bf16", "int4", "aim"]
    names = {row[0].strip() for row in rows}
    assert {"step at canvas 64, ms (times its floor)", "one line, 5 steps and the judge, ms"} <= names
    assert sum(bool(row[-1].strip()) for row in rows) >= 6


def test_without_a_gpu_it_says_what_it_needs() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    out = subprocess.run(COMMAND, capture_output=True, text=True, timeout=120)
    assert out.returncode == 2 and "no CUDA device" in out.stderr and not out.stdout
