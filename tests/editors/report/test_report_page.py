"""The page of `infill ... --html` in a real headless browser, without a network: what a reviewer sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "vscode"))
from vscode_tools import CHROMIUM, install_chromium, npm, tool  # noqa: E402

ROOT = HERE.parents[2]
PLAYWRIGHT = "playwright-core@1.54.1"
SOURCE = """\
def area(width, height):
    # FILL: <b>&amp;
    pass


def mean(values):
    return ...
"""
pytestmark = [
    pytest.mark.editors,
    pytest.mark.skipif(sys.platform != "linux", reason="the Chromium of an npm package is for Linux"),
]


def playwright() -> Path:
    """The folder of playwright-core: that of the extension, or one of its own."""
    own = ROOT / "editors" / "vscode" / "node_modules"
    if (own / "playwright-core").is_dir():
        return own
    return tool(PLAYWRIGHT, lambda folder: npm(["install", "--no-save", PLAYWRIGHT], folder)) / "node_modules"


def test_the_page_shows_holes_candidates_tokens_and_drafts(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SOURCE)
    options = ["--min-confidence", "0", "--candidates", "3", "--model", "embedded", "--html", "r.html"]
    command = [sys.executable, "-m", "infill", "fill", "--marker", "FILL", *options]
    env = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=tmp_path, env=env, check=False, capture_output=True, timeout=120)

    chromium = tool(CHROMIUM, install_chromium)
    libraries = {"LD_LIBRARY_PATH": str(chromium / "lib"), "FONTCONFIG_FILE": str(chromium / "fonts.conf")}
    env = os.environ | {"CHROMIUM": str(chromium / "chromium"), "CHROMIUM_ENVIRONMENT": json.dumps(libraries)}
    folder = os.environ.get("DG_LSP_SCREENSHOTS")
    picture = Path(folder or tmp_path, "report.png")
    picture.parent.mkdir(parents=True, exist_ok=True)
    node = ["node", str(HERE / "shot.mjs"), str(playwright()), str(tmp_path / "r.html"), str(picture)]
    done = subprocess.run(node, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["problems"] == [] and seen["holes"] == 2
    assert seen["taken"] >= 1 and seen["colours"] > 1
    assert seen["frames"] and all(n > 1 for n in seen["frames"]) and seen["moving"] == sum(seen["frames"])
    assert seen["shown"] == [1] * len(seen["frames"])  # one draft at a time
    assert picture.stat().st_size > 5_000
