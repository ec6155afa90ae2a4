"""`infill --engine http` as a process of its own, against a real server on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.openai_server import OpenAIServer, Reply, filling, serving

ROOT = Path(__file__).parents[3]
CODE = b"def area(w, h):\n    return w * \n"
TIMEOUT_S = 120

pytestmark = pytest.mark.e2e


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as started:
        yield started


def infill(folder: Path, *argv: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "infill", *argv]
    whole = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"} | environment
    return subprocess.run(command, cwd=folder, env=whole, capture_output=True, timeout=TIMEOUT_S)


def http(server: OpenAIServer) -> tuple[str, ...]:
    return "--engine", "http", "--url", server.url


@pytest.fixture
def area(tmp_path: Path) -> Path:
    (tmp_path / "area.py").write_bytes(CODE)
    return tmp_path


def test_a_hole_is_filled(server: OpenAIServer, area: Path) -> None:
    server.answer, server.key = filling("h", log_probs={"h": -0.25}), "secret-of-a-test"
    run = infill(area, "fill", "area.py:2:16", "--json", *http(server), DG_LSP_API_KEY=server.key)
    assert run.returncode == 0, run.stderr.decode()
    record = json.loads(run.stdout)
    assert (record["text"], record["source"], record["confidence"]) == ("h", "left_to_right", 0.7788)
    assert set(server.keys) == {"Bearer secret-of-a-test"}
    assert b"secret-of-a-test" not in run.stdout + run.stderr


def test_what_a_server_writes_is_not_called_diffusion(server: OpenAIServer, area: Path) -> None:
    server.answer = filling("h", log_probs={"h": -0.25})
    run = infill(area, "fill", "area.py:2:16", "--explain", *http(server))
    assert run.returncode == 0, run.stderr.decode()
    assert b"filled: left_to_right, converged, confidence 0.78" in run.stderr
    assert b"[by served, hole " in run.stderr, "the model that answered"
    assert b"diffusion" not in run.stderr and b"step" not in run.stderr


def test_several_candidates_of_one_request(server: OpenAIServer, area: Path) -> None:
    server.answer = filling("h", "height()", "h")
    run = infill(area, "fill", "area.py:2:16", "--json", "--candidates", "3", *http(server))
    assert [c["text"] for c in json.loads(run.stdout)["candidates"]] == ["h", "height()"]
    assert len(server.bodies) == 1


def test_lines_are_rewritten_as_they_are_asked_to_be(server: OpenAIServer, area: Path) -> None:
    (area / "area.py").write_bytes(CODE.replace(b"* \n", b"+ h\n"))
    server.answer = lambda _: Reply(("```python\n    return w * h\n```",))
    run = infill(area, "rewrite", "area.py:2-2", "--instruction", "Multiply.", "--write", *http(server))
    assert run.returncode == 0, run.stderr.decode()
    assert (area / "area.py").read_bytes() == b"def area(w, h):\n    return w * h\n"
    assert server.prompts[0] == "```python\n    return w + h\n```\n\nMultiply."


def test_all_holes_of_a_function(server: OpenAIServer, area: Path) -> None:
    (area / "total.py").write_text("def total(boxes):\n    if boxes:\n        ...\n    return ...\n")
    whole = "    if boxes:\n        result = boxes\n    return result\n"
    server.answer = lambda _: Reply((f"```python\ndef total(boxes):\n{whole}```",) * 3)
    run = infill(area, "fill", "--holes", "total.py", "--write", *http(server))
    assert run.returncode == 0, run.stderr.decode()
    assert (area / "total.py").read_text() == f"def total(boxes):\n{whole}"


@pytest.mark.parametrize("answer", ["<hole1/>", "a <|fim_middle|>", "</hole1>"])
def test_a_mark_of_ours_is_never_written_as_code(server: OpenAIServer, area: Path, answer: str) -> None:
    server.answer = filling(answer)
    run = infill(area, "fill", "area.py:2:16", "--write", *http(server))
    assert run.returncode in (0, 1), run.stderr.decode()
    assert not {"<", "|", ">"} & set((area / "area.py").read_text())


def test_what_is_believed_least_cannot_be_asked(server: OpenAIServer, area: Path) -> None:
    run = infill(area, "refine", "area.py:1-1", *http(server))
    assert run.returncode == 1
    assert b"this model does not say how likely the tokens are; rewrite the lines instead" in run.stderr


def test_what_other_files_say_goes_with_it(server: OpenAIServer, area: Path) -> None:
    (area / "shapes.py").write_text('def square(side: float) -> float:\n    """The area."""\n    return side**2\n')
    (area / "area.py").write_text("from shapes import square\n\nprint(square())\n")
    server.answer = filling("2")
    assert infill(area, "fill", "area.py:3:14", *http(server)).returncode == 0
    assert "def square(side: float) -> float:" in server.prompts[0].partition("This is the file:")[0]


def test_a_failure_in_the_middle_is_a_reason(server: OpenAIServer, area: Path) -> None:
    server.answer = lambda _: Reply(status=400, body="{}")
    run = infill(area, "fill", "area.py:2:16", *http(server))
    assert (run.returncode, run.stdout) == (1, b"")
    assert f"server_failed ({server.url}: answered 400".encode() in run.stderr


def test_what_cannot_be_opened_is_one_line(server: OpenAIServer, area: Path) -> None:
    server.key = "secret-of-a-test"
    refused = infill(area, "fill", "area.py:2:16", *http(server))
    no_url = infill(area, "fill", "area.py:2:16", "--engine", "http")
    no_engine = infill(area, "fill", "area.py:2:16", "--url", server.url)
    bench = infill(area, "bench", "line", "--limit", "1", "--source", "area.py", "--engine", "http")
    of_ours = infill(area, "fill", "area.py:2:16", *http(server), "--quant", "int4")
    runs = (refused, no_url, no_engine, bench, of_ours)
    assert [run.returncode for run in runs] == [2] * 5
    assert [run.stderr.count(b"\n") for run in runs] == [1] * 5
    assert b"put the key into DG_LSP_API_KEY" in refused.stderr
    assert b"--engine http needs --url" in no_url.stderr
    assert b"--url needs --engine http" in no_engine.stderr
    assert b"--engine http needs --url" in bench.stderr
    assert b"do not work with --engine http" in of_ours.stderr


def test_a_benchmark_asks_the_server_that_it_is_told_of(server: OpenAIServer, area: Path) -> None:
    (area / "many.py").write_text(
        "".join(f"def area_{i}(width, height):\n    return width * height\n" for i in range(9))
    )
    server.answer = filling("height")
    run = infill(area, "bench", "line", "--limit", "2", "--source", "many.py", *http(server))
    assert run.returncode == 0, run.stderr
    assert b"exact match" in run.stdout and b"served" in run.stdout and server.bodies


def test_the_doctor_looks_at_the_server(server: OpenAIServer, area: Path) -> None:
    server.answer = filling("x")
    run = infill(area, "doctor", "--json", *http(server))
    found = {check["name"]: check for check in map(json.loads, run.stdout.splitlines())}
    assert run.returncode == 0, run.stdout.decode()
    assert found["server"]["detail"] == f"{server.url} has served"
    assert f"served on {server.url}" in found["fill"]["detail"]
    missing = infill(area, "doctor", "--model", "mine", *http(server))
    assert "not mine" in missing.stdout.decode() and "--model served" in missing.stdout.decode()
    server.close()
    gone = infill(area, "doctor", *http(server))
    assert gone.returncode == 1
    assert f"fail  server        {server.url}: no server answers there" in gone.stdout.decode()
