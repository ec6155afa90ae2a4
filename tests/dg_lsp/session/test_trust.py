"""From a document's URI to the rules about its file: whatever is not plainly a file of this machine is refused."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest

from dg_lsp.session.trust import folder_of, judge_cell, judge_document
from infill.ignore.rules import SECRET_FILES, IgnoreRules, Verdict

RULES = IgnoreRules()
posix = pytest.mark.skipif(os.name != "posix", reason="paths as here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace in which one folder with an awkward name is ignored."""
    folder = tmp_path / "a b#c?é%;x"
    folder.mkdir()
    (folder / ".dgignore").write_text("hidden.py\n")
    return folder


@pytest.mark.parametrize(
    "form", ["file://{}", "file:{}", "FILE://{}", "file://localhost{}", "vscode-notebook-cell:{}#W0s"]
)
def test_a_file_is_judged_by_its_path(folder: Path, form: str) -> None:
    path = quote(str(folder))
    assert judge_document(form.format(f"{path}/hidden.py"), RULES) == Verdict(False, "hidden.py", ".dgignore:1")
    assert judge_document(form.format(f"{path}/seen.py"), RULES) == Verdict(True)
    assert judge_document(form.format(f"{path}/x/%2e%2e/hidden.py"), RULES).allowed is False


@posix
@pytest.mark.reports
@pytest.mark.parametrize("kind", ["wsl%2Bdebian", "ssh-remote%2Bbox", "dev-container%2b7b22", "tunnel+my.host"])
def test_a_cell_on_a_remote_host_is_judged_by_its_notebooks_path(folder: Path, kind: str) -> None:
    (folder / ".dgignore").write_text("hidden.*\n")
    cell, notebook = (
        "vscode-notebook-cell://" + kind + quote(str(folder)) + "/{}.ipynb#W0s",
        folder.as_uri() + "/{}.ipynb",
    )
    hidden = Verdict(False, "hidden.*", ".dgignore:1")
    assert judge_cell(cell.format("seen"), notebook.format("seen"), RULES) == Verdict(True)
    assert judge_cell(cell.format("hidden"), notebook.format("hidden"), RULES) == hidden
    assert judge_cell(cell.format("hidden"), notebook.format("seen"), RULES) == hidden
    assert judge_cell(cell.format("seen"), f"vscode-remote://{kind}/a.ipynb", RULES).source == "vscode-remote:"
    # A client that opens cells as documents of their own.
    assert judge_document(cell.format("seen"), RULES) == Verdict(True)
    assert judge_document(cell.format("hidden"), RULES) == hidden
    assert not judge_document(cell.format("../.env"), RULES).allowed


@posix
def test_a_client_that_forgets_to_quote_means_the_name(folder: Path) -> None:
    for char in "#?; ":
        inside = folder / f"x{char}y"
        inside.mkdir()
        (inside / ".dgignore").write_text("*\n")
        assert not judge_document(f"file://{quote(str(folder))}/x{char}y/a.py", RULES).allowed


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "untitled:new.py", "file://", "file:///", "file:"])
def test_a_text_without_a_file_is_allowed(uri: str) -> None:
    assert judge_document(uri, RULES) == Verdict(True, "not a file yet", "untitled:")


def test_an_unsaved_text_with_a_place_or_a_secrets_name_is_judged_by_it(folder: Path) -> None:
    assert judge_document(f"untitled:{quote(str(folder))}/hidden.py", RULES).source == ".dgignore:1"
    assert judge_document("untitled:.env", RULES) == Verdict(False, "*.env", SECRET_FILES)


@pytest.mark.parametrize(
    "uri",
    [
        *("git:/repo/a.py?%7B%7D", "ssh://host/a.py", "https://host/a.py", "vscode-vfs://github/o/r/a.py"),
        *("jar:file:///a.jar!/b.py", "zipfile:///a.zip::b.py", "output:x", "a.py", "/a.py", "", ":", "data:,x"),
        *("file://server/share/a.py", "file:////server/a.py", "file://[x/a.py", "file:///a%00b.py", "file:///%ff/a.py"),
        *("file:a.py", "file://a.py", "vscode-notebook-cell://ssh-remote/a.ipynb#1"),
    ],
)
@posix
def test_anything_else_is_refused_with_a_reason(uri: str) -> None:
    verdict = judge_document(uri, RULES)
    assert not verdict.allowed and verdict.rule and verdict.source


@posix
@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b%20c", "/a/b c"),
        ("file:///", "/"),
        (None, None),
        ("", None),
        ("untitled:x", None),
        ("file://host/a", None),
        ("file:///a%00", None),
    ],
)
def test_a_workspaces_folder_is_a_path_of_this_machine(uri: str | None, path: str | None) -> None:
    assert folder_of(uri) == path
