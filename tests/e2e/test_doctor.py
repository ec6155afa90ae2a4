"""`infill doctor` and `dg-lsp doctor` as processes of their own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import ROOT
from tests.openai_server import filling, serving

EMBEDDED = ROOT / "model" / "embedded"
TIMEOUT_S = 300

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.weights,
    pytest.mark.skipif(not (EMBEDDED / "model.safetensors").is_file(), reason="the embedded weights are missing"),
]


def doctor(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", program, "doctor", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S)


def found(program: str, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    run = doctor(program, "--json", *arguments)
    checks = [json.loads(line) for line in run.stdout.splitlines()]
    return run.returncode, {check["name"]: check for check in checks}


def states(checks: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: check["state"] for name, check in checks.items()}


def test_all_is_well_here(runtime_folder: Path) -> None:
    code, checks = found("dg_lsp")
    slow = {name for name in ("fill", "engine") if "later than" in checks[name]["detail"]}  # a busy machine
    names = ("python", "packages", "torch", "grammars", "checkpoint", "default", "memory", "fill", "format",
             "socket", "engines", "engine")  # fmt: skip
    assert states(checks) == {name: "warn" if name in slow else "ok" for name in (*names, "state")}
    assert code == 0
    assert checks["default"]["remedy"].startswith("infill model fetch qwen-0.5b")
    assert "diffusiongemma-26B" in checks["format"]["detail"]
    assert "dg-embedded-6m on cpu" in checks["fill"]["detail"] and str(runtime_folder) in checks["socket"]["detail"]
    assert [name for name in found("infill")[1]] == list(names[:9])


def test_what_is_wrong_has_a_remedy_and_what_is_right_is_still_looked_at(runtime_folder: Path) -> None:
    (runtime_folder / "stats.json").write_text("{")
    runtime_folder.chmod(0o777)
    run = doctor("dg_lsp", "--model", str(runtime_folder / "none"))
    runtime_folder.chmod(0o700)
    assert run.returncode == 1 and run.stderr == ""
    lines = run.stdout.splitlines()
    assert any(line.startswith("fail  checkpoint") and "no such folder" in line for line in lines)
    assert any(line.startswith("warn  socket") and "chmod 700" in line for line in lines)
    at = next(i for i, line in enumerate(lines) if line.startswith("warn  state"))
    assert lines[at + 1].strip() == "-> dg-lsp stats --reset"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("model.safetensors", None, "no *.safetensors"),
        ("infill.json", b'{"line_steps": "x"}', "line_steps"),
        ("onnx/trunk.onnx", b"", "trunk.onnx"),
    ],
)
def test_a_broken_checkpoint_is_named(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    folder = tmp_path / "checkpoint"
    shutil.copytree(EMBEDDED, folder)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    run = doctor("infill", "--model", str(folder))
    assert run.returncode == 1 and said in run.stdout, run.stdout


def test_a_model_in_a_server_needs_no_engine(runtime_folder: Path) -> None:
    with serving() as server:
        server.answer = filling("x")
        code, checks = found("dg_lsp", "--engine", "http", "--url", server.url)
    assert code == 0 and list(checks) == ["python", "packages", "grammars", "server", "fill", "state"]
    half = doctor("dg_lsp", "--engine", "http")
    assert half.returncode == 2 and "needs --url" in half.stderr and half.stdout == ""
