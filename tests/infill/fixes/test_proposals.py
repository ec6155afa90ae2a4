"""Edits by code alone: each removes what is reported, and nothing else changes."""

from __future__ import annotations

import pytest

from infill.fixes.edit import Edit
from infill.fixes.names import distance
from infill.fixes.proposals import Mending, proposals
from infill.fixes.report import Report
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Context, Span

NOTHING = Context()


def edits(language: str, marked: str, message: str, context: Context = NOTHING) -> tuple[str, list[Edit]]:
    """Return the text and its edits; the report is about what is between the marks, or about their place."""
    before, at, after = marked.split("¦")
    row = by_id(language)
    assert row is not None
    text = before + at + after
    syntax = parse(row, text)
    report = Report(message, Span(len(before), len(before) + len(at)))
    return text, proposals(syntax, Mending(syntax, report), context)


# A line with a fault, the place and words of the report, the line as it is to be.
PYTHON = [
    ("total = sum¦(¦values\n", '"(" was not closed', "total = sum(values)\n"),
    ("total = sum(values)¦)¦\n", "Expected expression", "total = sum(values)\n"),
    ("show¦(¦left, right top)\n", '"(" was not closed', "show(left, right, top)\n"),
    ('name = ¦"it¦\n', "String literal is unterminated", 'name = "it"\n'),
    ("if values¦¦  # any\n    pass\n", 'Expected ":"', "if values:  # any\n    pass\n"),
    ("if a ¦&&¦ b:\n    pass\n", "Expected expression", "if a and b:\n    pass\n"),
    ("x = ¦null¦\n", '"null" is not defined', "x = None\n"),
    ("try:\n    pass\n¦catch¦ ValueError:\n    pass\n", "Expected expression",
     "try:\n    pass\nexcept ValueError:\n    pass\n"),
    ("if values ¦=¦ []:\n    pass\n", "Maybe you meant '==' or ':=' instead of '='?", "if values == []:\n    pass\n"),
    ("a = 1\n  ¦b = 2¦\nc = 3\n", "Unexpected indentation", "a = 1\nb = 2\nc = 3\n"),
    ("values = [1]\nprint(¦valeus¦)\n", '"valeus" is not defined', "values = [1]\nprint(values)\n"),
    ("def f(x):\n    ¦x + 1¦\n", "Expression value is unused", "def f(x):\n    return x + 1\n"),
    ("¦Path¦('a')\n", '"Path" is not defined', "from pathlib import Path\nPath('a')\n"),
    ("from abc import ABC\nimport x\n\nprint(ABC, x, ¦Path¦())\n", "Undefined name `Path`",
     "from abc import ABC\nfrom pathlib import Path\nimport x\n\nprint(ABC, x, Path())\n"),
    ("import x\n\nprint(x, ¦Path¦())\n", "Undefined name `Path`",
     "from pathlib import Path\n\nimport x\n\nprint(x, Path())\n"),
    ("import os\n\nprint(os.sep, ¦json¦.dumps(1))\n", "Undefined name `json`",
     "import json\nimport os\n\nprint(os.sep, json.dumps(1))\n"),
    ('"""A module."""\n\nprint(¦re¦.escape("a"))\n', '"re" is not defined',
     '"""A module."""\nimport re\n\nprint(re.escape("a"))\n'),
    ("class A:\n    def f(self):\n        self.size = 1\n        return ¦size¦\n", '"size" is not defined',
     "class A:\n    def f(self):\n        self.size = 1\n        return self.size\n"),
]  # fmt: skip
OTHERS = [
    ("typescript", "function f(a: number)\n  ¦return¦ a;\n}\n", "'{' expected.",
     "function f(a: number) {\n  return a;\n}\n"),
    ("typescript", "const size = 1;\nconst a = ¦sise¦ + 1;\n", "Cannot find name 'sise'. Did you mean 'size'?",
     "const size = 1;\nconst a = size + 1;\n"),
    ("typescript", "class A { n = 1; f() { return ¦n¦; } }\n",
     "Cannot find name 'n'. Did you mean the instance member 'this.n'?", "class A { n = 1; f() { return this.n; } }\n"),
    ("typescript", "show(1, ¦2¦;\n", "')' expected.", "show(1, 2);\n"),
    ("go", "package m\n\nfunc f(a int) int ¦¦\n\treturn a\n}\n", "expected '{', found newline",
     "package m\n\nfunc f(a int) int {\n\treturn a\n}\n"),
    ("go", 'package m\n\nimport (\n\t"fmt"\n)\n\nfunc f() error {\n\tfmt.Errorf("a")\n\treturn ¦Errorf¦("b")\n}\n',
     "undefined: Errorf",
     'package m\n\nimport (\n\t"fmt"\n)\n\nfunc f() error {\n\tfmt.Errorf("a")\n\treturn fmt.Errorf("b")\n}\n'),
    ("go", 'package m\n\nimport (\n\t"fmt"\n)\n\nfunc f() { fmt.Print(¦strings¦.ToUpper("a")) }\n',
     "undefined: strings",
     'package m\n\nimport (\n\t"strings"\n\t"fmt"\n)\n\nfunc f() { fmt.Print(strings.ToUpper("a")) }\n'),
    ("rust", "fn f() {\n    let m = ¦HashMap¦::new();\n}\n", "use of undeclared type `HashMap`",
     "use std::collections::HashMap;\nfn f() {\n    let m = HashMap::new();\n}\n"),
    ("rust", "¦func¦ f() {}\n", "expected one of `!` or `::`, found `f`", "fn f() {}\n"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "broken", "message", "right"), [*(("python", *case) for case in PYTHON), *OTHERS])
def test_the_first_edit_mends_it(language: str, broken: str, message: str, right: str) -> None:
    text, found = edits(language, broken, message)
    assert found and found[0].applied(text) == right


def test_several_ways_are_all_proposed() -> None:
    text, found = edits("python", "print¦(¦f(x)\n", '"(" was not closed')
    assert {edit.applied(text) for edit in found} >= {"print(f(x))\n", "print(f)(x)\n"}


def test_no_edit_leaves_the_error_there_or_makes_another() -> None:
    assert edits("python", "x = (1 + ¦¦\ny = )\n", "Expected expression")[1] == []
    assert edits("python", "print(¦wholly_unknown¦)\n", '"wholly_unknown" is not defined')[1] == []


def test_a_name_that_is_written_often_is_hardly_misspelt() -> None:
    once, often = "fetched = 1\nprint(¦fetcher¦)\n", "fatched = 1\nprint(¦fetchet¦, fetchet, fetchet)\n"
    assert edits("python", once, '"fetcher" is not defined')[1]
    assert not edits("python", often, '"fetchet" is not defined')[1]


@pytest.mark.parametrize(
    ("language", "own", "there", "path", "right"),
    [
        ("python", "print(¦Store¦())\n", "from app.store import Store, Other\n", "app/a.py",
         "from app.store import Store\n"),
        ("python", "print(¦np¦.zeros(1))\n", "import numpy as np\n", "app/a.py", "import numpy as np\n"),
        ("python", "print(¦Store¦())\n", "class Store:\n    pass\n", "app/store.py", "from app.store import Store\n"),
        ("python", "from . import x\nprint(¦Store¦(), x)\n", "class Store:\n    pass\n", "app/store.py",
         "from .store import Store\n"),
        ("python", "print(¦Store¦())\n", "from .deep import Store\n", "app/sub/a.py", ""),
        ("typescript", "show(¦Store¦);\n", 'import { Store, type Other } from "./store.js";\n', "app/sub/a.ts",
         'import { Store } from "./sub/store.js";\n'),
        ("typescript", "show(¦Store¦);\n", "export class Store {}\n", "app/store.ts",
         'import { Store } from "./store";\n'),
        ("rust", "fn f() { ¦Store¦::new(); }\n", "use crate::store::{Other, Store};\n", "src/a.rs",
         "use crate::store::Store;\n"),
    ],
)  # fmt: skip
def test_an_import_is_as_other_files_have_it(language: str, own: str, there: str, path: str, right: str) -> None:
    endings = {"python": "py", "typescript": "ts", "rust": "rs"}
    context = Context(texts=(there,), text_paths=(path,), path=f"app/main.{endings[language]}")
    name = own.split("¦")[1]
    _, found = edits(language, own, f"Cannot find name '{name}'", context)
    assert [edit.text for edit in found] == ([right] if right else [])


def test_line_breaks_of_the_file_are_kept() -> None:
    text, (edit, *_) = edits("python", "import os\r\nprint(os, ¦json¦.a)\r\n", '"json" is not defined')
    assert edit.applied(text) == "import json\r\nimport os\r\nprint(os, json.a)\r\n"


def test_a_distance_counts_letters_that_changed_places_once() -> None:
    assert [distance("values", other, 2) for other in ("values", "valeus", "value", "vlaues", "violas")] == [
        0,
        1,
        1,
        1,
        3,
    ]
