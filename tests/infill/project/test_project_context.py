"""The command line and the project around a file: what is imported goes with every question."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill.project.project_context import project_of
from infill.types import Excerpt
from tests.infill.conftest import Run

SHELF = Excerpt("shop/shelf.py", "SIZE = 3")


@pytest.fixture
def till(tmp_path: Path) -> Path:
    """A file in a repository, which imports one module that it may read and one that is ignored."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("hidden.py\n")
    shop = tmp_path / "shop"
    shop.mkdir()
    for name, text in (("__init__", ""), ("shelf", "SIZE = 3\n"), ("hidden", "KEY = 1\n")):
        (shop / f"{name}.py").write_text(text)
    till = shop / "till.py"
    till.write_text("from .shelf import SIZE\nfrom shop.hidden import KEY\n\n\ndef f(x):\n    ...\n")
    return till


@pytest.mark.parametrize("arguments", [("fill", "{}:6:5"), ("fill", "--holes", "{}"), ("rewrite", "{}:6-6")])
def test_what_the_project_says_goes_with_the_question(run: Run, till: Path, arguments: tuple[str, ...]) -> None:
    given = [argument.format(till) for argument in arguments]
    run(*given)
    run(*given, "--no-context")
    asked, without = run.requests
    assert asked.context.excerpts == (SHELF,) and asked.context.texts == ("SIZE = 3\n",)
    assert without.context.excerpts == without.context.texts == ()


def test_standard_input_has_no_project(run: Run, till: Path) -> None:
    run("fill", "-:6:5", stdin=till.read_bytes())
    assert run.requests[0].context.texts == ()


def test_a_project_is_a_repository_or_the_folder_of_a_package(till: Path, tmp_path: Path) -> None:
    assert project_of(str(till)) == str(tmp_path)
    (tmp_path / ".git").rmdir()
    assert project_of(str(till)) == str(tmp_path)
    assert project_of(str(tmp_path / "alone" / "a.py")) == str(tmp_path / "alone")
