"""What the READMEs and the editors show as examples, with the shipped model: each gives what they promise."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.client import ROOT, URI, Client

pytestmark = [pytest.mark.e2e, pytest.mark.weights, pytest.mark.reports]
INFILL = f"{sys.executable} -m infill "
READMES = [
    ROOT / "README.md",
    ROOT / "editors" / "README.md",
    *ROOT.glob("editors/*/README.md"),
    *ROOT.glob("editors/vscode/walkthrough/*.md"),
]


def shell(line: str) -> subprocess.CompletedProcess[str]:
    line = line.replace("infill fill", f"{INFILL}fill")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(line, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


async def test_try_it_in_a_new_file_shows_something_right() -> None:
    menu = (ROOT / "editors" / "vscode" / "src" / "menu.ts").read_text("utf-8")
    found = re.search(r'const SAMPLE =\s*("(?:[^"\\]|\\.)*");', menu)
    assert found is not None
    sample = ast.literal_eval(found[1])
    client = await Client.start("--stdio", "--no-shared-engine")
    try:
        await client.initialize({"manualDeadlineMs": 600_000, "deadlineMs": 60_000})
        await client.ready()
        for manual in (True, False):
            client.open(URI, sample)
            items = await client.items(URI, manual=manual)
            assert [item["insertText"] for item in items][:1] == ["height"]
    finally:
        await client.close()


def test_the_readmes_fill_is_what_the_command_prints() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    examples = re.findall(r"^```\n\$ (infill fill [^\n]*)\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert examples
    for line, printed in examples:
        assert shell(line).stdout == printed


def test_the_readmes_fill_with_the_default_model_is_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    converted = os.environ.get("DG_LSP_QWEN")
    if not converted:
        pytest.skip("DG_LSP_QWEN does not name a converted folder of Qwen2.5-Coder")
    models = tmp_path / "dg-lsp" / "models"
    models.mkdir(parents=True)
    (models / "qwen-0.5b").symlink_to(converted)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    readme = (ROOT / "README.md").read_text("utf-8")
    ((line, printed),) = re.findall(
        r"^```console\n\$ (infill fill [^\n]*)\n(.*?)^```", readme, re.DOTALL | re.MULTILINE
    )
    assert shell(line).stdout == printed


def test_the_command_lines_example_is_right() -> None:
    (line,) = re.findall(r"^printf .*$", (ROOT / "docs" / "command-line.md").read_text("utf-8"), re.MULTILINE)
    done = shell(line)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["candidates"][0]["text"] == "values)"


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_readme_installs_what_no_index_serves(path: Path) -> None:
    for given in re.findall(r"pip install ([^`\n]*)", path.read_text("utf-8")):
        assert "dg-lsp" not in given.split()[0] and given.startswith("PATH"), given


def test_every_editor_names_the_same_line() -> None:
    readmes = [path for path in READMES if path.parent.name in ("vscode", "nvim", "emacs")]
    plugin = (ROOT / "editors" / "nvim" / "lua" / "dg_lsp" / "server.lua").read_text("utf-8")
    launch = (ROOT / "editors" / "vscode" / "src" / "launch.ts").read_text("utf-8")
    assert len(readmes) == 3 and 'SOURCE = "PATH"' in launch
    for text in (plugin, *(path.read_text("utf-8") for path in readmes)):
        assert "python3 -m pip install PATH" in text and "dg_lsp-*.whl" in text
