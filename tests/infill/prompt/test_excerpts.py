"""What other files say, in the prompt: rendered, in order, within its budget, and the same while somebody types."""

from __future__ import annotations

import pytest

from infill.pipeline.filler import ModelFiller
from infill.prompt.excerpts import excerpt, prompt_files
from infill.syntax.languages import by_id
from infill.types import MAX_EXCERPT_CHARS, Context, Excerpt, FillRequest
from model.config import EMBEDDED
from model.prompt_parts import joined
from model.tokenize.tokenizer import TextTokenizer
from model.types import CancelToken
from tests.infill.fake_engine import PREFIX, SUFFIX, CharTokenizer, FakeEngine

SHELF = Excerpt("shop/shelf.py", "SIZE = 3\ndef board(n: int) -> str: ...\n")
TILL = Excerpt("shop/till.py", "class Till: ...\n")
EDITED = Excerpt("shop/main.py", "print(board(SIZE))\n", recent=True)
VISITED = Excerpt("shop/test.py", "assert board(1)\n", recent=True)
ALL = (SHELF, TILL, VISITED, EDITED)
RENDERED = """\
# shop/shelf.py
SIZE = 3
def board(n: int) -> str: ...

# shop/till.py
class Till: ...

# shop/test.py
assert board(1)

# shop/main.py
print(board(SIZE))"""


def rendered(budget: int, context: tuple[Excerpt, ...] = ALL, language: str = "python") -> str:
    known = by_id(language)
    assert known is not None
    return joined(prompt_files(context, known, budget, CharTokenizer()))


def prompt(marked: str, context: tuple[Excerpt, ...] = ALL, **info: object) -> str:
    """What the model read before its canvases, special tokens as bars."""
    engine = FakeEngine(["x"], **info)
    request = FillRequest(marked.replace("‸", ""), "python", offset=marked.index("‸"), context=Context(context))
    ModelFiller(engine, "fake").fill(request, CancelToken())
    ids = engine.prompts[0]
    assert len(ids) <= engine.info.max_prompt_tokens
    return "".join("|" if i in (SUFFIX, PREFIX) else engine.tokenizer.decode([i]) for i in ids)


def test_the_prompt_begins_with_other_files() -> None:
    text = "def f():\n    return ‸\n\ndef g(): ...\n"
    assert prompt(text, context_tokens=200) == RENDERED + "|\ndef g(): ...\n|def f():\n    return"
    assert prompt(text, context_tokens=0) == prompt(text, ()) == "|\ndef g(): ...\n|def f():\n    return"


def test_the_prompt_survives_typing() -> None:
    typed = ("x", "x = ", "x = bo", "x = board(", "x = board(SI", "x = board(SIZE")
    prompts = [prompt(f"import shop\n\n\n{line}‸\n\ndef g(): ...\n", context_tokens=200) for line in typed]
    heads = {text[: text.rindex("|")] for text in prompts}
    assert len(heads) == 1 and RENDERED in heads.pop()
    inside = [prompt(f"import shop\n\n\nx = {word}‸\n", context_tokens=200) for word in ("b", "bo", "boar")]
    assert len(set(inside)) == 1


@pytest.mark.parametrize("n_lines", [3, 400])
@pytest.mark.parametrize("context_tokens", [10, 50, 100, 200, 10_000])
def test_instruction_context_suffix_and_prefix_stay_within_the_prompt(n_lines: int, context_tokens: int) -> None:
    lines = "\n".join(f"value_{i} = {i}" for i in range(n_lines))
    context = tuple(Excerpt(f"m{i}.py", "x = 1\n" * 50, recent=i > 9) for i in range(14))
    text = prompt(f"{lines}\nx = ‸\n{lines}\n", context, context_tokens=min(context_tokens, 120))
    assert "|" in text and text.endswith("x =")


def test_the_first_of_what_is_imported_and_the_newest_of_what_is_recent_have_room() -> None:
    assert rendered(1000) == RENDERED
    cut = rendered(len(RENDERED) - 5)
    assert cut.startswith("# shop/shelf.py\nSIZE = 3\n") and cut.endswith("\n\n# shop/main.py\nprint(board(SIZE))")
    assert "test.py" not in rendered(130) and "main.py" in rendered(130)
    assert rendered(34, (SHELF, TILL)) == "# shop/shelf.py\nSIZE = 3"
    assert rendered(20, (SHELF, TILL)) == rendered(0) == "", "a path alone says nothing"
    assert rendered(60, (VISITED, EDITED)) == "# shop/main.py\nprint(board(SIZE))"


@pytest.mark.parametrize("budget", range(0, 140, 7))
def test_no_budget_is_exceeded_and_no_line_is_cut(budget: int) -> None:
    tokenizer, python = TextTokenizer.load(EMBEDDED), by_id("python")
    assert python is not None
    text = joined(prompt_files(ALL, python, budget, tokenizer))
    assert len(tokenizer.encode(text)) <= budget
    assert set(text.splitlines()) <= set(RENDERED.splitlines())


def test_paths_are_comments_of_the_language() -> None:
    one = (Excerpt("a\nb", "x"),)
    assert rendered(99, one, "css") == "/* a b */\nx"
    assert rendered(99, one, "rust") == "// a b\nx"
    assert rendered(99, one, "json") == "x"


def test_line_breaks_are_those_the_model_was_trained_on() -> None:
    assert rendered(99, (excerpt("a.py", "x = 1\r\ny = 2\r\n"),)) == "# a.py\nx = 1\ny = 2"


def test_an_excerpt_can_always_be_sent() -> None:
    made = excerpt("d\udc80.py", "\ud800\n" + "line\n" * MAX_EXCERPT_CHARS)
    assert made.path == "d?.py" and made.text.startswith("?\nline\n") and made.text.endswith("line\n")
    assert MAX_EXCERPT_CHARS - 5 < len(made.text) <= MAX_EXCERPT_CHARS
