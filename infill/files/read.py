"""Reads source files: bytes to text and back without translation.

Line ends, a byte order mark and a missing last newline stay as they are. Every problem with a file is
an `InputError` of one line that names it. Knows nothing of holes, languages or models.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

import msgspec

from infill.files.decode import BOM, MAX_BYTES, decode, printable
from infill.files.diff import unified_diff
from infill.syntax.declared_encoding import UTF_8
from infill.types import InputError

# Not str.splitlines: form feed and U+2028 are ordinary characters in code.
_LINE_BREAK = re.compile(r"\r\n|\n|\r")


class Position(msgspec.Struct, frozen=True):
    """A position as the user names it, FILE:LINE:COL: line and column from 1; the file `-` is standard input."""

    file: str
    line: int
    column: int

    @classmethod
    def parse(cls, text: str) -> Position:
        r"""Parse FILE:LINE:COL; file names may have colons too (`C:\x.py`). Raises InputError for other texts."""
        parts = re.fullmatch(r"(.+):([0-9]{1,9}):([0-9]{1,9})", text, re.DOTALL)
        if not parts:
            raise InputError(f"{printable(text)}: is not FILE:LINE:COL (line and column count from 1)")
        return cls(parts[1], int(parts[2]), int(parts[3]))

    def __str__(self) -> str:
        return f"{printable(self.file)}:{self.line}:{self.column}"


class SourceFile(msgspec.Struct, frozen=True):
    """One file as it was read: `raw` has its bytes, `text` the same decoded and without byte order mark.

    `name` is the user's name for it, `path` its real path (links resolved), None for a stream. `encoding` is the one
    that the file declares.
    """

    name: str
    path: Path | None
    raw: bytes
    text: str
    encoding: str = UTF_8

    @classmethod
    def read(cls, path: str | Path) -> SourceFile:
        """Return the file at `path`. Raises InputError when it cannot be used."""
        name = str(path)
        try:
            status = os.stat(path)
            _refuse_non_file(name, status)
            with open(path, "rb") as stream:
                # One byte more than allowed: the file may have grown since it was looked at.
                raw = stream.read(MAX_BYTES + 1)
            real_path = Path(os.path.realpath(path))
        except FileNotFoundError:
            raise InputError(f"{printable(name)}: no such file") from None
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise InputError(f"{printable(name)}: cannot be read ({cause(error)})") from None
        return cls(name, real_path, raw, *decode(name, raw))

    @classmethod
    def read_stream(cls, name: str, stream: BinaryIO) -> SourceFile:
        """Return the content of `stream` up to its end, under the same rules as a file."""
        try:
            raw = stream.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            raise InputError(f"{printable(name)}: cannot be read ({cause(error)})") from None
        return cls(name, None, raw, *decode(name, raw))

    def encode(self, text: str) -> bytes:
        """Return `text` as bytes of this file: in its encoding, with its byte order mark, if it has one.

        Raises InputError where the file's encoding cannot write the text.
        """
        try:
            return (codecs.BOM_UTF8 if self.raw.startswith(codecs.BOM_UTF8) else b"") + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            bad = text[error.start]
            raise InputError(f"{printable(self.name)}: its encoding {self.encoding} cannot write {bad!r}") from None

    def diff(self, text: str) -> bytes:
        """Return the unified diff from the file as it was read to `text`, in its encoding; empty when they are equal.

        Raises InputError where the file's encoding cannot write the text.
        """
        self.encode(text)
        mark = BOM if self.raw.startswith(codecs.BOM_UTF8) else ""
        head, at, hunks = unified_diff(self.path or "stdin", mark + self.text, mark + text).partition("\n@@")
        return head.encode() + (at + hunks).encode(self.encoding)


def offset_of(text: str, line: int, column: int) -> int:
    """Return the character offset of a line and column, both from 1; the column may be one past the line's end.

    Raises `InputError` outside of the text.
    """
    start, line_idx = 0, 1
    for line_break in _LINE_BREAK.finditer(text):
        if line_idx == line:
            return _offset_in_line(start, line_break.start(), line, column)
        start, line_idx = line_break.end(), line_idx + 1
    if line_idx == line:
        return _offset_in_line(start, len(text), line, column)
    raise InputError(f"line {line} is outside the text, which has {_count(line_idx, 'line')}")


def line_ends(text: str) -> list[int]:
    """Return the character offsets at which lines end, their breaks included; the last line has none."""
    return [line_break.end() for line_break in _LINE_BREAK.finditer(text)]


def _offset_in_line(start: int, end: int, line: int, column: int) -> int:
    if not 1 <= column <= end - start + 1:
        raise InputError(
            f"column {column} is outside line {line}, which has {_count(end - start, 'character')}"
            f" (1 to {end - start + 1} can be given)"
        )
    return start + column - 1


def _refuse_non_file(name: str, status: os.stat_result) -> None:
    # Before opening: a pipe without a writer would block, and opening a device can have effects.
    name = printable(name)
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{name}: is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{name}: is not a regular file; pipe it in and use - as its name")
    if status.st_size > MAX_BYTES:
        size = f"{status.st_size / 1e6:.1f} MB"
        raise InputError(f"{name}: is too large ({size}; the limit is {MAX_BYTES / 1e6:.0f} MB)")


def cause(error: OSError | ValueError) -> str:
    """Return why the system refused, in words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
