"""What is nearly certain: idioms, lines that all end alike, values called like their keyword; no foreign comments."""

from __future__ import annotations

import pytest

from infill.candidates.sources import similar_code
from infill.holes.find_hole import find_hole
from infill.retrieval.sure_texts import sure_texts
from infill.syntax.comments import without_trailing_comments
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Hole

pytestmark = pytest.mark.reports


def sure(source: str, language_id: str = "python") -> dict[str, float]:
    language = by_id(language_id)
    assert language is not None
    syntax = parse(language, source.replace("‸", ""))
    hole = find_hole(syntax, source.index("‸"), "manual")
    assert isinstance(hole, Hole)
    return {found.text: found.probability for found in sure_texts(syntax, hole)}


def similar(source: str, *texts: str, language_id: str = "python") -> list[str]:
    language = by_id(language_id)
    assert language is not None
    text = source.replace("‸", "")
    hole = find_hole(parse(language, text), source.index("‸"), "manual")
    assert isinstance(hole, Hole)
    return [found.text for found in similar_code(text, hole, texts, language)]


@pytest.mark.parametrize(
    ("source", "rest", "language"),
    [
        ("x = 1\nif __name__ ‸\n", '== "__main__":', "python"),
        ("x = 1\nif __na‸\n", 'me__ == "__main__":', "python"),
        ("x = ''\nif __name__ ‸\n", "== '__main__':", "python"),
        ("from __future__ ‸\n", "import annotations", "python"),
        ("set -eu‸\n", "o pipefail", "bash"),
        ("class A {\n    public static ‸\n", "void main(String[] args) {", "java"),
    ],
)
def test_the_rest_of_an_idiom_is_sure(source: str, rest: str, language: str) -> None:
    assert sure(source, language)[rest] >= 0.7


@pytest.mark.parametrize("source", ["if ‸\n", 'if __name__ == "__main__":\n    a()\nif __name__ ‸\n', "iffy ‸\n"])
def test_no_idiom_where_it_is_not_begun_or_there_already(source: str) -> None:
    assert sure(source) == {}


THRICE = "log.info('done')  # {}\nx = {}\n"


@pytest.mark.parametrize(
    ("begun", "rest"),
    [("log.‸", "info('done')"), ("log.info(‸", "'done')"), ("log‸", ".info('done')"), ("    log.inf‸", "o('done')")],
)
def test_a_line_that_stands_three_times_is_sure(begun: str, rest: str) -> None:
    above = "".join(THRICE.format(n, n) for n in range(3))
    assert sure(f"{above}{begun}\n")[rest] >= 0.5
    assert sure(f"{THRICE.format(0, 0)}{begun}\n") == {}
    other = "".join(f"log.info({n})\nlog.{n}()\n" for n in "abcdefgh")
    assert sure(f"{above}{other}{begun}\n").get(rest, 0.0) < 0.4


CALL = "def save(path, purpose, *, mode=None):\n    size: int = 3\n    with open(path) as out:\n        pass\n"


@pytest.mark.parametrize("name", ["purpose", "path", "mode", "size", "out", "LIMIT"])
def test_a_variable_called_like_the_keyword_is_its_value(name: str) -> None:
    before = "LIMIT = 3\n\n\n" + CALL
    assert sure(f"{before}    store(1, {name}=‸)\n")[name] >= 0.5
    assert sure(f"{before}    store(\n        {name}=‸\n    )\n")[f"{name},"] >= 0.5
    assert sure(f"{before}    store(1, {name}=‸\n")[name] >= 0.5


@pytest.mark.parametrize("line", ["store(1, other=‸)", "store(1, self=‸)", "purpose=‸", "x == ‸", "store(1, siz=‸)"])
def test_otherwise_there_is_no_such_value(line: str) -> None:
    assert sure(f"{CALL}    {line}\n") == {}


def test_a_local_of_another_function_is_none_of_this() -> None:
    assert sure(f"{CALL}\n\ndef g(x):\n    store(1, size=‸)\n") == {}


@pytest.mark.parametrize(
    ("language", "source", "name"),
    [
        ("javascript", "function f(width) {\n  const depth = 2;\n  return g({ width: ‸ });\n}\n", "width"),
        ("typescript", "function f(width: number) {\n  const depth = 2;\n  return g({ depth: ‸ });\n}\n", "depth"),
        ("rust", "fn f(width: u8) -> A {\n    let depth = 2;\n    A { width: 1, depth: ‸ }\n}\n", "depth"),
        ("go", "func f(width int) A {\n\tdepth := 2\n\treturn A{width: ‸}\n}\n", "width"),
    ],
)
def test_fields_of_other_languages_have_values_of_that_name_too(language: str, source: str, name: str) -> None:
    assert sure(source, language)[name] >= 0.5


@pytest.mark.parametrize("comment", ["# only when the disk is full", "  # see a.py", "\t# x"])
def test_a_trailing_comment_is_true_of_its_own_place(comment: str) -> None:
    there = f"    csvlog.init(True, path){comment}\n"
    assert "(True, path)" in similar(f"def a():\n{there}\n\ndef b():\n    csvlog.init‸\n")
    assert "(True, path)" in similar("def b():\n    csvlog.init‸\n", f"def a():\n{there}")
    assert all("#" not in text for text in similar(f"def a():\n{there}\n\ndef b():\n    csvlog.init‸\n"))
    body = f"def a(p):\n    q = p{comment}\n    return q\n\n\ndef b(p):\n    ‸\n"
    assert "q = p\n    return q" in similar(body)


@pytest.mark.parametrize(
    ("language", "line", "code"),
    [
        ("javascript", "init(a); // only here", "init(a);"),
        ("javascript", "get('http://x//y'); // here", "get('http://x//y');"),
        ("c", "init(a); /* only here */", "init(a);"),
        ("rust", "let x: &'a str = y; // don't", "let x: &'a str = y;"),
        ("python", "x = '# no' + \"#\"", "x = '# no' + \"#\""),
        ("python", "import a  # noqa: F401", "import a  # noqa: F401"),
        ("bash", "x=${#y} # here", "x=${#y}"),
        ("css", "color: red; /* here */", "color: red;"),
        ("python", "# a whole line", "# a whole line"),
    ],
)
def test_comments_end_code_in_every_language(language: str, line: str, code: str) -> None:
    row = by_id(language)
    assert row is not None and without_trailing_comments(line, row) == code


def test_in_a_comment_its_text_is_found_as_it_is() -> None:
    assert similar("x = 1  # see the notes\ny = 2  # see ‸\n") == ["the notes"]


def test_a_name_that_is_a_soft_keyword_is_exchanged_like_others() -> None:
    assert "type" in similar("self.name = name\nself.type = ‸\n")
    assert "match" in similar("self.name = name\nself.match = ‸\n")
