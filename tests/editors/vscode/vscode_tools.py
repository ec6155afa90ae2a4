"""VS Code and a Chromium as npm packages: had once and kept; a test is skipped where they cannot be had.

`DG_LSP_TOOLS` names a folder to keep them in (default: in the cache), `DG_LSP_VSCODE` another release of the editor.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

HERE = Path(__file__).resolve().parent
EDITOR = os.environ.get("DG_LSP_VSCODE", "code-server@4.100.3")  # of the last line of releases that runs on Node 20
CHROMIUM = "@sparticuz/chromium@153.0.0"
LIMIT_S = 480
FONTS = """<fontconfig>
  <dir prefix="relative">fonts</dir><dir>/usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


def run(command: list[str], folder: Path, **more: str) -> str:
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
        output, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        for started in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.NoSuchProcess):
                started.kill()
        output, _ = process.communicate()
        pytest.fail(f"{command} did not end in {LIMIT_S} s: {output[-4000:]}")
    print(output)
    assert process.returncode == 0, output[-4000:]
    return output


def npm(arguments: list[str], folder: Path) -> None:
    """Run npm; a package that cannot be had skips the test."""
    words = ["npm", *arguments, "--no-audit", "--no-fund", "--fetch-retries=1"]
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{' '.join(words)} takes too long here; run again when there is a network")
    if done.returncode != 0:
        why = [line for line in done.stderr.splitlines() if "npm error" in line]
        pytest.skip(f"{' '.join(words)} failed, so run again when there is a network: {why[:2]}")


def tool(package: str, install: Callable[[Path], None]) -> Path:
    """The folder of a package, installed once into a folder that is kept, `$DG_LSP_TOOLS` or in the cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "dg-lsp-tests")
    folder = Path(os.environ.get("DG_LSP_TOOLS") or cache, package.replace("/", "-"))
    if not folder.exists():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            pytest.skip(f"no folder for {package}, name one in DG_LSP_TOOLS: {error}")
        with tempfile.TemporaryDirectory(dir=folder.parent) as making:
            install(Path(making))
            os.mkdir(folder)
            os.rename(making, folder)
            os.mkdir(making)  # for its own removal
    return folder


def install_editor(folder: Path) -> None:
    """VS Code's server as code-server carries it, with what its own installation would add."""
    npm(["install", "--ignore-scripts", "--no-save", EDITOR], folder)
    code = folder / "node_modules" / "code-server" / "lib" / "vscode"
    npm(["install", "--ignore-scripts", "--omit=dev"], code)
    (code / "node_modules.asar").symlink_to("node_modules")


def install_chromium(folder: Path) -> None:
    """A headless Chromium with its libraries and a font, for a machine that has none of them."""
    npm(["install", "--ignore-scripts", "--no-save", CHROMIUM], folder)
    packed = folder / "node_modules" / "@sparticuz" / "chromium" / "bin"
    files = [packed / f"{name}.br" for name in ("chromium", "al2023.tar", "fonts.tar")]
    run(["node", str(HERE / "drive" / "unpack.mjs"), str(folder), *map(str, files)], folder)
    (folder / "chromium").chmod(0o755)
    for name in ("al2023.tar", "fonts.tar"):
        with tarfile.open(folder / name) as archive:
            archive.extractall(folder, filter="data")
    (folder / "fonts.conf").write_text(FONTS)
