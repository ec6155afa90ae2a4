"""What the documents name is there, and they stay short enough to be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "tests/e2e/BUGS.md", *(f"docs/{name}" for name in DOCS))
MOST_LINES = {"README.md": 150, "ARCHITECTURE.md": 200}
# A file or folder of ours in backticks, as it is seen from the root, perhaps with a test's name and its case after it.
PATH = re.compile(r"`((?:\.ci|dg_lsp|docs|editors|infill|model|tests)/[\w./-]*)(?:::(\w+)(?:\[[^`]*\])?)?`")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_and_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    text = path.read_text("utf-8")
    missing = [named for named, _ in PATH.findall(text) if not (ROOT / named).exists()]
    missing += [link for link in LINK.findall(text) if not (path.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_tests_are_there(document: str) -> None:
    named = [(path, test) for path, test in PATH.findall((ROOT / document).read_text("utf-8")) if test]
    assert [f"{path}::{test}" for path, test in named if f"def {test}(" not in (ROOT / path).read_text("utf-8")] == []


@pytest.mark.parametrize(("document", "most"), MOST_LINES.items())
def test_documents_are_short(document: str, most: int) -> None:
    assert len((ROOT / document).read_text("utf-8").splitlines()) <= most


def test_the_pattern_sees_paths_and_tests() -> None:
    text = (
        "`infill/types.py`, `docs/`, `tests/a.py::test_b`, `tests/a.py::test_c[d/e]`, `src/area.py:2:16`, "
        "[more](docs/x.md#part), [web](https://x.org)"
    )
    assert PATH.findall(text) == [
        ("infill/types.py", ""),
        ("docs/", ""),
        ("tests/a.py", "test_b"),
        ("tests/a.py", "test_c"),
    ]
    assert LINK.findall(text) == ["docs/x.md"]
