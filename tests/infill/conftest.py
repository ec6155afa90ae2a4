"""The `infill` command in this process, with a scripted filler in place of the model."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

import infill.pipeline.filler
from infill.cli.main import main
from infill.types import FillRequest
from model.types import ModelSpec, OnBytes
from tests.infill.fake_filler import Answer, FakeFiller, filled

CODE = b"def area(w, h):\n    return w * \n"


class Run:
    """Runs the command in this process with a fake filler in place of the model."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]) -> None:
        self._monkeypatch = monkeypatch
        self._capture = capture
        self.answer: Answer = lambda request: filled(request, "h")
        self.opened: list[str | None] = []
        self.requests: list[FillRequest] = []

        def open_filler(spec: ModelSpec, _on_bytes: OnBytes | None = None) -> FakeFiller:
            self.opened.append(spec.model)
            filler = FakeFiller(lambda request: self.answer(request))
            filler.requests = self.requests
            return filler

        monkeypatch.setattr(infill.pipeline.filler, "open_filler", open_filler)

    def __call__(self, *argv: str | Path, stdin: bytes = b"") -> tuple[int, bytes, str]:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main([str(argument) for argument in argv])
        out, err = self._capture.readouterr()
        return code, out, err.decode()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    return Run(monkeypatch, capsysbinary)


@pytest.fixture
def area(tmp_path: Path) -> Path:
    path = tmp_path / "area.py"
    path.write_bytes(CODE)
    return path
