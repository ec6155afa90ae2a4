"""Runs one command of `infill` in this process with the embedded model, as a user of the terminal does."""

from __future__ import annotations

import io
import sys

import pytest

from infill.cli.main import main


class Command:
    """One command; calling it returns the exit code, standard output, and what was said on standard error."""

    def __init__(self, name: str, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]) -> None:
        self._name, self._patch, self._capture = name, patch, capture

    def __call__(self, *argv: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main([self._name, "--model", "embedded", "--threads", "1", *argv])
        out, err = self._capture.readouterr()
        return code, out, err.decode()
