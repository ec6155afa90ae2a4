"""What a program that nobody has read may not do."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("limits of a process are POSIX", allow_module_level=True)

from infill.bench.sandbox import passes


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("assert 1 + 1 == 2", ""),
        ("assert 1 + 1 == 3", "AssertionError"),
        ("raise SystemExit(3)", "exit status 3"),
        ("def f(:", "SyntaxError: invalid syntax"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "PermissionError: not allowed here: socket"),
        ("import subprocess; subprocess.run(['true'])", "PermissionError: not allowed here: subprocess.Popen"),
        ("import os; os.system('true')", "PermissionError: not allowed here: os.system"),
        ("x = bytearray(1 << 31)", "MemoryError"),
        ("open('f', 'wb').write(bytes(1 << 22))", "OSError: [Errno 27]"),
        ("import os; assert set(os.environ) <= {'LC_CTYPE'} and not os.listdir('.')", ""),
    ],
)
def test_limits(program: str, said: str) -> None:
    ok, failure = passes(program)
    assert ok is (said == "") and failure.startswith(said)


def test_a_program_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infill.bench.sandbox.SECONDS", 1)
    assert passes("while True: pass")[0] is False
    assert passes("import time; time.sleep(60)") == (False, "time limit")
