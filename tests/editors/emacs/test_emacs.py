"""A real Emacs in batch with lsp-mode: ghost text, acceptance, commands, and the same text on both sides."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 120.0  # generous: a shared machine
SHOWN = Callable[..., dict[str, Any]]
USUAL = ("/usr/share/emacs/site-lisp/elpa-src", "~/.emacs.d/elpa", "~/.config/emacs/elpa")


def packages() -> list[str]:
    """The folders of lsp-mode 10 and of what it needs: in `$DG_LSP_EMACS_PACKAGES` or where they usually are."""
    for folder in (os.environ.get("DG_LSP_EMACS_PACKAGES") or "/nowhere", *USUAL):
        place = Path(folder).expanduser()
        if any(place.glob("lsp-mode-*/lsp-inline-completion.el")):
            return [str(path) for path in sorted(place.iterdir()) if path.is_dir()]
    return []


EMACS, PACKAGES = shutil.which("emacs"), packages()
pytestmark = [
    pytest.mark.editors,
    pytest.mark.skipif(EMACS is None, reason="no emacs on PATH"),
    pytest.mark.skipif(not PACKAGES, reason="no lsp-mode 10: install it or name its folder in DG_LSP_EMACS_PACKAGES"),
]


@pytest.fixture
def drive(tmp_path: Path) -> SHOWN:
    """`drive(text, keys, command, rule, ...)`: what one Emacs printed; `disk` is the file then."""

    def run(text: str, keys: str, command: str, *rules: dict[str, Any]) -> dict[str, Any]:
        script, log = tmp_path / "script.jsonl", tmp_path / "log"
        script.write_text("".join(json.dumps(rule) + "\n" for rule in rules), "utf-8")
        server = [sys.executable, "-m", "tests.scripted_server", "--log-file", str(log), "--fill-script", str(script)]
        (tmp_path / "command.json").write_text(json.dumps(server))
        (tmp_path / "packages.txt").write_text("\n".join([*PACKAGES, str(ROOT / "editors" / "emacs")]))
        (file := tmp_path / "project" / "demo.py").parent.mkdir()
        file.write_bytes(text.encode())
        said = _batch([str(tmp_path), str(file), keys, command], tmp_path)
        shown = {row.split(" ", 1)[0]: json.loads(row.split(" ", 1)[1]) for row in said.splitlines() if _is_ours(row)}
        return shown | {"disk": file.read_bytes().decode(), "log": log.read_text()}

    return run


def _is_ours(row: str) -> bool:
    return re.match(r"(before|told|ghost|after|undone) ", row) is not None


def _batch(arguments: list[str], folder: Path) -> str:
    """Standard output of an Emacs in a process group of its own, which ends with it."""
    environment = os.environ | {"HOME": str(folder), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    process = subprocess.Popen(
        [EMACS or "", "--batch", "-Q", "-l", str(Path(__file__).with_name("drive.el")), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, errors = process.communicate(timeout=LIMIT_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, errors.decode()[-3000:]
    return out.decode()


def test_ghost_text_is_shown_and_taken(drive: SHOWN) -> None:
    rule = {"after": "return ", "text": "width * height"}
    keys = '(progn (goto-char (point-max)) (insert "    return "))'
    told = drive("def area(width, height):\n", keys, "accept", rule)
    assert told["ghost"].endswith("width * height") and [text[-14:] for text in told["told"]] == ["width * height"]
    assert told["after"] == told["before"] + "width * height" and told["undone"] == told["before"]
    assert "accepted chars=14 lines=1" in told["log"]


def test_the_next_suggestion(drive: SHOWN) -> None:
    """The one that was typed into is the first, what fits here now is the next."""
    rules = {"after": "ret", "text": "urn a"}, {"after": "return ", "text": "b"}
    keys = (
        '(progn (insert "ret") (lsp-inline-completion-display) (lsp-inline-completion-cancel)'
        ' (goto-char (point-max)) (insert "urn "))'
    )
    told = drive("", keys, "next", *rules)
    assert told["after"] == told["disk"] == "return b" and told["told"] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    ["x = 1\r\ny = 2\r\n", "# 😋 é\ns = '👍🏽é'\n", "def f(a):\n\tif a:\n\t\tpass\n", "x = 1  # é\n" * 5000],
    ids=["crlf", "emoji", "tabs", "long"],
)
def test_the_server_has_the_same_text(drive: SHOWN, text: str) -> None:
    """Emacs shows the server lines that end with a line feed, and saves them as they were."""
    keys = '(progn (goto-char 5) (insert "😋") (goto-char (point-max)) (insert "s = \'🙂\' #hash"))'
    told = drive(text, keys, "accept", {"after": "#hash", "echo_hash": True})
    said = hashlib.sha256(told["before"].encode()).hexdigest()
    assert told["after"] == told["before"] + said
    expected = text[:4] + "😋" + text[4:] + "s = '🙂' #hash" + said
    assert told["disk"] == expected


CODE = "def f(box, n=0):\n    for one in box:\n        pass\n    return ...\n\n\ndef g(a):\n    ...\n"
SELECT = '(progn (search-forward "n=0") (push-mark (- (point) 3) t t))'


@pytest.mark.parametrize(
    ("keys", "command", "expected"),
    [
        (
            '(search-forward "box")',
            "(dg-lsp-fill-holes)",
            CODE.replace("pass", "n += one").replace("return ...", "return n"),
        ),
        (SELECT, '(dg-lsp-rewrite "")', CODE.replace("n=0", "m=0")),
        (SELECT, '(dg-lsp-refine "high")', CODE.replace("n=0", "m=1")),
        (SELECT, "(dg-lsp-fix)", CODE.replace("n=0", "m=0")),
        ('(search-forward "g(a)")', "(dg-lsp-fill-body)", CODE.replace("    ...\n", "    return a  # ...\n")),
        ('(search-forward "box")', "(dg-lsp-docstring)", CODE.replace("    for", '    """Add up."""\n    for')),
        ('(search-forward "box")', "(dg-lsp-type-hints)", CODE.replace("box, n=0)", "box: list, n: int = 0) -> int")),
    ],
    ids=["holes", "rewrite", "refine", "fix", "body", "docstring", "hints"],
)
def test_a_command_is_one_undo_step(drive: SHOWN, keys: str, command: str, expected: str) -> None:
    rules: list[dict[str, Any]] = [
        {"free": ["pass", "..."], "texts": ["n += one", "n"]},
        {"selected": "n=0", "strength": 0.8, "text": "m=1"},
        {"selected": "n=0", "text": "m=0"},
        {"selected": "def f(box, n=0):", "text": "def f(box, m=0):"},
        {"free": ["...", "...", "..."], "texts": ["list", "int", "int"]},
        {"after": "def g(a):\n    ", "text": "return a  # "},
        {"free": ["..."], "text": "Add up."},
    ]
    told = drive(CODE, keys, command, *rules)
    assert told["after"] == told["disk"] == expected and told["undone"] == told["before"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("(?n ?y)", CODE.replace("return ...", "return n")),
        ("(?y ?n)", CODE.replace("pass", "n += one")),
        ("(?!)", CODE.replace("pass", "n += one").replace("return ...", "return n")),
        ("(?q)", CODE),
    ],
)
def test_changes_are_made_one_by_one_as_the_user_says(drive: SHOWN, answers: str, expected: str) -> None:
    keys = f'(progn (search-forward "box") (setq dg-lsp-ask t drive-answers (list {answers[1:-1]})))'
    told = drive(CODE, keys, "(dg-lsp-fill-holes)", {"free": ["pass", "..."], "texts": ["n += one", "n"]})
    assert told["after"] == told["disk"] == expected


def test_why_nothing_is_said_in_one_sentence(drive: SHOWN) -> None:
    command = "(progn (dg-lsp-fill-body) (insert (dg-lsp-why-nothing)))"
    told = drive("x = 1\n", "(goto-char (point-max))", command)
    assert told["after"].endswith("dg-lsp: There is nothing here to which this applies (no unwritten body is there).")
