"""A copy of a real tree: what is in it, what is put into it, and that the tree itself stays as it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from infill.types import InputError
from infill.verify.scratch import Scratch
from tests.infill.ignore.trees import posix, write


def files(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): p.read_text()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and ".git/" not in str(p)
    }


@posix
def test_what_git_would_keep_is_copied_and_the_rest_is_carried_by_a_link(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write(tree, {".gitignore": "out/\nenv/\n", "a.py": "1", "new.py": "2", "out/x": "3", "env/y": "4", "gone.py": "5"})
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o755)
    os.symlink("a.py", tree / "link.py")
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    subprocess.run(["git", "add", "a.py", "gone.py"], cwd=tree, check=True)
    (tree / "gone.py").unlink()
    scratch = Scratch(str(tree), tmp_path / "s", ("env",))
    assert files(scratch.folder) == {
        ".gitignore": "out/\nenv/\n", "a.py": "1", "link.py": "1", "new.py": "2", "run.sh": "#!/bin/sh\n"
    }  # fmt: skip
    assert (scratch.folder / "env/y").read_text() == "4" and (scratch.folder / "link.py").is_symlink()
    assert os.access(scratch.folder / "run.sh", os.X_OK)
    scratch.remove()
    assert not scratch.folder.exists() and (tree / "env/y").exists()


def test_without_git_everything_is_copied(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"a.py": "1", "sub/b.txt": "2"})
    assert files(Scratch(str(tmp_path / "tree"), tmp_path / "s").folder) == {"a.py": "1", "sub/b.txt": "2"}


def test_a_copy_in_the_tree_does_not_copy_itself(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "1", "state/job/journal": "2", "state/x": "3"})
    scratch = Scratch(str(tmp_path), tmp_path / "state" / "job" / "scratch")
    assert files(scratch.folder) == {"a.py": "1", "state/x": "3"}


def test_what_is_put_goes_again_and_is_newer_each_time(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"a.py": "1", "b.py": "2"})
    scratch = Scratch(str(tmp_path / "tree"), tmp_path / "s")
    seconds = [int((scratch.folder / "a.py").stat().st_mtime)]
    for data in (b"x", b"y"):
        scratch.put({"a.py": data})
        assert (scratch.folder / "a.py").read_bytes() == data
        seconds.append(int((scratch.folder / "a.py").stat().st_mtime))
    scratch.put({"b.py": b"z"})
    assert files(scratch.folder) == {"a.py": "1", "b.py": "z"}
    assert files(tmp_path / "tree") == {"a.py": "1", "b.py": "2"}
    assert seconds[0] < seconds[1] < seconds[2] < int((scratch.folder / "a.py").stat().st_mtime)


@pytest.mark.parametrize("name", ["none", "../other", "/etc"])
def test_only_what_is_in_the_tree_is_carried(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"tree/a.py": "1", "other/x": "2"})
    with pytest.raises(InputError, match=r"verify\.carry .*: is nothing in the tree"):
        Scratch(str(tmp_path / "tree"), tmp_path / "s", (name,))
