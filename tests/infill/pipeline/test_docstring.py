"""Documentation in the style of its file, from what a scripted model writes into the fields of the layout."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import msgspec
import pytest

from infill.holes.find_target import find_target
from infill.holes.target import applied
from infill.pipeline.action_request import Asking, action_request
from infill.pipeline.filler import ModelFiller
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Context, Filled, FillRequest, NoFill, Span
from model.types import Budget, CancelToken, Canvas, Fill, OnStep
from tests.infill.fake_engine import FakeEngine

CAUSAL = dict(is_causal=True, denoises=False, pad_ends_hole=False, languages=None, suffix_from_hole=True)


NO_CONTEXT = Context()


class WritingEngine(FakeEngine):
    """Writes the texts of each row into the free runs of the canvas that is its turn, a character in each position."""

    def __init__(self, *rows: Sequence[str], **settings: object) -> None:
        super().__init__(**(CAUSAL | settings))  # type: ignore[arg-type]
        self._rows = rows

    def denoise(
        self, prompt_ids: Sequence[int], canvases: Sequence[Canvas], budget: Budget, cancel: CancelToken, seed: int,
        on_draft: OnStep | None = None,
    ) -> list[Fill]:  # fmt: skip
        self.prompts.append(list(prompt_ids))
        self.canvases = list(canvases)
        fills: list[Fill] = []
        for canvas, texts in zip(canvases, self._rows, strict=False):
            rooms = [len(list(run)) for free, run in groupby(canvas.hole_mask) if free]
            ids = [
                i
                for text, room in zip(texts, rooms, strict=True)
                for i in [*self.tokenizer.encode(text), *[self.tokenizer.pad_id] * room][:room]
            ]
            fills.append(Fill(tuple(ids), (0.1,) * len(ids), 1, "converged"))
        return fills

    @property
    def clamped(self) -> list[str]:
        """The clamped texts of the first canvas, in order."""
        pairs = zip(self.canvases[0].canvas_ids, self.canvases[0].hole_mask, strict=True)
        runs = groupby(pairs, lambda pair: pair[1])
        return [self.tokenizer.decode([i for i, _ in run]) for free, run in runs if not free]


def documented(
    marked: str, *rows: Sequence[str], language: str = "python", context: Context = NO_CONTEXT, **settings: object
) -> tuple[str, WritingEngine]:
    """The text with its documentation, or the reason and detail why there is none; and the engine that was asked."""
    offset, text, row = marked.index("‸"), marked.replace("‸", ""), by_id(language)
    assert row is not None
    engine = WritingEngine(*rows, **settings)
    target = find_target(parse(row, text), "docstring", Span(offset, offset))
    if isinstance(target, NoFill):
        return f"{target.reason}: {target.detail}", engine
    request = action_request(target, language, Asking("docstring"), takes_instructions=False)
    request = msgspec.structs.replace(request, context=context)
    answer = ModelFiller(engine, "scripted").fill(request, CancelToken())
    if isinstance(answer, NoFill):
        return f"{answer.reason}: {answer.detail}", engine
    return applied(text, target.changes(answer.completions[0])), engine


TAKE = "def take(n, limit=3):‸\n    return min(n, limit)\n"
GOOGLE = '''def put(item):
    """Put an item.

    Args:
        item: What to put.

    Returns:
        Its place.
    """
    return 1


'''
NUMPY = '''def put(item):
    """
    Put an item.

    Parameters
    ----------
    item : object
        What to put.
    """


'''
REST = '''def put(item):
    """Put an item

    :param item: what to put
    :return: its place
    """
    return 1


'''
PYTHON = [
    (TAKE, [" Take at most a few."], '    """Take at most a few."""\n'),
    ("'''Items.'''\n" + TAKE, ["Take at most a few"], "    '''Take at most a few.'''\n"),
    ('def f(a):\n    """Does it"""\n\n\n' + TAKE, ["Take at most a few."], '    """Takes at most a few"""\n'),
    (
        GOOGLE + TAKE,
        ["Takes a few.", " How many.", " the most", "What is there."],
        '    """Take a few.\n\n    Args:\n        n: How many.\n        limit: The most.\n\n'
        '    Returns:\n        What is there.\n    """\n',
    ),
    (
        NUMPY + TAKE,
        ["Take a few.", "int", "How many.", "int or str", "The most.", "int", "What is there."],
        '    """\n    Take a few.\n\n    Parameters\n    ----------\n    n : int\n        How many.\n'
        "    limit : int or str\n        The most.\n\n    Returns\n    -------\n    int\n        What is there.\n"
        '    """\n',
    ),
    (
        REST + TAKE,
        ["Take a few.", "How many.", "the most", "what is there"],
        '    """Take a few\n\n    :param n: how many\n    :param limit: the most\n'
        '    :return: what is there\n    """\n',
    ),
    ("class Box:‸\n    def f(self):\n        pass\n", ["Holds things."], '    """Holds things."""\n\n'),
    ("import os‸\n\n\ndef f():\n    pass\n", ["Paths of boxes."], '"""Paths of boxes."""\n\nimport os\n'),
    (
        GOOGLE + "class A:\n    @property\n    def size(self):‸\n        return self._n\n",
        ["How many there are."],
        '        """How many there are."""\n',
    ),
    ("async def f(url):‸\n    await url\n", ["Wait for an address."], '    """Wait for an address."""\n'),
]


@pytest.mark.parametrize(("marked", "texts", "expected"), PYTHON)
def test_a_docstring_is_written_as_the_file_writes_them(marked: str, texts: list[str], expected: str) -> None:
    text, _ = documented(marked, texts)
    assert expected in text
    assert text.replace(expected, "import os\n" if expected.endswith("import os\n") else "") == marked.replace("‸", "")


JSDOC = """/**
 * Puts it.
 *
 * @param {string} a - The name.
 * @returns Its place.
 */
function put(a) {
  return a;
}

"""
OTHERS = [
    ("javascript", "function f(a) {‸\n  return a;\n}\n", ["Gives it back."], "/** Gives it back. */\nfunction f"),
    (
        "javascript",
        JSDOC + "export const f = (a, ...rest) => a;‸\n",
        ["Gives the first.", " The first.", " All others.", " What it is."],
        "/**\n * Gives the first.\n *\n * @param a - The first.\n * @param rest - All others.\n"
        " * @returns What it is.\n */\nexport const f",
    ),
    (
        "typescript",
        "class A {\n  /** Old. */\n  g() {}\n\n  f(a: string): void {‸\n    g(a);\n  }\n}\n",
        ["Tells of it."],
        "\n  /** Tells of it. */\n  f(a",
    ),
    ("go", "package a\n\nfunc (q *Q) Pop() int {‸\n\treturn q.n\n}\n", [" gives the number"],
     "// Pop gives the number.\nfunc (q"),
    ("rust", "#[inline]\nfn f(a: u8) -> u8 {‸\n    a\n}\n", ["Gives it back."], "/// Gives it back.\n#[inline]\nfn f"),
    (
        "java",
        "class A {\n    /**\n     * Puts it.\n     *\n     * @param a the name\n     */\n    void put(int a) {}\n\n"
        "    int f(int b) {‸\n        return b;\n    }\n}\n",
        ["Gives it back.", "The number.", "The number itself."],
        "\n    /**\n     * Gives it back.\n     *\n     * @param b the number\n     * @return the number itself\n"
        "     */\n    int f",
    ),
    (
        "c",
        "/**\n * \\brief Puts it.\n *\n * \\param a the name\n */\nvoid put(int a) {}\n\nint f(const char *s) {‸\n"
        "    return *s;\n}\n",
        ["Gives a byte.", "where it is", "the byte"],
        "/**\n * \\brief Gives a byte.\n *\n * \\param s where it is\n * \\return the byte\n */\nint f",
    ),
    ("cpp", "/// Puts it.\nvoid put() {}\n\ntemplate <class T>\nT f(T a) {‸\n    return a;\n}\n", ["Gives it back."],
     "/// Gives it back.\ntemplate <class T>\n"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "marked", "texts", "expected"), OTHERS)
def test_a_comment_is_written_as_its_language_has_them(
    language: str, marked: str, texts: list[str], expected: str
) -> None:
    text, _ = documented(marked, texts, language=language)
    assert expected in text
    assert set(marked.replace("‸", "").splitlines()) <= set(text.splitlines())


def test_names_of_parameters_are_clamped() -> None:
    _, engine = documented(GOOGLE + TAKE, ["Take a few.", "How many.", "The most.", "What is there."])
    assert engine.clamped[1:4] == ["\n\n    Args:\n        n:", "\n        limit:", "\n\n    Returns:\n        "]


def test_a_part_that_cannot_stand_is_taken_from_another_text() -> None:
    bad, good = ["Take a few.", "TODO", "The most.", "N."], ["Take some.", "How many.", "Most.", "What is there."]
    text, _ = documented(GOOGLE + TAKE, bad, good, log_probs={"Take a few": -0.1})
    assert '"""Take a few.' in text and "n: How many." in text and "limit: The most." in text


def test_where_no_text_of_a_part_can_stand_only_a_summary_is_written() -> None:
    text, _ = documented(GOOGLE + TAKE, ["Take a few.", "TODO", "The most.", "What is there."])
    assert '    """Take a few."""\n' in text


def test_the_style_is_that_of_the_project_where_the_file_has_none() -> None:
    texts = ["Take a few.", "How many.", "The most.", "What is there."]
    text, _ = documented(TAKE, texts, context=Context(texts=(GOOGLE,)))
    assert "Args:\n        n: How many.\n" in text


WRONG = [
    ("TODO", "it says nothing"),
    ("TODO: describe it", "'TODO' is no description"),
    ("Take x = min(n) of it", "is code"),
    ("Take `frobnicate` of it", "frobnicate is not in the code"),
    ("Take the other_one of it", "other_one is not in the code"),
    ("Take it as 'KB' or so", "'KB' is not in the code"),
    ("Take at most 25 of them", "25 is not in the code"),
    ("Take it, see https://a.example/b", "https://a.example/b is not in the code"),
    ("Take as many as the", "it is cut off"),
    ("Take the the number", "it repeats 'the'"),
    ("Nimm höchstens drei", "it is in another language"),
    ("Give all of it", "another definition has the same"),
]


@pytest.mark.parametrize(("written", "why"), WRONG)
def test_nothing_is_better_than_what_code_can_see_is_wrong(written: str, why: str) -> None:
    answer, _ = documented('def g():\n    """Give all of it."""\n\n\n' + TAKE, [written])
    assert answer.startswith("empty_fill: no proposal can stand: ") and why in answer


def test_a_summary_that_only_says_the_name_comes_last() -> None:
    text, _ = documented(
        TAKE, ["Take."], ["Takes the take"], ["Hand out a few"], log_probs={"Takes the": -0.1, "Hand": -1.0}
    )
    assert '"""Hand out a few."""' in text


@pytest.mark.parametrize(
    ("language", "marked"),
    [
        ("python", 'def f(a):\n    """Says."""\n    ‸return a\n'),
        ("javascript", "/** Says. */\nfunction f(a) {‸\n  return a;\n}\n"),
        ("go", "package a\n\n// f says.\nfunc f() {‸\n}\n"),
        ("rust", "/// Says.\n#[inline]\nfn f() {‸\n}\n"),
        ("python", "x = ‸1\n"),
    ],
)
def test_nothing_is_written_over_what_is_there(language: str, marked: str) -> None:
    answer, engine = documented(marked, ["Something else."], language=language)
    assert answer.startswith("no_target") and not engine.prompts


def test_long_lines_are_wrapped_and_have_the_line_breaks_of_the_file() -> None:
    text, _ = documented(
        "def f(a):‸\r\n        return a\r\n", ["Give back what it gets whatever it is t"], max_prompt_tokens=900
    )
    assert text == 'def f(a):\r\n        """Give back what it gets whatever it is t."""\r\n        return a\r\n'


OPENED = [
    ('def f(a):\n    """‸\n    return a\n', ["Give it back"], 'def f(a):\n    """Give it back."""\n    return a\n'),
    ('def f(a):\n    """‸"""\n    return a\n', ["Give it back"], 'def f(a):\n    """Give it back."""\n    return a\n'),
    ("/**‸\nfunction f(a) {\n}\n", ["Gives it back"], "/** Gives it back. */\nfunction f(a) {\n}\n"),
    ("/** ‸ */\nfunction f(a) {\n}\n", ["Gives it back"], "/** Gives it back. */\nfunction f(a) {\n}\n"),
]


@pytest.mark.parametrize(("marked", "texts", "expected"), OPENED)
def test_a_summary_is_offered_unasked_where_documentation_was_just_opened(
    marked: str, texts: list[str], expected: str
) -> None:
    answer, text, completion = _typed(marked, texts, sure=True)
    assert isinstance(answer, Filled)
    assert text[: completion.start] + answer.completions[0].text + text[completion.end :] == expected


@pytest.mark.parametrize(("marked", "texts", "_expected"), OPENED)
def test_unasked_it_is_silent_where_the_model_is_not_sure(marked: str, texts: list[str], _expected: str) -> None:
    answer, _, _ = _typed(marked, texts, sure=False)
    assert isinstance(answer, NoFill) and answer.reason == "not_confident"


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        ('def f(a):\n    """Give it.\n    """‸\n    return a\n', None),
        ('def f(a):\n    x = """‸\n    return a\n', "in_string"),
        ('def f(a):\n    """Give‸\n    """\n    return a\n', "in_string"),
        ('x = 1\n"""‸\n', "in_string"),
        ("/* ‸ */\nfunction f(a) {\n}\n", "in_comment"),
    ],
)
def test_other_strings_and_comments_stay_silent(marked: str, reason: str | None) -> None:
    answer, _, _ = _typed(marked, ["Give it back"], sure=True)
    assert not isinstance(answer, Filled)
    assert reason is None or answer.reason == reason


def _typed(marked: str, texts: list[str], sure: bool) -> tuple[Filled | NoFill, str, Span]:
    offset, text = marked.index("‸"), marked.replace("‸", "")
    engine = WritingEngine(texts, log_probs={texts[0]: -0.1 if sure else -2.0})
    language = "python" if marked.startswith(("def", "x")) else "javascript"
    answer = ModelFiller(engine, "scripted").fill(
        FillRequest(text, language, offset=offset, trigger="automatic"), CancelToken()
    )
    return answer, text, answer.completions[0].span if isinstance(answer, Filled) else Span(0, 0)
