"""The VS Code extension in the real editor: VS Code's own server from npm, and a headless Chromium on it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from vscode_tools import HERE, run

from dg_lsp.settings import ONLY_TRUSTED, Settings

ROOT = HERE.parents[2]
EXTENSION = ROOT / "editors" / "vscode"

pytestmark = pytest.mark.editors

DEFAULT = os.environ.get("DG_LSP_QWEN")

FIB = "\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)"
FILES = {
    "plain.py": "# plain\n\n\n",
    "crlf.py": "# line ends\r\ndef area(w, h):\r\n\r\nprint(area(1, 2))\r\n",
    "emoji.py": "x = \"😋👩‍👧 é\" + \ny = '😋'  #\n",
    "tabs.py": "def f(n):\n\tif n:\n\n\treturn 0\n",
    "long.py": "".join(f"value_{i} = {i}  #\n" for i in range(5000)),
    "rewrite.py": "def total(a, b, c):\n    return a + b + c\n",
    "crlf_rewrite.py": '# 😋\r\nitems = ["😋", 1]\r\nlast = 0\r\n',
    "holes.py": "def total(boxes, start=0):\n    result = start\n    if boxes:\n        pass\n"
    "    return ...\n\n\ndef later(a, b):\n    ...\n\n\ndef slow(a, b):\n    ...\n"
    "\n\ndef closed(a, b):\n    ...\n",
    "soon.py": "".join(f"value_{i}_ = {i}\n" for i in range(14)),
    "script.js": "const sum = (a, b) => ",
}
RULES = [
    {"after": "def fib(n):", "text": FIB},
    {"after": "def area(w, h):", "text": '\n    """Emoji 😋."""\n    return w * h'},
    {"after": '"😋👩‍👧 é" + ', "text": '"after"'},
    {"after": "\tif n:", "text": "\n\t\treturn n"},
    {"after": "#hash", "echo_hash": True},
    {"after": "=> ", "text": "a + b"},
    {"after": "x = alt", "text": "er a"},
    {"after": "x = alter ", "text": "b"},
    {"selected": "return a + b + c", "text": "return sum((a, b, c))", "drafts": 4, "delay_ms": 2400},
    {"selected": '"😋", 1', "text": '"😋😋",\n    2'},
    {"selected": "start=0", "strength": 0.15, "text": "start=1"},
    {"selected": "a + b + c", "text": "sum((a, b, c))"},
    {"free": ["pass", "..."], "texts": ["result += 1", "result"]},
    {"free": ["...", "...", "..."], "texts": ["list", "int", "int"]},
    {"free": ["..."], "text": "Add up."},
    {"after": "def later(a, b):\n    ", "text": "return a - b"},
    {"after": "def closed(a, b):\n    ", "text": "return a * b", "drafts": 4, "delay_ms": 2400},
    {"after": "def slow(a, b):\n    ", "text": "return b - a", "delay_ms": 2400},
    # Of these 40 to 90 ms some fall into the time that a diff takes to open, on any machine.
    *(
        {"selected": f"value_{i}_", "text": f"another_value_{i}", "drafts": 3, "delay_ms": 40 + 4 * i}
        for i in range(14)
    ),
]


def _settings(folder: Path, rules: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The extension's settings: this checkout's server, with answers from a script if rules are given."""
    module, arguments = "dg_lsp", ["--log-file", str(folder / "server.log")]
    if rules is not None:
        script = folder / "script.jsonl"
        script.write_text("".join(json.dumps(rule) + "\n" for rule in rules), "utf-8")
        module, arguments = "tests.scripted_server", [*arguments, "--fill-script", str(script)]
    return {"dg-lsp.server.command": [sys.executable, "-m", module], "dg-lsp.server.args": arguments}


def test_the_parts_that_need_no_editor(node: str, extension: Path, tmp_path: Path) -> None:
    run([node, "scripts/bundle.mjs", str(tmp_path)], extension)
    files = sorted(map(str, (HERE / "unit").glob("*.test.mjs")))
    assert files
    output = run([node, "--test", "--test-reporter=tap", *files], HERE, DG_LSP_UNITS=str(tmp_path))
    assert re.search(r"^# fail 0$", output, re.MULTILINE)


def test_the_package_holds_what_it_needs_and_nothing_else(extension: Path) -> None:
    package = extension / "dist" / "dg-lsp.vsix"
    with zipfile.ZipFile(package) as archive:
        names = {name.removeprefix("extension/").lower() for name in archive.namelist()}
    pictures = {f"images/{path.name}" for path in (extension / "images").glob("*.png")}
    guide = {f"walkthrough/{path.name}" for path in (extension / "walkthrough").iterdir()}
    own = {"package.json", "readme.md", "changelog.md", "license.txt", "dist/extension.js", "dist/licenses.txt"}
    assert names == own | pictures | guide | {"extension.vsixmanifest", "[content_types].xml"}
    assert package.stat().st_size < 1_500_000


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_restricted_settings_are_all_that_choose_what_runs() -> None:
    manifest = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    restricted = manifest["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
    fields = {field.name: field.encode_name for field in msgspec.structs.fields(Settings)}
    chosen = {f"dg-lsp.{fields[name]}" for name in ONLY_TRUSTED}
    assert set(restricted) == chosen | {"dg-lsp.server.command", "dg-lsp.server.args"}


@pytest.mark.reports
def test_suite_in_the_extension_host(drive: Callable[..., str], tmp_path: Path) -> None:
    output = drive("exthost.mjs", HERE / "suite" / "scripted.cjs", files=FILES, settings=_settings(tmp_path, RULES))
    assert re.search(r"^\d+ passed, 0 failed$", output, re.MULTILINE)


def test_a_model_that_comes_late(drive: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = _settings(tmp_path, [])
    script = tmp_path / "script.jsonl"
    script.unlink()
    os.mkfifo(script)  # holds the model back until it is written
    monkeypatch.setenv("DG_LSP_SCRIPT", str(script))
    drive("late.mjs", files={"plain.py": FILES["plain.py"]}, settings=settings)


SUM = "        total = 0\n        for count in self.boxes.values():\n            total += count\n        return total\n"
INVENTORY = f'''"""Counts things in boxes."""


class Inventory:
    """Named boxes and how many things are in each."""

    def __init__(self, boxes: dict[str, int]) -> None:
        self.boxes = boxes

    def put(self, box: str, count: int) -> None:
        self.boxes[box] = self.boxes.get(box, 0) + count

    def total(self) -> int:
{SUM}

'''


COPIED = INVENTORY[INVENTORY.index("self.boxes = boxes") : INVENTORY.index("\n\n    def total")]
COPYING = COPIED.replace("= boxes", "= dict(boxes)").replace("= self.boxes.get(box, 0) + count", "+= count")


def _write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_workspace_that_is_not_trusted(drive: Callable[..., str], tmp_path: Path) -> None:
    workspace = tmp_path / "run" / "workspace"
    for trap in ("trap", ".venv/bin/python"):
        _write_program(workspace / trap, f"touch '{workspace}/trapped'; echo dg-lsp 9.9.9")
    chosen = {"dg-lsp.automatic": True, "dg-lsp.model": "/tmp", "dg-lsp.server.command": [str(workspace / "trap")]}
    files = FILES | {".vscode/settings.json": json.dumps(chosen)}
    suite = HERE / "suite" / "untrusted.cjs"
    output = drive("exthost.mjs", suite, files=files, settings=_settings(tmp_path, RULES), trusted=False)
    assert re.search(r"^\d+ passed, 0 failed$", output, re.MULTILINE)
    assert not (workspace / "trapped").exists()


def test_a_server_that_is_not_there_and_then_is(
    drive: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DG_LSP_PYTHON", sys.executable)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    if shutil.which("dg-lsp"):
        pytest.skip("a server is installed for the whole machine")
    drive("missing.mjs", files={"inventory.py": INVENTORY}, settings={})


def test_the_embedded_model(drive: Callable[..., str], tmp_path: Path) -> None:
    """With the engine that windows share, in this run's own folder."""
    demo = (ROOT / "tests" / "demo" / "inventory.py").read_text("utf-8").replace("self.name = ", "self.name")
    demo += "\n    def names(self) -> list[str]:\n        ...\n"
    drive("embedded.mjs", files={"inventory.py": demo}, settings=_settings(tmp_path))


@pytest.mark.skipif(not DEFAULT, reason="DG_LSP_QWEN names no folder of the default model")
def test_the_default_model(drive: Callable[..., str], tmp_path: Path) -> None:
    """A body that the embedded model cannot write; docs/images/body-in-go.png is its picture default-ghost-text."""
    settings = _settings(tmp_path) | {"dg-lsp.model": DEFAULT, "dg-lsp.manualDeadlineMs": 60_000}
    settings |= {"editor.fontFamily": "'DejaVu Sans Mono', monospace"}
    drive("default.mjs", files={"stack.go": (ROOT / "tests/demo/stack.go").read_text("utf-8")}, settings=settings)


def test_a_person_at_the_window(drive: Callable[..., str], tmp_path: Path) -> None:
    selected = SUM.strip().removesuffix("\n        return total")
    text = "total = sum(self.boxes.values())"
    rules = [*RULES, {"selected": selected, "text": text, "drafts": 3, "delay_ms": 600}]
    rules += [{"selected": COPIED, "text": COPYING}, {"after": "self.height = ", "text": "height"}]
    settings = _settings(tmp_path, rules)
    settings["dg-lsp.server.command"].append("--takes-instructions")
    drive("ui.mjs", files={"inventory.py": INVENTORY}, settings=settings)


@pytest.mark.skipif(not DEFAULT, reason="DG_LSP_QWEN names no folder of the default model")
def test_an_instruction_to_the_default_model(drive: Callable[..., str], tmp_path: Path) -> None:
    """A diff that is taken and taken back; docs/images/instruction.png is its picture."""
    settings = _settings(tmp_path) | {"dg-lsp.model": DEFAULT, "dg-lsp.manualDeadlineMs": 120_000}
    settings |= {"editor.fontFamily": "'DejaVu Sans Mono', monospace", "diffEditor.renderSideBySide": False}
    drive("instruct.mjs", files={"cart.py": (ROOT / "tests/demo/cart.py").read_text("utf-8")}, settings=settings)
