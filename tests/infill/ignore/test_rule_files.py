"""Ignore files that cannot be read or understood are a no, and each change of one counts at once."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infill.ignore.rule_files import MAX_BYTES, RuleFile, is_settled
from infill.ignore.rules import IgnoreRules, Verdict
from tests.infill.ignore.trees import posix, rule, write

SETTLED_S = 0.15  # after which an ignore file's answers are kept

BROKEN = {
    "not UTF-8": (b"caf\xe9\n", "is not UTF-8"),
    "UTF-16, as PowerShell writes it": ("*.log\n".encode("utf-16"), "is not UTF-8"),
    "NUL": (b"a\0b\n", "is not text"),
    "broken pattern": (b"*.log\nsrc/[a\n", "broken pattern src/[a"),
    "too large": (b"#" * (MAX_BYTES + 1), f"makes for more than {MAX_BYTES} bytes of ignore files"),
}


@pytest.mark.parametrize(("data", "reason"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("name", [".gitignore", "sub/.gitignore", ".dgignore", ".git/info/exclude"])
def test_an_ignore_file_that_cannot_be_understood_is_a_no(repo: Path, name: str, data: bytes, reason: str) -> None:
    write(repo, {name: ""})
    rules = IgnoreRules()
    assert rule(repo, "sub/a.py", rules) == "+"
    (repo / name).write_bytes(data)
    verdict = rules.judge(repo / "sub" / "a.py")
    assert (verdict.allowed, verdict.rule) == (False, reason)
    assert verdict.source == f"{repo / name}{':2' if 'pattern' in reason else ''}"
    (repo / name).unlink()
    assert rule(repo, "sub/a.py", rules) == "+"


def test_many_ignore_files_may_not_be_too_large_together(repo: Path) -> None:
    write(repo, {".gitignore": "#" * (MAX_BYTES // 2), "a/.dgignore": "#" * (MAX_BYTES // 2), ".git/info/exclude": ""})
    assert rule(repo, "a/a.py") == "+"
    write(repo, {"a/b/.gitignore": "##"})
    assert rule(repo, "a/a.py") == "+"
    assert rule(repo, "a/b/a.py").startswith("- makes for more than")


@posix
def test_an_ignore_file_that_is_no_file_is_a_no(repo: Path) -> None:
    path = repo / ".dgignore"
    path.mkdir()
    assert rule(repo, "a.py") == f"- is not a file {path}"
    path.rmdir()
    os.mkfifo(path)  # which would be waited for
    assert rule(repo, "a.py") == f"- is not a file {path}"
    path.unlink()
    path.symlink_to("nowhere")
    assert rule(repo, "a.py") == f"- is a link that leads nowhere (No such file or directory) {path}"
    path.unlink()
    path.symlink_to(".dgignore")
    assert rule(repo, "a.py").startswith("- is a link that leads nowhere (Too many levels")


def test_a_git_link_that_is_none_is_a_no(tmp_path: Path) -> None:
    write(tmp_path, {"repo/.git": "hello\n"})
    assert rule(tmp_path, "repo/a.py") == f"- is no link to a git folder {tmp_path}/repo/.git"


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of the superuser, who may read everything."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@posix
@pytest.mark.parametrize(("locked", "reason"), [("sub/.gitignore", "cannot be read"), ("sub", "cannot be looked at")])
def test_what_we_have_no_permission_to_read_is_a_no(locked: str, reason: str) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to others
        root = Path(folder).resolve()
        root.chmod(0o755)
        write(root, {"sub/.gitignore": "*.log\n", "sub/a.py": ""})
        with nobody():
            assert rule(root, "sub/a.py") == "+"
        (root / locked).chmod(0)
        with nobody():
            assert rule(root, "sub/a.py").startswith(f"- {reason} (Permission denied)")
        (root / locked).chmod(0o755)


@posix
@pytest.mark.parametrize("name", ["a\0b.py", "a.py/b.py", "n" * 300 + ".py", "\ud800.py"])
def test_a_path_that_cannot_be_is_a_no(repo: Path, name: str) -> None:
    write(repo, {"a.py": ""})
    verdict = IgnoreRules().judge(repo / name)
    assert not verdict.allowed and "cannot be looked at" in verdict.rule


def test_a_file_that_does_not_exist_yet_is_judged_by_its_name(repo: Path) -> None:
    write(repo, {".gitignore": "new/\n"})
    assert rule(repo, "fresh/deep/a.py") == "+"
    assert rule(repo, "new/deep/a.py") == rule(repo, "none/../new/deep/a.py") == "- new/ .gitignore:1"


def test_every_edit_of_an_ignore_file_counts_at_once(repo: Path) -> None:
    rules, path = IgnoreRules(), repo / ".gitignore"
    for number in range(50):  # as fast as the clock of the file system ticks, and of the same size
        path.write_text("a.py\n" if number % 2 else "b.py\n")
        assert rules.judge(repo / "a.py").allowed is (number % 2 == 0)
    path.unlink()
    assert rules.judge(repo / "a.py") == Verdict(True)
    write(repo, {"sub/.dgignore": "*\n"})
    assert not rules.judge(repo / "sub" / "a.py").allowed
    write(repo, {"sub/.dgignore": "#\n"})
    assert rules.judge(repo / "sub" / "a.py").allowed


def test_an_old_ignore_file_that_changes_is_read_again(repo: Path) -> None:
    rules, path = IgnoreRules(), repo / ".gitignore"
    path.write_text("a.py\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    time.sleep(SETTLED_S)
    assert [rules.judge(repo / "a.py").allowed for _ in range(3)] == [False] * 3  # kept from the second on
    path.write_text("b.py\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))  # the time and the size are those of before
    assert rules.judge(repo / "a.py").allowed


def test_a_file_that_changed_just_now_is_not_trusted_to_stay() -> None:
    def stamped(ago_ns: int) -> RuleFile:
        then = time.time_ns() - ago_ns
        return RuleFile("a", "b", 5, (1, then, 7))

    assert [is_settled(stamped(ago_ns)) for ago_ns in (-(10**9), 0, 10**6, 10**9)] == [False, False, False, True]


def test_an_answer_costs_far_less_than_a_keystroke(repo: Path) -> None:
    lines = "".join(f"*.log{number}\n" for number in range(4000))
    write(repo, {".gitignore": lines, "a/b/c/d/x.py": ""})
    time.sleep(SETTLED_S)
    rules, path = IgnoreRules(), str(repo / "a/b/c/d/x.py")
    rules.judge(path)
    times_ms: list[float] = []
    for _ in range(200):
        started = time.process_time()
        rules.judge(path)
        times_ms.append((time.process_time() - started) * 1000)
    assert statistics.quantiles(times_ms)[0] < 1  # the machine may be busy; not kept it takes several
