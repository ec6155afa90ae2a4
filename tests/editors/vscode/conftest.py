"""The extension as a package, and the editor to try it in. `DG_LSP_SCREENSHOTS` names a folder for the pictures."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vscode_tools import CHROMIUM, EDITOR, HERE, install_chromium, install_editor, npm, run, tool

ROOT = HERE.parents[2]
EXTENSION = ROOT / "editors" / "vscode"


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        pytest.skip("no node or no npm: install Node 20 or newer")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(re.findall(r"\d+", version)[0]) < 20:
        pytest.skip(f"node {version} is older than 20: install a newer one")
    return found


@pytest.fixture(scope="session")
def extension(node: str) -> Path:
    """The extension's folder with its bundle and its package."""
    lock, installed = EXTENSION / "package-lock.json", EXTENSION / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        npm(["ci"], EXTENSION)
    run(["npm", "run", "--silent", "package"], EXTENSION)
    return EXTENSION


@pytest.fixture(scope="session")
def code_server(node: str) -> Path:
    """VS Code's server."""
    return tool(EDITOR, install_editor) / "node_modules" / "code-server"


@pytest.fixture(scope="session")
def chromium(node: str) -> dict[str, str]:
    """Variables that name a headless Chromium: one on PATH, else an npm package's with what it needs beside it."""
    names = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is not None:
        return {"CHROMIUM": found}
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("no Chromium: install one, or name one in CHROMIUM")
    folder = tool(CHROMIUM, install_chromium)
    own = {"LD_LIBRARY_PATH": str(folder / "lib"), "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    return {"CHROMIUM": str(folder / "chromium"), "CHROMIUM_ENVIRONMENT": json.dumps(own)}


@pytest.fixture
def drive(
    node: str, extension: Path, code_server: Path, chromium: dict[str, str], tmp_path: Path
) -> Callable[..., str]:
    """A function that runs a driver with a fresh profile; its output."""
    pictures = Path(os.environ.get("DG_LSP_SCREENSHOTS") or tmp_path / "screenshots")
    pictures.mkdir(parents=True, exist_ok=True)
    variables = {
        "DG_LSP_EXTENSION": str(extension),
        "DG_LSP_CODE_SERVER": str(code_server),
        "DG_LSP_SCREENSHOTS": str(pictures),
        "DG_LSP_LOG": str(tmp_path / "server.log"),
        "PYTHONPATH": str(ROOT),
        **chromium,
    }

    def drive_it(driver: str, *arguments: object, **given: Any) -> str:
        wanted = tmp_path / "given.json"
        wanted.write_text(json.dumps({"vsix": str(extension / "dist" / "dg-lsp.vsix"), "trusted": True} | given))
        words = [node, str(HERE / "drive" / driver), str(tmp_path / "run"), *map(str, arguments), str(wanted)]
        return run(words, HERE, **variables)

    return drive_it
