"""The journal on a real disk: it goes on, excludes a second run, and finishes or rolls back what was being written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infill.files.read import SourceFile
from infill.journal.journal import Journal, Write, folder_of, open_journal
from infill.journal.writes import recover, write_changes, write_each
from infill.types import InputError

A, B = b"a = 1\n", b"b = 1\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "a.py").write_bytes(A)
    (folder / "b.py").write_bytes(B)
    return folder


def contents(tree: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(tree.iterdir())}


def begun(tree: Path, together: bool) -> list[Write]:
    """Writes of both files, of which the first was done when the run was killed."""
    writes = [
        Write(str(tree / name), old, old.replace(b"1", b"2"), together) for name, old in (("a.py", A), ("b.py", B))
    ]
    (tree / "a.py").write_bytes(writes[0].after)
    (tree / ".infill-x.tmp").write_bytes(b"half")
    return writes


def test_what_was_kept_is_there_after_it_was_closed_and_another_job_empties_it(tree: Path) -> None:
    with open_journal(str(tree)) as journal:
        journal.begin("one", "spec")
        journal.answers["k"] = b"v"
        journal.verdicts["k"] = b"w"
    with open_journal(str(tree)) as journal:
        journal.begin("one", "spec")
        assert (dict(journal.answers), dict(journal.verdicts)) == ({"k": b"v"}, {"k": b"w"})
        journal.begin("two", "spec")
        assert (len(journal.answers), "k" in journal.verdicts) == (0, False)


def test_a_second_run_is_refused_and_one_of_another_tree_is_not(tree: Path) -> None:
    code = f"from infill.journal.journal import open_journal\nwith open_journal({str(tree)!r}): pass"
    with open_journal(str(tree)), open_journal(str(tree.parent)):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and f"another run works on {tree}: wait until it has ended" in done.stderr
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("together", [False, True])
def test_what_a_killed_run_had_begun_to_write_is_finished(tree: Path, together: bool) -> None:
    with open_journal(str(tree)) as journal:
        journal.plan_writes(begun(tree, together))
    with open_journal(str(tree)) as journal:
        assert recover(journal) == "a run before this one was ended while it wrote: finished, 2 of 2 files"
        assert recover(journal) is None
    assert contents(tree) == {"a.py": b"a = 2\n", "b.py": b"b = 2\n"}


def test_all_or_none_is_rolled_back_where_it_cannot_be_finished(tree: Path) -> None:
    with open_journal(str(tree)) as journal:
        journal.plan_writes(begun(tree, True))
        (tree / "b.py").write_bytes(b"theirs\n")
        said = recover(journal)
    assert said is not None and "rolled back" in said and "b.py was changed by someone else" in said
    assert contents(tree) == {"a.py": A, "b.py": b"theirs\n"}


def test_each_by_itself_leaves_what_someone_else_changed(tree: Path) -> None:
    with open_journal(str(tree)) as journal:
        journal.plan_writes(begun(tree, False))
        (tree / "b.py").write_bytes(b"theirs\n")
        assert "finished, 1 of 2 files" in str(recover(journal))
    assert contents(tree) == {"a.py": b"a = 2\n", "b.py": b"theirs\n"}


@pytest.mark.parametrize("together", [False, True])
def test_a_file_that_cannot_be_written_is_told(tree: Path, together: bool) -> None:
    changes = [(SourceFile.read(tree / name), f"{name[0]} = 2\n") for name in ("a.py", "b.py")]
    (tree / "b.py").write_bytes(b"theirs\n")
    with open_journal(str(tree)) as journal:
        failed = write_changes(journal, changes, together)
        assert journal.pending() == []
    assert failed[str(tree / "b.py")] == "changed on disk since it was read"
    assert contents(tree)["a.py"] == (A if together else b"a = 2\n")
    assert (str(tree / "a.py") in failed) == together


def test_a_file_with_two_names_or_that_is_read_only_is_told_and_the_rest_is_written(tree: Path) -> None:
    os.link(tree / "a.py", tree / "other name")
    assert write_each([(SourceFile.read(tree / n), f"{n[0]} = 2\n") for n in ("a.py", "b.py")]) == {
        str(
            tree / "a.py"
        ): "has 2 names (hard links), and would be written under one of them only; pipe it in and use - as its name"
    }
    assert contents(tree) == {"a.py": A, "b.py": b"b = 2\n", "other name": A}
    (tree / "b.py").chmod(0o444)
    if not os.access(tree / "b.py", os.W_OK):  # root may write it
        assert "is read-only" in write_each([(SourceFile.read(tree / "b.py"), "b = 3\n")])[str(tree / "b.py")]


def test_a_journal_that_cannot_be_used_is_named_with_the_remedy(tree: Path) -> None:
    folder = folder_of(str(tree))
    folder.mkdir(parents=True)
    (folder / "journal.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match=r"journal\.sqlite cannot be used \(file is not a database\); --no-journal"):
        Journal(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a POSIX system")
def test_a_full_disk_is_told_and_the_files_that_fit_are_written(tree: Path) -> None:
    """In a mount namespace of its own, a disk of 64 kB."""
    small = """
import sys
from pathlib import Path
from infill.files.read import SourceFile
from infill.journal.writes import write_each
tree = Path(sys.argv[1])
(tree / "a.py").write_text("a = 1\\n")
(tree / "b.py").write_text("b = 1\\n")
changes = [(SourceFile.read(tree / n), t) for n, t in (("a.py", "a = " + "1" * 60_000), ("b.py", "b = 2\\n"))]
print(write_each(changes), (tree / "a.py").read_text(), (tree / "b.py").read_text(), [p.name for p in tree.iterdir()])
"""
    shell = 'mount -t tmpfs -o size=64k none "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-Urm", "sh", "-c", shell, "sh", str(tree), sys.executable, small]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        pytest.skip("needs unshare")
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("a small disk cannot be mounted here")
    assert "cannot be written (No space left on device)" in done.stdout, done.stderr
    assert "a = 1\n b = 2\n ['a.py', 'b.py']" in done.stdout or "a = 1\n b = 2\n ['b.py', 'a.py']" in done.stdout
