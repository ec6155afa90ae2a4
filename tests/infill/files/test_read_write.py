"""Bytes survive: what is read is what is written back, and what the diff says is what git makes of it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from infill.files.read import MAX_BYTES, Position, SourceFile, offset_of
from infill.files.write import check_writable, write_all
from infill.types import InputError

NOBODY = 65534
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


def make(folder: Path, data: bytes, name: str = "a.py") -> SourceFile:
    path = folder / name
    path.write_bytes(data)
    return SourceFile.read(path)


@pytest.fixture
def open_folder():
    """A folder that an unprivileged user can reach; pytest's own are private to root."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


@contextlib.contextmanager
def as_nobody():
    """Root may read and write anywhere: be an unprivileged user for a while."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


# Reading


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"x\n", b"a\r\nb\nc\rd", b"\xef\xbb\xbfa\r\n", "é\u2028ü\f\n".encode(), b"\xef\xbb\xbf"],
)
def test_text_encodes_to_the_bytes_that_were_read(tmp_path: Path, data: bytes):
    source = make(tmp_path, data)
    assert source.encode(source.text) == data
    assert not source.text.startswith("\ufeff")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"ok\n\xff", "is not UTF-8 text (first bad byte at offset 3)"),
        (b"\xef\xbb\xbfok\xc3", "is not UTF-8 text (first bad byte at offset 5)"),
        ("hi".encode("utf-16"), "is not UTF-8 text"),
        (b"\xfe\xff\0h", "is not UTF-8 text"),
        (b"ab\0c", "is binary, not UTF-8 text (NUL byte at offset 2)"),
        (b"x" * (MAX_BYTES + 1), "is too large (5.0 MB; the limit is 5 MB)"),
    ],
)
def test_unusable_content_is_named(tmp_path: Path, data: bytes, complaint: str):
    with pytest.raises(InputError) as caught:
        make(tmp_path, data)
    assert str(caught.value).startswith(f"{tmp_path / 'a.py'}: {complaint}")


def test_a_file_of_just_the_limit_is_read(tmp_path: Path):
    assert len(make(tmp_path, b"x" * MAX_BYTES).text) == MAX_BYTES


def test_a_file_that_grew_after_the_look_is_still_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "small").write_bytes(b"")
    (tmp_path / "a.py").write_bytes(b"x" * (MAX_BYTES + 1))
    small, look = os.stat(tmp_path / "small"), os.stat
    monkeypatch.setattr(os, "stat", lambda path, **_: small if str(path).endswith("a.py") else look(path))
    with pytest.raises(InputError, match="too large"):
        SourceFile.read(tmp_path / "a.py")


def test_missing_folder_and_loop_are_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere.py: no such file"):
        SourceFile.read(tmp_path / "nowhere.py")
    with pytest.raises(InputError, match="is a folder"):
        SourceFile.read(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError, match="cannot be read"):
        SourceFile.read(tmp_path / "loop")


@posix
def test_pipes_sockets_and_devices_are_refused_unopened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setattr("builtins.open", None)  # to open a pipe would wait for a writer for ever
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "sock"))
        for path in (tmp_path / "fifo", tmp_path / "sock", Path("/dev/zero")):
            with pytest.raises(InputError, match="is not a regular file"):
                SourceFile.read(path)


@posix
def test_an_unreadable_file_is_named(open_folder: Path):
    (open_folder / "a.py").write_bytes(b"x")
    (open_folder / "a.py").chmod(0)
    with as_nobody(), pytest.raises(InputError, match=r"a.py: cannot be read \(Permission denied\)"):
        SourceFile.read(open_folder / "a.py")


def test_a_complaint_is_one_line_whatever_the_name(tmp_path: Path):
    with pytest.raises(InputError) as caught:
        SourceFile.read(tmp_path / "a\nb\x1b[31m\udcff.py")
    assert r"a\nb\x1b[31m\udcff.py" in str(caught.value)
    assert str(caught.value).isprintable()


# Positions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.py:2:16", ("a.py", 2, 16)),
        ("-:1:1", ("-", 1, 1)),
        (r"C:\src\a.py:3:4", (r"C:\src\a.py", 3, 4)),
        ("odd:name:7:1:2", ("odd:name:7", 1, 2)),
        ("new\nline:1:2", ("new\nline", 1, 2)),
    ],
)
def test_positions_split_at_the_last_colons(text: str, expected: tuple[str, int, int]):
    position = Position.parse(text)
    assert (position.file, position.line, position.column) == expected


@pytest.mark.parametrize("text", ["", "a.py", "a.py:1", "a.py:1:", "a.py:-1:2", "a.py:1:x", ":1:2", "a:1:²"])
def test_a_malformed_position_names_the_form(text: str):
    with pytest.raises(InputError, match="is not FILE:LINE:COL"):
        Position.parse(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "offset"),
    [
        ("", 1, 1, 0),
        ("ab", 1, 3, 2),
        ("ab\n", 1, 3, 2),
        ("ab\n", 2, 1, 3),
        ("ab\r\ncd", 1, 3, 2),
        ("ab\r\ncd", 2, 2, 5),
        ("a\rb\nc", 3, 2, 5),
        ("a\n\rb", 3, 1, 3),
        ("a\u2028b\fc\vd\x85e\nz", 1, 10, 9),
        ("é𝒳x\n", 1, 3, 2),
    ],
)
def test_offset_of_a_place(text: str, line: int, column: int, offset: int):
    assert offset_of(text, line, column) == offset


@pytest.mark.parametrize(
    ("line", "column", "complaint"),
    [
        (0, 1, "line 0 is outside the text, which has 2 lines"),
        (3, 1, "line 3 is outside the text, which has 2 lines"),
        (1, 4, "column 4 is outside line 1, which has 2 characters"),
        (2, 3, "column 3 is outside line 2, which has 1 character "),
        (1, 0, "column 0 is outside line 1"),
    ],
)
def test_a_place_outside_is_named(line: int, column: int, complaint: str):
    with pytest.raises(InputError) as caught:
        offset_of("ab\r\nc", line, column)
    assert str(caught.value).startswith(complaint)


# Writing


def test_write_keeps_mark_line_ends_and_mode(tmp_path: Path):
    source = make(tmp_path, b"\xef\xbb\xbfa\r\nb")
    (tmp_path / "a.py").chmod(0o755)
    write_all([(source, source.text + "c\r\nd\re")])
    assert (tmp_path / "a.py").read_bytes() == b"\xef\xbb\xbfa\r\nbc\r\nd\re"
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o755
    assert os.listdir(tmp_path) == ["a.py"]


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="only root may give files away")
def test_write_keeps_the_owner(tmp_path: Path):
    source = make(tmp_path, b"a")
    os.chown(tmp_path / "a.py", NOBODY, NOBODY - 1)
    write_all([(source, "b")])
    status = (tmp_path / "a.py").stat()
    assert (status.st_uid, status.st_gid) == (NOBODY, NOBODY - 1)


def test_write_goes_through_a_link(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.py").write_text("a")
    (tmp_path / "link.py").symlink_to("real/a.py")
    write_all([(SourceFile.read(tmp_path / "link.py"), "b")])
    assert (tmp_path / "link.py").is_symlink()
    assert (tmp_path / "real" / "a.py").read_text() == "b"


def test_write_refuses_a_file_that_changed(tmp_path: Path):
    first, second = make(tmp_path, b"1", "1"), make(tmp_path, b"2", "2")
    (tmp_path / "2").write_bytes(b"theirs")
    with pytest.raises(InputError, match="2: changed on disk since it was read; nothing was written"):
        write_all([(first, "new"), (second, "new")])
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"1", b"theirs"]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_a_failing_write_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str):
    source = make(tmp_path, b"precious")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(InputError, match=r"a.py: cannot be written \(No space left on device\)"):
        write_all([(source, "new")])
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"precious"]


@pytest.mark.parametrize("error", [PermissionError(errno.EPERM, "no"), KeyboardInterrupt()])
def test_when_one_of_two_files_fails_the_other_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
):
    first, second = make(tmp_path, b"1", "1"), make(tmp_path, b"2", "2")
    replace = os.replace
    seen: list[bytes] = []

    def fail_on_second(temporary: Path, path: Path) -> None:
        if path.name == "2":
            seen.append((tmp_path / "1").read_bytes())
            raise error
        replace(temporary, path)

    monkeypatch.setattr(os, "replace", fail_on_second)
    with pytest.raises((InputError, KeyboardInterrupt)):
        write_all([(first, "new 1"), (second, "new 2")])
    assert seen == [b"new 1"]  # else there was nothing to put back
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"1", b"2"]


@posix
def test_a_read_only_folder_or_file_is_found_before_writing(open_folder: Path):
    source = make(open_folder, b"a")
    (open_folder / "a.py").chmod(0o666)
    with as_nobody():
        check_writable(source)
    open_folder.chmod(0o555)
    with as_nobody(), pytest.raises(InputError, match=r"a.py: its folder is read-only"):
        check_writable(source)
    (open_folder / "a.py").chmod(0o444)
    with as_nobody(), pytest.raises(InputError, match=r"a.py: is read-only"):
        check_writable(source)


@posix
def test_a_folder_that_became_read_only_loses_nothing(open_folder: Path):
    source = make(open_folder, b"a")
    open_folder.chmod(0o555)
    with as_nobody(), pytest.raises(InputError, match=r"a.py: cannot be written \(Permission denied\)"):
        write_all([(source, "b")])
    assert (open_folder / "a.py").read_bytes() == b"a"


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="needs root to make another's file")
def test_another_users_file_keeps_its_mode_where_the_owner_cannot_be_kept(open_folder: Path):
    source = make(open_folder, b"a")
    (open_folder / "a.py").chmod(0o646)
    with as_nobody():
        write_all([(source, "b")])
    status = (open_folder / "a.py").stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (NOBODY, 0o646)
