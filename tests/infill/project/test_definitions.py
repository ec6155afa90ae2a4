"""What a file imports from its own project: found, shortened, bounded, and never read where it must not be."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from infill.ignore.rules import IgnoreRules
from infill.project import definitions
from infill.project.definitions import Definitions
from infill.project.outlines import outline
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Context, Excerpt

PYTHON = by_id("python")
assert PYTHON is not None

SHELF = '''\
"""A shelf."""
import os
from typing import Any

SIZE: int = 3  # boards
NAMES = [
    "a",
]
type Row = list[int]

def _hidden(): ...

@cache
def board(
    length: int,  # in cm
    *,
    wide: bool = False,
) -> str:
    """Cut a board.

    Not here.
    """
    return "=" * length

async def fetch(url): return url

class Shelf(Base, metaclass=Meta):
    """Holds boards. """

    boards: list[str] = []

    def __init__(self, n: int) -> None:
        self.n = n

    @property
    def full(self) -> bool:
        """Whether it is."""
        return True

    def _count(self): pass

try:
    import fast
except ImportError:
    fast = None
if True:
    def late(x): return x
'''

OUTLINES = {
    "SIZE": "SIZE: int = 3",
    "NAMES": "NAMES = [",
    "Row": "type Row = list[int]",
    "_hidden": "def _hidden(): ...",
    "board": '@cache\ndef board(length: int, *, wide: bool = False) -> str:\n    """Cut a board."""',
    "fetch": "async def fetch(url): ...",
    "Shelf": (
        'class Shelf(Base, metaclass=Meta):\n    """Holds boards."""\n    boards: list[str] = []\n'
        "    def __init__(self, n: int) -> None: ...\n    @property\n    def full(self) -> bool: ..."
    ),
    "fast": "fast = None",
    "late": "def late(x): ...",
}


def write(root: Path, **files: str) -> None:
    """Files by their paths, with `__` for a slash, `dunder` for `__init__`."""
    for name, text in files.items():
        path = root / (name.replace("dunder", "\0").replace("__", "/").replace("\0", "__init__") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(root: Path, path: str, text: str, rules: IgnoreRules | None = None) -> dict[str, str]:
    """Excerpts by path, for a text that would be the file at `path`."""
    rules = rules or IgnoreRules([root])
    assert PYTHON is not None
    known = Definitions([str(root)], lambda file: rules.judge(file).allowed)
    return {e.path: e.text for e in known.of(parse(PYTHON, text), str(root / path)).excerpts}


@pytest.mark.parametrize("name", OUTLINES)
def test_a_definition_is_its_face(name: str) -> None:
    assert PYTHON is not None
    assert outline(parse(PYTHON, SHELF)).definitions[name] == OUTLINES[name]


def test_nothing_else_is_a_definition() -> None:
    assert PYTHON is not None
    assert set(outline(parse(PYTHON, SHELF)).definitions) == set(OUTLINES)


@pytest.mark.parametrize(
    "statement",
    [
        "from shop.shelf import SIZE",
        "from shop.shelf import SIZE as S, missing",
        "from .shelf import (\n    SIZE,\n)",
        "from ..shop.shelf import SIZE",
        "def f():\n    from .shelf import SIZE",
        "from .shelf import SIZE\nx = ((",  # broken code
        "from . import handed",
        "from shop import SIZE",  # one re-export is followed
        "from shop import *\nfrom .shelf import SIZE",
    ],
)
@pytest.mark.parametrize("layout", ["", "src"])
def test_every_way_to_import_leads_to_the_file(tmp_path: Path, statement: str, layout: str) -> None:
    root = tmp_path / layout
    shelf = "SIZE = 3\n_LOCAL = 4\n"
    write(root, shop__dunder="from .shelf import SIZE\n", shop__shelf=shelf, shop__handed="SIZE = 3\n")
    excerpts = found(tmp_path, os.path.join(layout, "shop", "till.py"), statement)
    assert list(excerpts.values()) == ["SIZE = 3"]
    assert all(path.startswith(f"{layout}/shop/".lstrip("/")) for path in excerpts)


def test_a_module_is_its_public_names(tmp_path: Path) -> None:
    write(tmp_path, util="def a(x): return x\ndef _b(): ...\nC = 1\n")
    assert found(tmp_path, "main.py", "import util, os\n") == {"util.py": "def a(x): ...\nC = 1"}


def test_excerpts_are_in_the_order_of_the_imports_and_one_for_each_file(tmp_path: Path) -> None:
    write(tmp_path, a="X = 1\nY = 2\n", b="Z = 3\n")
    text = "from a import Y\nfrom b import Z\nfrom a import X, Y\n"
    assert list(found(tmp_path, "main.py", text).items()) == [("a.py", "Y = 2\nX = 1"), ("b.py", "Z = 3")]


def test_the_file_itself_is_no_context(tmp_path: Path) -> None:
    write(tmp_path, main="ANSWER = 42\n")
    assert found(tmp_path, "main.py", "from main import ANSWER\n") == {}


def test_what_is_ignored_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, a="X = 1\n", b="Y = 2\n", credentials__keys="K = 3\n")
    (tmp_path / ".gitignore").write_text("b.py\n")
    text = "from a import X\nfrom b import Y\n"
    assert list(found(tmp_path, "main.py", text)) == ["a.py"]
    (tmp_path / ".gitignore").write_bytes(b"\xff")  # rules that cannot be known
    assert found(tmp_path, "main.py", text) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_no_link_and_no_dots_lead_out_of_the_project(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    write(outside, secret="S = 1\n", dunder="")
    write(root, main="", dunder="", real="R = 2\n")
    (root / "linked.py").symlink_to(outside / "secret.py")
    (root / "folder").symlink_to(outside)
    (root / "inside.py").symlink_to(root / "real.py")
    modules = ("linked", "folder.secret", "..outside.secret", "...outside.secret", "outside.secret")
    text = "".join(f"from {module} import S\n" for module in modules)
    assert found(root, "main.py", text) == {}
    assert found(root, "main.py", text + "from inside import R\n") == {"real.py": "R = 2"}


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names there")
def test_what_is_no_plain_file_of_moderate_size_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    write(tmp_path, long="X = 1\n" + "#" * 100, short="Y = 2\n")
    monkeypatch.setattr(definitions, "MAX_BYTES", 100)
    text = "from pipe import X\nfrom long import X\nfrom short import Y\n"
    assert found(tmp_path, "main.py", text) == {"short.py": "Y = 2"}


def test_only_so_many_files_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "MAX_FILES", 3)
    write(tmp_path, **{f"m{i}": f"X{i} = 1\n" for i in range(9)})
    text = "".join(f"from m{i} import X{i}\n" for i in range(9))
    assert list(found(tmp_path, "main.py", text)) == ["m0.py", "m1.py", "m2.py"]


def texts(root: Path, path: str, text: str, **opened: str) -> list[str]:
    """Whole texts for a text that would be the file at `path`, while others are open."""
    assert PYTHON is not None
    rules = IgnoreRules([root])
    known = Definitions([str(root)], lambda file: rules.judge(file).allowed)
    paths = {str(root / f"{name}.py"): text for name, text in opened.items()}
    return list(known.of(parse(PYTHON, text), str(root / path), paths).texts)


def test_what_is_open_and_what_stands_beside_follow_what_is_imported(tmp_path: Path) -> None:
    write(tmp_path, a="A = 1\n", b="B = 1\n", c="C = 1\n", d="D = 1\n", main="M = 1\n", sub__e="E = 1\n")
    assert texts(tmp_path, "main.py", "from d import D\n", b="B = 2\n") == ["D = 1\n", "B = 2\n", "C = 1\n", "A = 1\n"]
    assert texts(tmp_path, "main.py", "from d import D\n", d="D = 2\n")[0] == "D = 2\n"
    assert texts(tmp_path, "sub/new.py", "") == ["E = 1\n"]
    assert texts(tmp_path, "nowhere/new.py", "", b="B = 2\n") == ["B = 2\n"]


def test_of_a_large_folder_the_files_of_similar_names_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "MAX_BESIDE", 3)
    write(tmp_path, **{f"m{i}": f"X{i} = 1\n" for i in range(9)})
    assert texts(tmp_path, "m4.py", "") == ["X3 = 1\n", "X5 = 1\n", "X2 = 1\n"]
    assert texts(tmp_path, "m0.py", "") == ["X1 = 1\n", "X2 = 1\n", "X3 = 1\n"]


def test_nothing_that_is_ignored_is_read_beside(tmp_path: Path) -> None:
    write(tmp_path, a="A = 1\n", b="B = 1\n")
    (tmp_path / ".gitignore").write_text("b.py\n")
    assert texts(tmp_path, "main.py", "") == ["A = 1\n"]


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PYTHON is not None
    write(tmp_path, a="X = 1\n")
    read: list[str] = []
    real = definitions._read  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(definitions, "_read", lambda file, stamp: read.append(file) or real(file, stamp))
    known = Definitions([str(tmp_path)], lambda _: True)

    def ask() -> Context:
        return known.of(parse(PYTHON, "from a import X\n"), str(tmp_path / "main.py"))

    assert ask() == ask() == Context((Excerpt("a.py", "X = 1"),), ("X = 1\n",), ("a.py",), "main.py") and len(read) == 1
    write(tmp_path, a="X = 22\n")
    assert ask() == Context((Excerpt("a.py", "X = 22"),), ("X = 22\n",), ("a.py",), "main.py") and len(read) == 2


def test_other_languages_have_the_files_beside(tmp_path: Path) -> None:
    rust = by_id("rust")
    assert rust is not None
    for name in ("a.rs", "b.rs", "m.rs", "c.py"):
        (tmp_path / name).write_text(f"// {name}\n")
    found = Definitions([str(tmp_path)], lambda _: True).of(parse(rust, "use a::b;\n"), str(tmp_path / "m.rs"))
    assert found == Context((), ("// b.rs\n", "// a.rs\n"), ("b.rs", "a.rs"), "m.rs")
