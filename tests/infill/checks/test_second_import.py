"""What is imported is not imported again; a future import stands before all other code."""

from __future__ import annotations

import time

import pytest

from infill.checks.second_import import is_second_import
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span

pytestmark = pytest.mark.reports

FUTURE = "from __future__ import annotations\n"


def again(source: str, text: str, language_id: str = "python") -> bool:
    language = by_id(language_id)
    assert language is not None
    offset = source.index("‸")
    return is_second_import(parse(language, source.replace("‸", "")), Span(offset, offset), text)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (FUTURE + "‸\nimport os\n", FUTURE),
        (FUTURE + "from __future__ import ‸\n", "annotations"),
        (FUTURE + "from __future__ import ann‸\n", "otations"),
        (FUTURE + "from __fut‸\n", "ure__ import annotations"),
        ("from __future__ import ‸\n" + FUTURE, "annotations"),
        ("‸\n" + FUTURE, FUTURE.rstrip()),
        ("from __future__ import (annotations, division)\n‸\n", FUTURE.rstrip()),
        (FUTURE + "import os\nimport sys\n‸\n", "import os"),
        ("import os, sys\n‸\n", "import sys"),
        ("from os import path\r\n‸\r\n", "from os import path"),
        ("import os\n‸\n", "import sys\nimport os\nimport re"),
        ("import os\n\nx = 1\n‸\n", "from __future__ import division"),
        ("x = 1\nfrom ‸\n", "__future__ import division"),
    ],
)
def test_an_import_that_is_there_or_comes_too_late_is_seen(source: str, text: str) -> None:
    assert again(source, text)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (FUTURE + "from __future__ import ‸\n", "division"),
        (FUTURE + "from __future__ import ‸\n", "annotations, division"),
        ('"""Docs."""\n# note\n‸\nimport os\n', FUTURE.rstrip()),
        ('"one " "two"\n‸\n', FUTURE.rstrip()),
        ("#!/usr/bin/python\n‸\n", FUTURE.rstrip()),
        ("import os\n‸\n", "import os.path"),
        ("import os\n‸\n", "import os as system"),
        ("import os\n\n\ndef f():\n    ‸\n", "import os"),
        ("from a import b\n‸\n", "from c import b"),
        ("x = 'import os'\n‸\n", "import os"),
        ("imported = ‸\n", "important"),
    ],
)
def test_other_imports_may_stand(source: str, text: str) -> None:
    assert not again(source, text)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("javascript", "import a from 'b';"),
        ("typescript", "import { a } from 'b';"),
        ("c", "#include <stdio.h>"),
        ("rust", "use std::io;"),
        ("java", "import java.util.List;"),
    ],
)
def test_lines_that_import_in_other_languages(language: str, line: str) -> None:
    assert again(f"{line}\n‸\n", line, language)
    assert again(f"{line}\n{line[:4]}‸\n", line[4:], language)
    assert not again(f"{line}\n‸\n", line.replace("a", "z").replace("io", "fs"), language)


def test_a_long_beginning_costs_little() -> None:
    source = "# a\n" * 3000 + '"' * 3000 + "\nx = 1\n" * 2000 + "‸"
    started = time.perf_counter()
    assert again(source, FUTURE)
    assert time.perf_counter() - started < 1.0
