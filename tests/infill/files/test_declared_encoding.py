"""A file that declares its encoding is read and written in it, or refused; never in another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infill.checks.encodable import is_encodable
from infill.files.read import SourceFile
from infill.files.write import write_all
from infill.syntax.declared_encoding import declared_encoding
from infill.types import InputError

pytestmark = pytest.mark.reports


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("# -*- coding: latin-1 -*-\n", "iso8859-1"),
        ("#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = 1\n", "cp1252"),
        ("\n# coding=koi8-r\n", "koi8-r"),
        ("\ufeff# coding: utf8\n", "utf-8"),
        ("# coding: utf-8-sig\n", "utf-8"),
        ("# -*- coding: latin-1-unix -*-\n", "iso8859-1"),
        ("x = 1\n# coding: latin-1\n", "utf-8"),
        ("#\n#\n# coding: latin-1\n", "utf-8"),
        ('"""coding: latin-1"""\n', "utf-8"),
        ("# encoding is hard\n", "utf-8"),
        ("// -*- coding: shift_jis -*-\r\n", "shift_jis"),
        ('@charset "iso-8859-15";\n', "iso8859-15"),
        ('<!doctype html>\n<html><head><meta charset="windows-1252">\n', "cp1252"),
        ("", "utf-8"),
    ],
)
def test_the_declaration_is_found_where_it_counts(text: str, encoding: str) -> None:
    assert declared_encoding(text) == encoding


@pytest.mark.parametrize("name", ["no-such", "rot13", "hex", "base64"])
def test_what_is_no_encoding_of_text_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.py"
    path.write_text(f"# coding: {name}\nx = 1\n")
    with pytest.raises(InputError, match=f"declares the encoding {name}"):
        SourceFile.read(path)


@pytest.mark.parametrize(("cookie", "letter"), [("latin-1", "é"), ("cp1252", "€"), ("koi8-r", "ж"), ("gbk", "中")])
def test_a_fill_is_written_in_the_declared_encoding(tmp_path: Path, cookie: str, letter: str) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(f"# coding: {cookie}\nx = '{letter}'\ny = ''\n".encode(cookie))
    source = SourceFile.read(path)
    assert letter in source.text
    assert source.diff(source.text.replace("''", f"'{letter}'")).endswith(f"+y = '{letter}'\n".encode(cookie))
    write_all([(source, source.text.replace("''", f"'{letter}'") + "print(ascii(x + y))\n")])
    ran = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ascii(letter * 2)


@pytest.mark.parametrize(("cookie", "letter"), [("ascii", "é"), ("latin-1", "€"), ("cp1252", "中")])
def test_what_the_encoding_cannot_write_is_refused_and_the_file_stays(tmp_path: Path, cookie: str, letter: str) -> None:
    path = tmp_path / "a.py"
    path.write_text(f"# coding: {cookie}\nx = 1\n")
    source = SourceFile.read(path)
    with pytest.raises(InputError, match="cannot write"):
        write_all([(source, source.text + f"y = '{letter}'\n")])
    with pytest.raises(InputError, match="cannot write"):
        source.diff(source.text + f"y = '{letter}'\n")
    assert path.read_text() == f"# coding: {cookie}\nx = 1\n" and list(tmp_path.iterdir()) == [path]
    assert not is_encodable(f"y = '{letter}'", source.text)
    assert is_encodable("y = 'e'", source.text)


def test_bytes_that_do_not_fit_the_declared_encoding_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"# coding: ascii\nx = '\xe9'\n")
    with pytest.raises(InputError, match=r"is not ASCII text \(first bad byte at offset 21\)"):
        SourceFile.read(path)
