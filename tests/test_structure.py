"""The shape of the project: which package may import what, and what importing costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dg_lsp import __version__

ROOT = Path(__file__).parent.parent
PACKAGES = ("dg_lsp", "infill", "model")
# Who may not import what, at any level of a file.
TENSORS = {"torch", "transformers", "onnxruntime", "numpy"}
NETWORK = {"httpx2"}  # only for a model that is in a server
FORBIDDEN = {
    "dg_lsp": TENSORS | NETWORK | {"tokenizers", "safetensors", "tree_sitter"},
    "infill": TENSORS | NETWORK | {"tokenizers", "safetensors", "pygls", "lsprotocol", "dg_lsp"},
    "model": {"tree_sitter", "pygls", "lsprotocol", "dg_lsp", "infill"},
}


def imported(path: Path) -> set[str]:
    """Top-level names of everything a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    wrong = {str(f.relative_to(ROOT)): bad for f in files if (bad := imported(f) & FORBIDDEN[package])}
    assert not wrong


def test_the_check_sees_a_wrong_arrow(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from torch.nn import functional\n    import pygls.server\n")
    assert imported(bad) == {"torch", "pygls"}


@pytest.mark.parametrize("module", ["dg_lsp.server", "dg_lsp.cli", "infill.cli", "infill.filler"])
def test_importing_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {sorted(TENSORS | NETWORK)} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_the_plugins_have_the_version_of_the_package() -> None:
    editors = ROOT / "editors"
    for name in ("package.json", "package-lock.json"):
        assert json.loads((editors / "vscode" / name).read_text("utf-8"))["version"] == __version__, name
    assert f";; Version: {__version__}\n" in (editors / "emacs" / "dg-lsp.el").read_text("utf-8")
