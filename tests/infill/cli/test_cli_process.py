"""The `infill` command as a process of its own: real streams, real exit codes, and what it imports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WEIGHTS = ROOT / "model" / "embedded" / "model.safetensors"
CODE = b"def area(w, h):\n    return w * \n"
TIMEOUT_S = 300  # a busy machine may take a minute to load torch and fill

pytestmark = pytest.mark.e2e
needs_weights = pytest.mark.skipif(not WEIGHTS.exists(), reason="model/embedded/model.safetensors is missing")

# The command, then the names of all modules that it imported.
LOGGED = """
import atexit, sys
from infill.cli.main import main
atexit.register(lambda: open({log!r}, "w").write(" ".join(sys.modules)))
sys.exit(main(sys.argv[1:]))
"""


def environment_now() -> dict[str, str]:
    """The environment of the command, without the developer's own models."""
    return os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def infill(*argv: str, stdin: bytes = b"", cwd: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "infill", *argv]
    return subprocess.run(command, input=stdin, cwd=cwd, env=environment_now(), capture_output=True, timeout=TIMEOUT_S)


def one_line(run: subprocess.CompletedProcess[bytes]) -> str:
    """What a run that must fail on its input says."""
    assert (run.returncode, run.stdout) == (2, b"")
    assert run.stderr.count(b"\n") == 1, run.stderr.decode()
    return run.stderr.decode()


@pytest.mark.parametrize(
    "place", ["missing.py:1:1", "latin.py:1:1", "folder.py:1:1", "huge.py:1:1", "area.py:7:1", "fifo.py:1:1"]
)
def test_bad_input_is_told_without_importing_torch(tmp_path: Path, place: str):
    (tmp_path / "area.py").write_bytes(CODE)
    (tmp_path / "latin.py").write_bytes(b"\xff")
    (tmp_path / "folder.py").mkdir()
    with open(tmp_path / "huge.py", "wb") as huge:
        huge.truncate(50_000_000)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo.py")
    log = tmp_path / "modules"
    command = [sys.executable, "-c", LOGGED.format(log=str(log))]
    command += ["fill", "--write", "area.py:1:1", place]
    run = subprocess.run(command, cwd=tmp_path, env=environment_now(), capture_output=True, timeout=30)
    assert one_line(run).startswith(f"infill: {place.split(':')[0]}")
    imported = log.read_text().split()
    assert "infill.files.read" in imported  # else the log says nothing
    assert not {"torch", "transformers", "infill.pipeline.filler"} & set(imported)
    assert (tmp_path / "area.py").read_bytes() == CODE


def test_too_much_on_stdin_is_one_line():
    assert "stdin: is too large (the limit is 5 MB)" in one_line(infill("fill", "-:1:1", stdin=b"x" * 6_000_000))


def test_a_closed_stdin_is_one_line():
    command = f'exec "{sys.executable}" -m infill fill -:1:1 <&-'
    run = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment_now(), capture_output=True, timeout=30)
    assert one_line(run) == "infill: standard input is closed\n"


@pytest.fixture(params=["buffered", "unbuffered"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """Without a buffer a write fails at once, with one only when it is flushed, at the latest at exit."""
    return environment_now() | {"PYTHONUNBUFFERED": "1" if request.param == "unbuffered" else ""}


# Gives JSON without a model: nobody knows the language.
NEEDS_NO_MODEL = [sys.executable, "-m", "infill", "fill", "--json", "notes.xyz:1:1"]


def test_a_reader_that_went_away_is_quiet(tmp_path: Path, environment: dict[str, str]):
    (tmp_path / "notes.xyz").write_bytes(b"text")
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        NEEDS_NO_MODEL, stdout=writer, stderr=subprocess.PIPE, cwd=tmp_path, env=environment, timeout=30
    )
    os.close(writer)
    assert run.returncode == 130
    assert json.loads(run.stderr)["file"] == "notes.xyz"  # the times, and no complaint


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line(tmp_path: Path, environment: dict[str, str]):
    (tmp_path / "notes.xyz").write_bytes(b"text")
    with open("/dev/full", "wb") as full:
        run = subprocess.run(
            NEEDS_NO_MODEL, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, env=environment, timeout=30
        )
    _, complaint = run.stderr.splitlines()
    assert run.returncode == 2
    assert complaint == b"infill: standard output cannot be written (No space left on device)"


def broken_checkpoint(folder: Path) -> subprocess.CompletedProcess[bytes]:
    (folder / "area.py").write_bytes(CODE)
    run = infill("fill", "--write", "area.py:2:16", "--model", "checkpoint", cwd=folder)
    assert (folder / "area.py").read_bytes() == CODE
    return run


def test_a_folder_that_is_no_checkpoint_is_one_line_and_writes_nothing(tmp_path: Path):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "config.json").write_bytes(b"{")
    assert "checkpoint" in one_line(broken_checkpoint(tmp_path))


@pytest.mark.weights
@needs_weights
def test_cut_off_weights_are_one_line_and_write_nothing(tmp_path: Path):
    shutil.copytree(WEIGHTS.parent, tmp_path / "checkpoint")
    os.truncate(tmp_path / "checkpoint" / WEIGHTS.name, 100_000)
    assert "checkpoint" in one_line(broken_checkpoint(tmp_path))


@pytest.mark.weights
@needs_weights
def test_the_same_seed_gives_the_same_bytes():
    runs = [infill("fill", "-:2:16", "--json", "--seed", "3", stdin=CODE) for _ in range(2)]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr.decode()
    assert runs[0].stdout == runs[1].stdout
    record = json.loads(runs[0].stdout)
    assert (record["file"], record["line"], record["column"], record["status"]) == ("-", 2, 16, "filled")
    times = [json.loads(line) for line in runs[0].stderr.splitlines()]
    assert len(times) == 1
    assert times[0]["milliseconds"] > 0


@pytest.mark.weights
@needs_weights
def test_the_diff_of_a_real_fill_applies(tmp_path: Path):
    (tmp_path / "area.py").write_bytes(CODE)
    run = infill("fill", "area.py:2:16", cwd=tmp_path)
    assert run.returncode == 0, run.stderr.decode()
    subprocess.run(["git", "apply"], input=run.stdout, cwd=tmp_path, check=True)
    assert (tmp_path / "area.py").read_bytes().startswith(CODE.rstrip(b"\n"))
    assert (tmp_path / "area.py").read_bytes() != CODE
