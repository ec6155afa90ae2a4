"""A repository to put ignore files into."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infill.ignore.test_gitignore import git


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository in a folder of its own."""
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q")
    return root
