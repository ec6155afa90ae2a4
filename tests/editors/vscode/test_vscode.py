"""The VS Code extension in the real editor: VS Code's own server from npm, and a headless Chromium on it.

`DG_LSP_SCREENSHOTS` names a folder for the pictures; `DG_LSP_TOOLS` one to keep the editor in (default: the cache).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from dg_lsp.settings import ONLY_TRUSTED, Settings

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
EXTENSION = ROOT / "editors" / "vscode"
EDITOR = "code-server@4.100.3"  # the last line of releases that runs on Node 20
LIMIT_S = 200

pytestmark = pytest.mark.editors

FIB = "\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)"
FILES = {
    "plain.py": "# plain\n\n\n",
    "crlf.py": "# line ends\r\ndef area(w, h):\r\n\r\nprint(area(1, 2))\r\n",
    "emoji.py": "x = \"😋👩‍👧 é\" + \ny = '😋'  #\n",
    "tabs.py": "def f(n):\n\tif n:\n\n\treturn 0\n",
    "long.py": "".join(f"value_{i} = {i}  #\n" for i in range(5000)),
    "rewrite.py": "def total(a, b, c):\n    return a + b + c\n",
    "crlf_rewrite.py": '# 😋\r\nitems = ["😋", 1]\r\nlast = 0\r\n',
    "holes.py": "def total(boxes, start=0):\n    result = start\n    for box in boxes:\n        pass\n"
    "    return ...\n\n\ndef later(a, b):\n    ...\n",
    "script.js": "const sum = (a, b) => ",
}
RULES = [
    {"after": "def fib(n):", "text": FIB},
    {"after": "def area(w, h):", "text": '\n    """Emoji 😋."""\n    return w * h'},
    {"after": '"😋👩‍👧 é" + ', "text": '"after"'},
    {"after": "\tif n:", "text": "\n\t\treturn n"},
    {"after": "#hash", "echo_hash": True},
    {"after": "=> ", "text": "a + b"},
    {"selected": "return a + b + c", "text": "return sum((a, b, c))", "drafts": 4, "delay_ms": 800},
    {"selected": '"😋", 1', "text": '"😋😋",\n    2'},
    {"selected": "start=0", "strength": 0.15, "text": "start=1"},
    {"selected": "a + b + c", "text": "sum((a, b, c))"},
    {"free": ["pass", "..."], "texts": ["result += box", "result"]},
    {"free": ["..."], "text": "Add up."},
    {"after": "def later(a, b):\n    ", "text": "return a - b"},
]


def _run(command: list[str], folder: Path, limit_s: float = LIMIT_S, **more: str) -> str:
    """Run a command to its end, or end it and all that it started; its output."""
    process = psutil.Popen(
        command,
        cwd=folder,
        env=os.environ | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        for started in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.NoSuchProcess):
                started.kill()
        output, _ = process.communicate()
        pytest.fail(f"{command} did not end in {limit_s} s: {output[-4000:]}")
    print(output)
    assert process.returncode == 0, output[-4000:]
    return output


@pytest.fixture(scope="module")
def node() -> str:
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("node and npm are not here")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(re.findall(r"\d+", version)[0]) < 20:
        pytest.skip(f"node {version} is older than 20")
    return found


def _npm(arguments: list[str], folder: Path) -> None:
    """Run npm; a package that cannot be had skips the test."""
    done = subprocess.run(
        ["npm", *arguments, "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, timeout=LIMIT_S
    )
    if done.returncode != 0:
        pytest.skip(f"npm {' '.join(arguments)} failed: {done.stderr.strip().splitlines()[-1:]}")


@pytest.fixture(scope="module")
def extension(node: str) -> Path:
    """The extension's folder with its bundle and its package."""
    lock, installed = EXTENSION / "package-lock.json", EXTENSION / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        _npm(["ci"], EXTENSION)
    _run(["npm", "run", "--silent", "package"], EXTENSION)
    return EXTENSION


@pytest.fixture(scope="module")
def code_server(node: str) -> Path:
    """VS Code's server, installed once into a folder that is kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "dg-lsp-tests")
    folder = Path(os.environ.get("DG_LSP_TOOLS") or cache, EDITOR)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as making:
            _npm(["install", "--ignore-scripts", "--no-save", EDITOR], Path(making))
            code = Path(making, "node_modules", "code-server", "lib", "vscode")
            _npm(["install", "--ignore-scripts", "--omit=dev"], code)
            (code / "node_modules.asar").symlink_to("node_modules")
            os.mkdir(folder)
            os.rename(making, folder)
            os.mkdir(making)  # for its own removal
    return folder / "node_modules" / "code-server"


@pytest.fixture(scope="module")
def chromium() -> str:
    names = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is here")
    return found


@pytest.fixture
def drive(node: str, extension: Path, code_server: Path, chromium: str, tmp_path: Path) -> Callable[..., str]:
    """A function that runs a driver with a fresh profile; its output."""
    pictures = Path(os.environ.get("DG_LSP_SCREENSHOTS") or tmp_path / "screenshots")
    pictures.mkdir(parents=True, exist_ok=True)
    variables = {
        "DG_LSP_EXTENSION": str(extension),
        "DG_LSP_CODE_SERVER": str(code_server),
        "DG_LSP_SCREENSHOTS": str(pictures),
        "DG_LSP_LOG": str(tmp_path / "server.log"),
        "CHROMIUM": chromium,
        "PYTHONPATH": str(ROOT),
    }

    def run(driver: str, *arguments: object, **given: Any) -> str:
        wanted = tmp_path / "given.json"
        wanted.write_text(json.dumps({"vsix": str(extension / "dist" / "dg-lsp.vsix"), "trusted": True} | given))
        words = [node, str(HERE / "drive" / driver), str(tmp_path / "run"), *map(str, arguments), str(wanted)]
        return _run(words, HERE, **variables)

    return run


def _settings(folder: Path, rules: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The extension's settings: this checkout's server, with answers from a script if rules are given."""
    arguments = ["--log-file", str(folder / "server.log")]
    if rules is not None:
        script = folder / "script.jsonl"
        script.write_text("".join(json.dumps(rule) + "\n" for rule in rules), "utf-8")
        arguments += ["--fill-script", str(script)]
    return {"dg-lsp.server.command": [sys.executable, "-m", "dg_lsp"], "dg-lsp.server.args": arguments}


def test_the_parts_that_need_no_editor(node: str, extension: Path, tmp_path: Path) -> None:
    _run([node, "scripts/bundle.mjs", str(tmp_path)], extension)
    files = sorted(map(str, (HERE / "unit").glob("*.test.mjs")))
    assert files
    output = _run([node, "--test", *files], HERE, DG_LSP_UNITS=str(tmp_path))
    assert re.search(r"^# fail 0$", output, re.MULTILINE)


def test_the_package_holds_what_it_needs_and_nothing_else(extension: Path) -> None:
    package = extension / "dist" / "dg-lsp.vsix"
    with zipfile.ZipFile(package) as archive:
        names = {name.removeprefix("extension/").lower() for name in archive.namelist()}
    pictures = {f"images/{path.name}" for path in (extension / "images").glob("*.png")}
    guide = {f"walkthrough/{path.name}" for path in (extension / "walkthrough").iterdir()}
    own = {"package.json", "readme.md", "changelog.md", "license.txt", "dist/extension.js"}
    assert names == own | pictures | guide | {"extension.vsixmanifest", "[content_types].xml"}
    assert package.stat().st_size < 1_500_000


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_the_settings_are_the_servers() -> None:
    """Every setting of the server can be set, and the defaults that people read are the ones in force."""
    offered = json.loads((EXTENSION / "package.json").read_text("utf-8"))["contributes"]["configuration"]["properties"]
    for field in msgspec.structs.fields(Settings):
        if field.encode_name != "trusted":  # said by the extension
            assert offered[f"dg-lsp.{field.encode_name}"]["default"] == field.default, field.encode_name


def test_restricted_settings_are_all_that_choose_what_runs() -> None:
    manifest = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    restricted = manifest["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
    fields = {field.name: field.encode_name for field in msgspec.structs.fields(Settings)}
    chosen = {f"dg-lsp.{fields[name]}" for name in ONLY_TRUSTED}
    assert set(restricted) == chosen | {"dg-lsp.server.command", "dg-lsp.server.args"}


def test_suite_in_the_extension_host(drive: Callable[..., str], tmp_path: Path) -> None:
    output = drive("exthost.mjs", HERE / "suite" / "scripted.cjs", files=FILES, settings=_settings(tmp_path, RULES))
    assert re.search(r"^\d+ passed, 0 failed$", output, re.MULTILINE)


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


def test_a_person_at_the_window(drive: Callable[..., str], tmp_path: Path) -> None:
    selected = SUM.strip().removesuffix("\n        return total")
    text = "total = sum(self.boxes.values())"
    rules = [*RULES, {"selected": selected, "text": text, "drafts": 3, "delay_ms": 600}]
    drive("ui.mjs", files={"inventory.py": INVENTORY}, settings=_settings(tmp_path, rules))
