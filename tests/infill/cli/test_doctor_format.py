"""What the doctor says of formats: of the 26B where nothing was chosen, with torch and without."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from infill.cli import doctor_format
from infill.cli.doctor_format import format_found
from model.hardware import devices
from model.hardware.devices import may_have_gpu, usual_device
from model.types import CheckpointError
from model.weights.fitting import Device, chosen_quant, fitting
from model.weights.formats import step_bytes
from model.weights.layout import PUBLISHED_26B

GB = 10**9


def gpu(n_gb: int, capability: tuple[int, int] = (8, 9)) -> Device:
    return Device("cuda", "a card", n_gb * GB, n_gb * GB, capability)


@pytest.mark.parametrize(
    ("device", "quant"),
    [
        (gpu(80, (9, 0)), "bf16"),
        (gpu(48), "fp8"),
        (gpu(48, (8, 6)), "int8"),
        (gpu(24), "int4"),
        (gpu(16), None),
        (Device("cpu", "this processor", 64 * GB, 64 * GB), "int8"),
    ],
)
def test_the_least_lossy_format_that_fits_is_taken(device: Device, quant: str | None) -> None:
    assert fitting(PUBLISHED_26B, device) == quant


def test_a_wish_is_followed_or_refused_in_one_line() -> None:
    assert chosen_quant(PUBLISHED_26B, gpu(80), "int4", "m") == "int4"
    for device, wish, said in (
        (gpu(80, (8, 6)), "fp8", r"m: fp8 needs a GPU of compute capability 8.9, a card has 8.6; --quant int8 or int4"),
        (gpu(24), "bf16", r"m: needs 50.5 GB on a card in bf16, 22.6 GB are free; --quant int4 fits"),
        (gpu(12), None, r"m: needs 1\d.\d GB on a card in int4, 11.3 GB are free; close .*"),
    ):
        with pytest.raises(CheckpointError) as error:
            chosen_quant(PUBLISHED_26B, device, wish, "m")  # type: ignore[arg-type]
        assert re.fullmatch(said, str(error.value))


@pytest.mark.parametrize(("quant", "n_canvas", "gb"), [("bf16", 8, 24.8), ("fp8", 64, 27.1), ("int4", 64, 16.5)])
def test_the_bytes_of_a_step_are_those_of_the_research(quant, n_canvas: int, gb: float) -> None:
    """Times the H100's 3.35 TB/s, its table has 7.4, 8.1 and 4.9 ms."""
    assert abs(step_bytes(PUBLISHED_26B, quant, n_canvas) / 1e9 - gb) < 0.05 * gb


def test_of_the_26b_the_doctor_says_what_fits_and_how_fast_it_can_be() -> None:
    pytest.importorskip("torch")
    said = format_found(None, "cpu", None)
    assert "diffusiongemma-26B" in said
    assert "does not fit" in said or re.search(r"fits in \w+, .* at least [\d,.]+ ms at the \d+ GB/s measured", said)


@pytest.mark.skipif(may_have_gpu(), reason="torch is asked of it")
def test_torch_is_not_imported_where_there_is_no_sign_of_a_gpu() -> None:
    program = (
        "import sys; from infill.cli.doctor_format import *\n"
        "format_found(None, None, None); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


def test_where_there_is_a_sign_torch_says_what_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    usual = usual_device()
    assert (usual == "cuda") == torch.cuda.is_available()
    monkeypatch.setattr(devices, "may_have_gpu", lambda: True)
    assert usual_device() == usual


def test_without_torch_it_says_what_that_would_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_format, "find_spec", lambda _name: None)
    said = format_found(None, None, None)
    assert re.search(r"needs 1\d\.\d GB in int4, .* pip install 'dg-lsp\[gpu\]' brings torch", said)


def test_a_device_that_is_not_there_is_said(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    with pytest.raises(CheckpointError, match="--device abacus: cannot be used here"):
        format_found(None, "abacus", None)
