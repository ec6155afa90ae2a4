"""The engine against a real llama.cpp server with a tiny model, where the wheel `xllamacpp` is installed."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from model.http.code_points import CodePointTokenizer
from model.http.engine import HttpEngine, open_http_engine
from model.types import Budget, CancelToken, Canvas
from tests.native_servers import QWEN
from tests.tiny_gguf import write_gguf

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed"),
]

ROOT = Path(__file__).parents[3]
SERVE = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port, params.hostnames = sys.argv[1], int(sys.argv[2]), ["127.0.0.1"]
params.n_ctx, params.n_parallel, params.cpuparams.n_threads = 2048, 1, 1
server = xllamacpp.Server(params)
print("ready", flush=True)
sys.stdin.read()
"""
FOLLOWS = {" ": "h", "h": "\n", "\n": "x", "x": "\n"}
TOKENIZER = CodePointTokenizer()
Starter = Callable[[tuple[str, ...]], str]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts a server whose model has these marks; returns the URL of its API."""
    started: dict[tuple[str, ...], tuple[subprocess.Popen[bytes], str]] = {}

    def start_one(marks: tuple[str, ...]) -> str:
        if marks not in started:
            path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
            write_gguf(path, FOLLOWS, marks)
            with socket.create_server(("127.0.0.1", 0)) as listener:
                port = listener.getsockname()[1]
            command = [sys.executable, "-c", SERVE, str(path), str(port)]
            pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nothing)
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            started[marks] = process, f"http://127.0.0.1:{port}/v1"
        return started[marks][1]

    yield start_one
    for process, _ in started.values():
        process.kill()
        process.communicate()


def fill(engine: HttpEngine, before: str, after: str, n_free: int = 80) -> str:
    ids = (*[0] * n_free, *TOKENIZER.encode(after))
    canvas = Canvas(ids, (*[True] * n_free, *[False] * len(after)))
    (filled,) = engine.denoise(TOKENIZER.prompt((), "", before), [canvas], Budget(1, None), CancelToken(), 0)
    assert filled.stop_reason == "converged"
    return TOKENIZER.decode(filled.token_ids)


FIM = (QWEN.prefix, QWEN.suffix, QWEN.middle)


@pytest.mark.parametrize(("marks", "ways"), [(QWEN.marks, 3), (FIM, 2)], ids=["Qwen's marks", "its own infill"])
def test_a_line(start: Starter, marks: tuple[str, ...], ways: int) -> None:
    engine = open_http_engine(start(marks))
    assert len(engine.ways) == ways
    assert fill(engine, "x = w * ", "\nprint(x)\n") == "h"  # the blank is spelled again, and "h" follows it
    (score,) = engine.score(TOKENIZER.prompt((), "", "x = w * "), [TOKENIZER.encode("h\nprint")], CancelToken())
    assert sum(score.log_probs) == pytest.approx(0.0, abs=0.01)
    assert fill(engine, "x = w * ", "\nprint(x)\n") == "h"  # from the same slot


def test_a_text_with_all_that_a_grammar_may_stumble_over(start: Starter) -> None:
    engine = open_http_engine(start(FIM))
    for end in ('"', "\\", "]", "é", "😋", "\t", "a\u0301"):
        fill(engine, f"x = {end}", "\n")


def test_a_model_without_marks_chats(start: Starter) -> None:
    engine = open_http_engine(start(()))
    assert engine.ways == ("chat",)
    fill(engine, "x = w * ", "\nprint(x)\n")


def test_the_command_line(start: Starter, tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("function area(w, h) {\n  return \n}\n")
    command = [sys.executable, "-m", "infill", "fill", "a.js:2:10", "--write", "--engine", "http"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
    run = subprocess.run(
        [*command, "--url", start(QWEN.marks)], cwd=tmp_path, env=environment, capture_output=True, timeout=120
    )
    assert run.returncode == 0, run.stderr.decode()
    assert (tmp_path / "a.js").read_text() == "function area(w, h) {\n  return h\n}\n"
