"""What `--write` keeps beside the text, what a signal leaves behind, and names that look like options."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infill.files.read import SourceFile
from infill.files.write import write_all
from infill.types import InputError, NoFill
from tests.infill.conftest import CODE, Run
from tests.infill.fake_filler import filled

ROOT = Path(__file__).parents[3]
FILLED = CODE.replace(b"w * ", b"w * h")
pytestmark = [pytest.mark.reports, pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")]


@pytest.mark.parametrize(
    "command", [("fill", "area.py:2:16"), ("fill", "--holes", "area.py"), ("rewrite", "area.py:2-2")]
)
def test_a_file_with_two_names_is_refused_before_a_model_is_loaded(run: Run, area: Path, command: tuple[str, ...]):
    os.link(area, area.with_name("other.py"))
    code, out, err = run(*command, "--write")
    assert (code, out, run.opened) == (2, b"", [])
    assert err.startswith("infill: area.py: has 2 names (hard links)") and err.count("\n") == 1
    assert os.path.samefile(area, area.with_name("other.py")) and area.read_bytes() == CODE
    assert run("fill", "area.py:2:16")[0] == 0, "a diff needs no write"


def test_a_symbolic_link_is_no_second_name(run: Run, area: Path):
    link = area.with_name("link.py")
    link.symlink_to(area)
    assert run("fill", "--write", "link.py:2:16")[0] == 0
    assert link.is_symlink() and area.read_bytes() == FILLED


def give(path: Path, name: str, value: bytes) -> None:
    if not hasattr(os, "setxattr"):
        pytest.skip("Python has no extended attributes here")
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"this file system has no {name}: {error.strerror}")


# An access list: the owner and user 1 may read and write, the group and others read.
ACCESS = b"\x02\0\0\0" + b"".join(
    tag.to_bytes(2, "little") + rights.to_bytes(2, "little") + (user & 0xFFFFFFFF).to_bytes(4, "little")
    for tag, rights, user in ((1, 6, -1), (2, 6, 1), (4, 4, -1), (16, 6, -1), (32, 4, -1))
)


@pytest.mark.parametrize(
    ("name", "value"),
    [("user.dg.origin", b"https://\0"), ("user.empty", b""), ("system.posix_acl_access", ACCESS)],
)
def test_extended_attributes_are_kept(run: Run, area: Path, name: str, value: bytes):
    give(area, name, value)
    mode = area.stat().st_mode
    assert run("fill", "--write", "area.py:2:16")[0] == 0
    assert area.read_bytes() == FILLED
    assert (os.getxattr(area, name), area.stat().st_mode) == (value, mode)


def test_an_attribute_that_cannot_be_kept_is_a_refusal(area: Path, monkeypatch: pytest.MonkeyPatch):
    give(area, "user.dg.origin", b"x")

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setxattr", refuse)
    with pytest.raises(InputError, match=r"area.py: cannot be written \(its extended attribute user.dg.origin cannot"):
        write_all([(SourceFile.read(area), "new")])
    assert area.read_bytes() == CODE and os.listdir(area.parent) == ["area.py"]


# The command with a write during which a signal comes; a second file shows whether all or none were written.
SIGNALLED = """
import os, sys
from pathlib import Path
from infill.files import write
from infill.files.read import SourceFile

usual, left = os.{call}, [{when}]

def slow(*arguments, **options):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), {number})
    return usual(*arguments, **options)

from infill.cli import main
os.{call} = slow
main.COMMANDS["fill"] = main._Command("", lambda _: write.write_all([(SourceFile.read(f), "new") for f in "ab"]) or 0)
sys.exit(main.main(["fill"]))
"""


@pytest.mark.parametrize(("call", "when"), [("fsync", 1), ("fsync", 2), ("replace", 1), ("replace", 2), ("chmod", 1)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_no_temporary_file(tmp_path: Path, call: str, when: int, number: signal.Signals):
    for name in "ab":
        (tmp_path / name).write_text("old")
    script = SIGNALLED.format(call=call, when=when, number=int(number))
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = run_with_signals(script, tmp_path, env)
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text() == "new"
    assert done.returncode == 128 + number, done.stderr.decode()


def run_with_signals(script: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a script as from a terminal: who starts tests in the background has Ctrl-C ignored, for all its processes."""
    script = f"import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n{script}"
    return subprocess.run([sys.executable, "-c", script], cwd=folder, env=env, capture_output=True, timeout=60)


def test_a_signal_unwinds_what_a_command_had_opened(tmp_path: Path):
    script = """
import os, signal, sys, tempfile, time
from infill.cli import main

def bench(_):
    with tempfile.TemporaryDirectory(dir="."):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

main.COMMANDS["bench"] = main._Command("", bench)
sys.exit(main.main(["bench"]))
"""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = run_with_signals(script, tmp_path, env)
    assert (done.returncode, done.stderr, os.listdir(tmp_path)) == (143, b"", [])


@pytest.mark.parametrize("name", ["-x.py", "--write.py", "--.py", "-"])
def test_what_follows_two_dashes_is_a_path(run: Run, tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(CODE)
    place = f"{name}:2:16"
    code, out, err = run("fill", "--explain", "--", place, stdin=CODE)
    assert (code, b"+    return w * h" in out) == (0, True), err
    if name != "-":
        assert f"+++ b/{name}\n".encode() in out
    run.answer = lambda _: NoFill("empty_fill")
    for command in (("rewrite", "--", f"{name}:2-2"), ("refine", "--", f"{name}:2-2"), ("fill", "--holes", "--", name)):
        code, _, err = run(*command, stdin=CODE)
        assert code == 1, err
    run.answer = lambda request: filled(request, "h")
    more = ["--language", "python"] if name == "-" else []
    assert run("fill", "--write", *more, "--", f"./{name}:2:16")[0] == 0
    assert (tmp_path / name).read_bytes() == FILLED
