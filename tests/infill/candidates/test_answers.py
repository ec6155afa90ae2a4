"""From an answer about a selection to what may stand there."""

from __future__ import annotations

import pytest

from infill.candidates.answers import ended, head_of, strays, texts_of
from infill.candidates.mended import with_comments, with_return_types
from infill.candidates.renamed import renamed_text
from infill.prompt.shown import Shown
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span

FENCE = "```"
BODY = Shown("    a = 1", begun="def f():\n", after=("    return a",), head="    ")


def of(answer: str, shown: Shown = BODY, line_break: str = "\n") -> list[str]:
    return texts_of(answer, shown, FENCE, line_break)


def test_an_answer_ends_at_the_fence_on_a_line_of_its_own() -> None:
    assert ended("a\n```", FENCE) and ended("```", FENCE)
    assert not ended("a = '```'", FENCE) and not ended("a", FENCE)


def test_lines_below_may_be_repeated_or_left_out() -> None:
    assert of("    a = 2\n    return a\n```\nDone.") == ["a = 2"]
    assert of("    a = 2\n```") == ["a = 2"]


def test_lines_below_that_are_written_anew_would_stand_there_twice() -> None:
    assert of("    a = 2\n    return a\n    print(a)\n```") == []
    assert of("    if b:\n        return a\n    a = 2\n```") == ["if b:\n        return a\n    a = 2"]


def test_lines_above_may_be_repeated() -> None:
    assert of("def f():\n    a = 2\n```") == ["a = 2"]


def test_the_indentation_comes_back_and_so_does_the_line_break() -> None:
    shown = Shown("a = 1\nb = 2", indent="        ", head="        ")
    assert of("a = 1\nif a:\n    b = 3\n\n```", shown, "\r\n") == ["a = 1\r\n        if a:\r\n            b = 3"]


def test_the_rest_of_the_line_must_stay() -> None:
    shown = Shown("x = f(b)", head="x = f(", tail=")")
    assert of("x = f(b, c)\n```", shown) == ["b, c"]
    assert of("y = f(b, c)\n```", shown) == [] == of("x = f(b) + 1\n```", shown)


def test_a_first_line_with_another_indentation_does_not_fit() -> None:
    assert of("a = 2\n```") == [] == of("        a = 2\n```")


def test_imports_that_the_file_has_or_nobody_uses_are_left_out() -> None:
    shown = Shown("def f():\n    return 1", outline="package metro\nimport os")
    answer = "import os\nimport pathlib\nfrom pathlib import Path\n\ndef f():\n    return Path()\n```"
    assert of(answer, shown) == ["from pathlib import Path\n\ndef f():\n    return Path()"]
    assert of("import os\n\ndef f():\n    return os.sep\n```", shown) == ["def f():\n    return os.sep"]
    assert of("package metro\n\nfunc F() {\n}\n```", shown) == ["func F() {\n}"]


def renamed(language: str, text: str, instruction: str) -> str | None:
    row = by_id(language)
    assert row is not None
    return renamed_text(parse(row, text), Span(0, len(text)), instruction)


def test_a_rename_is_done_by_code() -> None:
    text = 'tmp = a.tmp\nprint(f"{tmp} tmp", tmp=tmp)'
    assert renamed("python", text, "Rename `tmp` to rows") == 'rows = a.tmp\nprint(f"{rows} tmp", tmp=rows)'
    assert renamed("go", "n := s.n", "rename the variable n to count") == "count := s.n"
    assert renamed("python", text, "Rename x to rows") is None
    assert renamed("python", text, "Shorter names, please") is None
    assert renamed("python", text, "Rename tmp to rows and rename a to b") is None


def test_a_return_type_that_got_lost_comes_back() -> None:
    row = by_id("typescript")
    assert row is not None
    old = "function f(a: string): string {\n  return a;\n}\nfunction g(): void {}"
    new = old.replace("a: string): string", "a: string, b = 1)")
    assert with_return_types(parse(row, old), Span(0, len(old)), new) == old.replace("a: string", "a: string, b = 1", 1)
    python = by_id("python")
    assert python is not None
    old = "def f(a) -> list[int]:\n    return a"
    new = "def f(a, b=1):\n    return a"
    assert with_return_types(parse(python, old), Span(0, len(old)), new) == old.replace("a)", "a, b=1)")


def test_comments_are_taken_without_what_else_is_changed() -> None:
    row = by_id("go")
    assert row is not None
    old = "func (q *Queue) Drain() int {\n\tn := len(q.items)\n\t// keep\n\tq.items = nil\n\treturn n\n}"
    new = "// Drain empties it.\nfunc (q *Queue) Drain() int {\n\t// a\n\t// b\n\t// c\n\treturn len(q.items)\n}"
    found = with_comments(parse(row, old), Span(0, len(old)), new)
    assert found == "// Drain empties it.\n" + old.replace("\tn :=", "\t// a\n\t// b\n\tn :=")


def test_the_top_of_the_file_that_is_copied_above_is_left_out() -> None:
    shown = Shown("def f():\n    return 1", outline='import os\n"""Sums."""\ndef g():')
    assert of('"""Sums."""\ndef f():\n    return 2\n```', shown) == ["def f():\n    return 2"]
    assert of('import os\n\n"""Sums."""\n\ndef f():\n    return 2\n```', shown) == ["def f():\n    return 2"]
    assert of("def g():\n    return 1\n\n\ndef f():\n    return 2\n```", shown)[0].startswith("def g():")


GO = Shown(
    "func (q *Queue) Pop() string {\n}", outline="package q\ntype Queue struct {\nfunc (q *Queue) Push(s string) {"
)
GO_WORDS = {"func", "type", "struct", "package"}


def test_an_answer_that_begins_with_another_definition_strays() -> None:
    assert strays("func (q *Queue) Push(s string) error {\n", GO, GO_WORDS)
    assert strays("package q\n\ntype Queue struct {\n", GO, GO_WORDS)
    assert not strays("package q\n", GO, GO_WORDS), "so far it only copies"
    assert not strays("func (q *Queue) Push(s", GO, GO_WORDS), "the line is not over"
    assert not strays("func (q *Queue) Pop() (string, error) {\n", GO, GO_WORDS)
    assert not strays('import "errors"\n', GO, GO_WORDS)
    assert not strays("// Pop takes one.\nfunc (q *Queue) Pop() string {\n", GO, GO_WORDS)


@pytest.mark.parametrize(
    ("line", "head"),
    [
        ("func (q *Queue) Pop() string {", "func (q *Queue) Pop"),
        ("def label(name: str) -> str:", "def label"),
        ("export class Cart {", "export class Cart"),
        ("const area = (w) => w;", "const area"),
        ("    return x", ""),
    ],
)
def test_the_head_of_a_definition_goes_up_to_its_name(line: str, head: str) -> None:
    assert head_of(line, {"func", "def", "export", "class", "const", "return"}) == head
