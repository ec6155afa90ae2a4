"""What can be done where, as marked source: `‸` is the cursor, `«»` around what is free, `⟦⟧` around insertions."""

from __future__ import annotations

import pytest

from infill.holes.find_hole import find_hole
from infill.holes.find_target import find_target, targets_with_holes
from infill.holes.functions import holes_in
from infill.holes.offered import offered
from infill.holes.target import HoleTarget, SelectionTarget, Target, TargetKind, applied, overlap
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Completion, Hole, NoFill, Part, Span


def found(marked: str, kind: TargetKind, language: str = "python", length: int = 0) -> Target | NoFill:
    offset = marked.index("‸")
    row = by_id(language)
    assert row is not None
    return find_target(parse(row, marked.replace("‸", "")), kind, Span(offset, offset + length))


def shown(target: Target | NoFill) -> str:
    """The selection, with what is free and what was inserted marked."""
    if isinstance(target, NoFill):
        return target.reason
    if isinstance(target, HoleTarget):
        return f"at {target.offset}"
    marks = [(i.span.start, "⟦") for i in target.inserted] + [(i.span.end, "⟧") for i in target.inserted]
    at = target.selection.start
    for span in (*target.frozen, Span(target.selection.end, target.selection.end)):
        if span.start > at:
            marks += [(at, "«"), (span.start, "»")]
        at = span.end
    marks = [mark for mark in marks if mark[0] <= target.selection.end]
    text = target.text
    order = {"«": 2, "»": 0, "⟦": 1, "⟧": 1}
    for offset, mark in sorted(marks, key=lambda m: (-m[0], -order[m[1]])):
        text = text[:offset] + mark + text[offset:]
    n_before = target.selection.start
    return text[n_before : len(text) - (len(target.text) - target.selection.end)]


HOLES = [
    ("def f(a):‸\n    x = 1\n    # TODO: more\n\ny = 2\n", "    x = 1\n    «# TODO: more»"),
    ("def f(a):‸\n    if a:\n        pass\n    return ...\n", "    if a:\n        «pass»\n    return «...»"),
    ("def f(a):‸\n    # TODO: x\n    y = 1\n", "no_target"),
    ("def f(a):‸\n    if a:\n        raise NotImplementedError\n    return a\n", "no_target"),
    ("def f(a):‸\n    x = 1\n    pass\n", "no_target"),
    ("def f(a):‸\n    x: tuple[int, ...] = a[..., 0]\n    return x\n", "no_target"),
    ('def f(a):‸\n    """\n    ...\n    """\n    return 1\n', "no_target"),
    ("def f(a):‸\n    x = ...\n    ...\n", "def f(a):\n    x = «...»\n    «...»"),
    ("x = ...‸\n", "no_target"),
    ("class A:\n    def f(self):‸\n        raise NotImplementedError\n\n    def g(self):\n        pass\n", "at 34"),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "expected"), HOLES)
def test_holes_of_the_function_at_the_cursor(marked: str, expected: str) -> None:
    target = found(marked, "holes")
    assert shown(target) == expected


@pytest.mark.parametrize(
    ("marked", "language", "expected"),
    [
        ("function f(a) {‸\n  if (a) {\n    // TODO: one\n  }\n  // TODO: two\n}\n", "javascript",
         "  if (a) {\n    «// TODO: one»\n  }\n  «// TODO: two»"),
        ("fn f() -> i32 {‸\n    if x {\n        todo!()\n    }\n    unimplemented!()\n}\n", "rust",
         "    if x {\n        «todo!()»\n    }\n    «unimplemented!()»"),
    ],
)  # fmt: skip
def test_holes_in_other_languages(marked: str, language: str, expected: str) -> None:
    assert shown(found(marked, "holes", language)) == expected


DOCSTRINGS = [
    ("@d\ndef f(a):\n    ‸return a\n", '@d\ndef f(a):\n    ⟦"""«...»"""'),
    ('def f(a):\n    """"""\n    ‸return a\n', 'def f(a):\n    """⟦«...»⟧"""'),
    ('def f(a):\n    """..."""\n    ‸return a\n', 'def f(a):\n    """«...»"""'),
    ('def f(a):\n    """Says."""\n    ‸return a\n', "no_target"),
    ("def f(a): return ‸a\n", "no_target"),
    ("x = ‸1\n", "no_target"),
]


@pytest.mark.parametrize(("marked", "expected"), DOCSTRINGS)
def test_docstrings(marked: str, expected: str) -> None:
    assert shown(found(marked, "docstring")) == expected


HINTS = [
    ("def f(a, b=1, *c, d: int, **e):‸\n    pass\n",
     "def f(a⟦: «...»⟧, b⟦: «...»⟧=1, *c⟦: «...»⟧, d: int, **e⟦: «...»⟧)⟦ -> «...»⟧"),
    ("class A:\n    def f(self, a) -> int:‸\n        pass\n", "def f(self, a⟦: «...»⟧"),
    ("def f(a: int) -> int:‸\n    pass\n", "no_target"),
    ("def f(*, a, /) :‸\n    pass\n", "def f(*, a⟦: «...»⟧, /)⟦ -> «...»⟧"),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "expected"), HINTS)
def test_type_hints(marked: str, expected: str) -> None:
    assert shown(found(marked, "type_hints")) == expected


@pytest.mark.parametrize(
    ("marked", "length", "expected"),
    [
        ("x = 1\ny = ‸old + 2\nz = 3\n", 3, "y = old + 2"),
        ("if ‸x = 1:\n    y = 2\n", 1, "if x = 1:"),
        ("def f(‸a, a):\n    return 1\n", 1, "def f(a, a):"),
        ("‸\n", 0, "no_target"),
    ],
)
def test_a_fix_is_about_the_statement_or_its_lines(marked: str, length: int, expected: str) -> None:
    target = found(marked, "fix", length=length)
    text = shown(target)
    if isinstance(target, Target):
        free = [text[a + 1 : b] for a, b in [(text.index("«"), text.index("»"))]]
        text = free[0]
    assert text == expected


def test_a_fix_keeps_the_rest_of_the_selection() -> None:
    text = "x = 1\ny = old\nz = 3\n"
    row = by_id("python")
    assert row is not None
    target = find_target(parse(row, text), "fix", Span(0, len(text)), Span(10, 13))
    assert shown(target) == "x = 1\n«y = old»\nz = 3\n"


@pytest.mark.parametrize(
    ("marked", "kinds"),
    [
        ("def f(‸a):\n    pass\n", ["body", "docstring", "type_hints"]),
        ("def f(a):\n    ‸pass\n", ["body"]),
        ("@d\ndef f(\n    a,‸\n):\n    if a:\n        pass\n    return ...\n", ["holes", "docstring", "type_hints"]),
        ("def f(a):\n    if a:\n        pass\n    return ...‸\n", ["holes"]),
        ("def f(a): return ‸a\n", ["type_hints"]),
        ("class A:‸\n    def f(self) -> int:\n        return 1\n", ["docstring"]),
        ("class A:\n    x = 1‸\n    def f(self) -> int:\n        return 1\n", []),
        ("‸import os\n\ndef f(a: int) -> int:\n    return a\n", ["docstring"]),
        ("def f(a):\n    ‸\n", ["body"]),
        ("def f(a: int) -> int:\n    '''Doc.'''\n    return ‸a\n", []),
        ("‸x = 1\n", []),
        ("def f(a) -> int:\n    return (‸\n\ny = ]\n", []),
    ],
)
def test_what_is_offered(marked: str, kinds: list[str]) -> None:
    offset, row = marked.index("‸"), by_id("python")
    assert row is not None
    got = offered(parse(row, marked.replace("‸", "")), Span(offset, offset))
    assert got == kinds or (not kinds and set(got) <= {"docstring", "type_hints"} and "]" in marked)


def test_an_answer_goes_into_the_document_with_what_was_inserted_around_it() -> None:
    marked = "def f(a, b=1):‸\r\n    return a\r\n"
    text, target = marked.replace("‸", ""), found(marked, "type_hints")
    assert isinstance(target, SelectionTarget)
    holes = [Span(i.span.end - 3, i.span.end) for i in target.inserted]
    parts = (Part(holes[0], "int"), Part(holes[2], "str"))  # nothing for the second
    completion = Completion(target.selection, "", 1.0, (), (), 0, "converged", "diffusion", parts)
    assert applied(text, target.changes(completion)) == "def f(a: int, b=1) -> str:\r\n    return a\r\n"


def test_a_docstring_has_the_line_breaks_and_indentation_of_the_body() -> None:
    marked = "class A:\r\n\tdef f(self):‸\r\n\t\treturn 1\r\n"
    target = found(marked, "docstring")
    assert isinstance(target, SelectionTarget)
    (hole,) = [Span(target.frozen[0].end, target.frozen[1].start)]
    completion = Completion(target.selection, "", 1.0, (), (), 0, "converged", "diffusion", (Part(hole, "One."),))
    changed = applied(marked.replace("‸", ""), target.changes(completion))
    assert changed == 'class A:\r\n\tdef f(self):\r\n\t\t"""One."""\r\n\t\treturn 1\r\n'


def test_every_function_of_a_file_is_one_question() -> None:
    text = (
        "def f():\n    pass\n\n\nclass A:\n    def g(self, x):\n        if x:\n            pass\n        return ...\n"
    )
    row = by_id("python")
    assert row is not None
    assert [shown(t) for t in targets_with_holes(parse(row, text))] == [
        "at 13",
        "        if x:\n            «pass»\n        return «...»",
    ]


@pytest.mark.parametrize(
    ("text", "placeholder", "language"),
    [
        ("def f(a):\n    raise NotImplementedError\n", "raise NotImplementedError", "python"),
        ('def f(a):\n    """Doc."""\n    raise NotImplementedError("x")\n', 'raise NotImplementedError("x")', "python"),
        ('def f(a):\n    """Doc.\n\nArgs:\n        a: it\n\n    More:\n    """\n    pass\n', "pass", "python"),
        ("@d\ndef f(\n    a,\n):\n    # TODO: x\n    ...\n", "# TODO: x\n    ...", "python"),
        (
            "class A:\n\tdef f(self):\n\n\t\traise NotImplementedError\n\n\tx = 1\n",
            "raise NotImplementedError",
            "python",
        ),
        ("function f(a) {\n  // TODO: x\n}\n", "// TODO: x", "javascript"),
    ],
)
def test_a_body_is_found_from_every_column_of_its_function(text: str, placeholder: str, language: str) -> None:
    row = by_id(language)
    assert row is not None
    syntax, end = parse(row, text), text.index(placeholder) + len(placeholder)
    for at in range(max(text.find("f("), 0), end + 1):
        for selected in (Span(at, at), Span(at, text.find("\n", end) + 1)):
            target = find_target(syntax, "body", selected)
            assert isinstance(target, HoleTarget), at
            replaced = text[target.hole.start : target.hole.end]
            assert replaced.strip() == placeholder, "nothing else goes"
            hole = find_hole(syntax, target.offset, "manual")
            assert isinstance(hole, Hole) and hole.span == target.hole, at


@pytest.mark.reports
@pytest.mark.parametrize(
    "text",
    [
        "class P(Protocol):\n    def f(self) -> int:\n        ...\n",
        "class P(typing.Protocol[T]):\n    def f(self) -> int:\n        '''Doc.'''\n        ...\n",
        "class P(ABC):\n    def f(self):\n        pass\n",
        "class P(metaclass=abc.ABCMeta):\n    @property\n    def f(self):\n        ...\n",
        "class P:\n    @abc.abstractmethod\n    def f(self):\n        raise NotImplementedError\n",
        "class P:\n    @classmethod\n    @abstractmethod\n    def f(cls):\n        pass\n",
        "@overload\ndef f(a: int) -> int:\n    ...\n",
        "@typing.overload\ndef f(a: int) -> int:\n    ...\n",
        "class P:\n    def f(self):\n        raise NotImplementedError\n\n\nclass Q(P):\n    x = 1\n",
        "class BaseReader:\n    def read(self):\n        raise NotImplementedError('read')\n",
        "class P:\n    def f(self):\n        '''Subclasses override this.'''\n        raise NotImplementedError\n",
        "def f(grid):\n    return grid[\n        ...\n    ]\n",
        "def f(g):\n    return g(\n        ...\n    )\n",
        "def f():\n    try:\n        g()\n    except OSError:\n        pass\n",
        "def f():\n    try:\n        g()\n    except* OSError:\n        ...\n",
        "def f():\n    class E(Exception):\n        pass\n    raise E\n",
        "def f(a):\n    match a:\n        case 1:\n            return 2\n        case _:\n            pass\n",
    ],
)
def test_what_is_open_on_purpose_is_no_hole(text: str) -> None:
    assert targets_with_holes(parse(by_id("python"), text)) == []


@pytest.mark.reports
@pytest.mark.parametrize(
    ("text", "hole"),
    [
        ("class P(Reader):\n    def f(self):\n        raise NotImplementedError\n", "raise NotImplementedError"),
        ("def f():\n    try:\n        g()\n    except OSError:\n        # TODO: say so\n", "# TODO: say so"),
        ("def f(a):\n    if a:\n        pass\n    return a\n", "pass"),
        ("class P(Protocol):\n    ...\n\n\ndef f():\n    ...\n", "..."),
    ],
)
def test_what_is_not_written_yet_still_is_a_hole(text: str, hole: str) -> None:
    syntax = parse(by_id("python"), text)
    assert [text[s.start : s.end] for s in holes_in(syntax, Span(0, len(text)))] == [hole]


@pytest.mark.reports
def test_changes_that_overlap_are_refused() -> None:
    parts = [Part(Span(0, 3), "x", 1.0), Part(Span(2, 4), "y", 1.0)]
    with pytest.raises(ValueError, match="overlap at character 2"):
        applied("abcdef", parts)
    assert overlap(*parts) and overlap(parts[0], parts[0]) and not overlap(parts[0], Part(Span(3, 4), "", 1.0))


@pytest.mark.reports
@pytest.mark.parametrize("feed", ["\f", "\v", "\f\f", " \f"])
def test_a_form_feed_before_a_function_is_no_indentation(feed: str) -> None:
    body = "(path):\n    text = ...\n    return text\n"
    text = f"def one{body}\n{feed}def two{body}\n\ndef three{body}"
    targets = targets_with_holes(parse(by_id("python"), text))
    at = [s.start for t in targets for s in [t.selection] if s is not None]
    assert len(targets) == 3 and len(set(at)) == 3


@pytest.mark.reports
def test_a_body_below_a_form_feed_is_indented_as_if_there_were_none() -> None:
    hole = find_hole(parse(by_id("python"), "\fdef f():\n"), len("\fdef f():\n"), "manual")
    assert isinstance(hole, Hole) and hole.indent == "    "


@pytest.mark.reports
def test_a_type_before_a_default_is_spaced_as_pep_8_says() -> None:
    text = "def f(port=80, name = 'x', *, n):\n    print(port)\n"
    target = find_target(parse(by_id("python"), text), "type_hints", Span(0, 0))
    assert isinstance(target, Target)
    holes = [Span(i.span.end - 3, i.span.end) for i in target.inserted]
    parts = tuple(Part(hole, hint, 1.0) for hole, hint in zip(holes, ("int", "str", "int", "None"), strict=True))
    filled = Completion(Span(0, 1), "", 1.0, (), (), 1, "converged", "diffusion", parts)
    assert applied(text, target.changes(filled)).startswith(
        "def f(port: int = 80, name: str = 'x', *, n: int) -> None:"
    )


@pytest.mark.reports
@pytest.mark.parametrize(
    "text",
    [
        "def f(a, b):\n    # type: (int, int) -> int\n    return a\n",
        "def f(a, b):  # type: (int, int) -> int\n    return a\n",
        "def f(\n    a,  # type: int\n    b,  # type: str\n):\n    # type: (...) -> int\n    '''Doc.'''\n",
    ],
)
def test_a_type_comment_is_not_written_over(text: str) -> None:
    found = find_target(parse(by_id("python"), text), "type_hints", Span(0, 0))
    assert isinstance(found, NoFill) and "comment" in found.detail


def test_a_comment_for_a_checker_is_no_type_comment() -> None:
    text = "def f(a):  # type: ignore\n    x = 1  # type: int\n    return a\n"
    assert isinstance(find_target(parse(by_id("python"), text), "type_hints", Span(0, 0)), Target)
