"""Bug classes of other completion tools that no other test of ours names; BUGS.md beside this file has them all."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infill.holes.find_hole import find_hole
from infill.pipeline.filler import ModelFiller, open_filler
from infill.prompt.context import prompt_context
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import FillRequest, Hole, NoFill
from model.types import CancelToken
from tests.e2e.client import URI, Client

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
INDEX = Path(__file__).with_name("BUGS.md")
N_CLASSES = 35
REPORTS = {
    "onnxruntime": "27379",
    "LibCST": "446",
    "autopep8": "322",
    "ruff": "7489 7595 26580",
    "bnnr": "209",
    "black": "2660 2813",
    "vsc-python-indent": "33",
    "copilot-release": "13140 7987 2200",
    "kilocode": "4340",
    "kakehashi": "760",
    "neovim": "11798",
    "isort": "277",
    "coc-pairs": "38",
    "compiler-explorer": "2799",
    "pycodestyle": "760",
    "mypy": "7353",
    "pyright": "8221",
    "vscode": "55605",
    "nvim-lspconfig": "3145",
    "aider": "2792",
    "nixfmt": "11",
    "ConfigArgParse": "114",
}


def rows() -> list[list[str]]:
    """(number, class, what stands for it here) of the index."""
    lines = [line for line in INDEX.read_text("utf-8").splitlines() if re.match(r"\| *\d+ *\|", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def reports() -> list[list[str]]:
    """(repositories and numbers, what it is about, what stands for it here) of the second table."""
    lines = [line for line in INDEX.read_text("utf-8").splitlines() if re.match(r"\| *[A-Za-z][\w-]* \d", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def is_marked(test: str) -> bool:
    """Whether a test has the marker `reports`, its own or its file's."""
    path, _, name = test.partition("::")
    source = (ROOT / path).read_text("utf-8")
    whole = re.search(r"^pytestmark = (?:\[[^\]]*)?pytest\.mark\.reports", source, re.MULTILINE)
    before = re.split(rf"^(?:async )?def {name.partition('[')[0]}\(", source, flags=re.MULTILINE)[0]
    return whole is not None or "@pytest.mark.reports" in before.rpartition("\n\n\n")[2]


def exists(test: str) -> bool:
    """Whether a file has a test of that name, with that case."""
    path, _, name = test.partition("::")
    name, _, case = name.rstrip("]").partition("[")
    folder, source = (ROOT / path).parent, (ROOT / path).read_text("utf-8")
    table = folder / f"{Path(path).stem.removeprefix('test_')}_cases.py"  # where they are many
    listed = source + (table.read_text("utf-8") if table.exists() else "")
    has_case = not case or f'"{case}"' in listed or any((folder / "cases").glob(f"{case}.*"))
    return re.search(rf"^(async )?def {name}\(", source, re.MULTILINE) is not None and has_case


def test_every_class_has_a_test_or_a_word_about_why_not() -> None:
    assert [int(number) for number, *_ in rows()] == list(range(1, N_CLASSES + 1))
    for number, _, here in rows():
        named = re.findall(r"`(tests/[^`]+)`", here)
        assert all(exists(test) for test in named), (number, [test for test in named if not exists(test)])
        assert named or re.match(r"(not applicable|open): \w+", here), number


def test_every_report_has_a_test_that_is_marked() -> None:
    listed = [f"{names.split()[0]} {number}" for names, *_ in reports() for number in names.split()[1:]]
    assert sorted(listed) == sorted(f"{name} {number}" for name, all_of in REPORTS.items() for number in all_of.split())
    for names, about, here in reports():
        named = re.findall(r"`(tests/[^`]+)`", here)
        assert about and named and all(exists(test) for test in named), names
        assert all(is_marked(test) for test in named), (names, [test for test in named if not is_marked(test)])


def test_every_fault_of_a_newcomers_day_has_a_test_that_is_marked() -> None:
    named = re.findall(r"`(tests/[^`]+::[^`]+)`", INDEX.read_text("utf-8").partition("## A newcomer's day")[2])
    assert len(named) > 12 and [test for test in named if not (exists(test) and is_marked(test))] == []


def test_a_missing_marker_is_seen() -> None:
    assert not is_marked("tests/e2e/test_bug_classes.py::test_a_missing_marker_is_seen")


def test_a_name_that_is_not_there_is_seen() -> None:
    assert not exists("tests/e2e/test_bug_classes.py::test_no_such")
    assert not exists("tests/infill/holes/test_find_hole.py::test_case[python/no_such]")
    assert exists("tests/infill/holes/test_find_hole.py::test_case[python/auto_in_string]")


async def test_every_item_has_a_range_that_holds_the_cursor(start: Any) -> None:
    client: Client = await start({"after": "", "text": "one\ntwo"})
    texts = ["", "x = ", "x = (", "\r\n", "😋\u2028", "def f():\n    pass\n", "a\n\n\n"]
    for number, text in enumerate(texts):
        uri = f"file:///{number}.py"
        client.open(uri, text)
        for offset in (0, len(text)):
            (item,) = await client.items(uri, offset)
            at = client.position(uri, offset)
            start_at, end_at = item["range"]["start"], item["range"]["end"]
            assert start_at["line"] == at["line"] == end_at["line"]
            assert start_at["character"] <= at["character"] <= end_at["character"]


async def test_accepting_at_once_and_typing_on_does_not_garble(start: Any) -> None:
    """An answer that is accepted in the same moment as the next keys go out, many times."""
    client: Client = await start({"after": "= ", "text": "value"})
    client.open(URI, "")
    for number in range(30):
        at = len(client.texts[URI])
        client.edit(URI, at, at, f"x{number} = ")
        (item,) = await client.items(URI)
        at = len(client.texts[URI])
        with client.one_write():
            client.edit(URI, at, at, item["insertText"])
            late = client.inline(URI, at + len(item["insertText"]), manual=False)
            client.edit(URI, at + len(item["insertText"]), at + len(item["insertText"]), "\n")
        assert (await client.answer(late))["result"] == {"items": []}
    assert client.texts[URI] == "".join(f"x{number} = value\n" for number in range(30))


async def test_a_notebooks_cell_has_ghost_text(start: Any) -> None:
    client: Client = await start({"after": "return ", "text": "w * h"})
    cell = "vscode-notebook-cell:/nowhere/book.ipynb#W0sZmlsZQ=="
    client.open(cell, "def area(w, h):\n    return ")
    assert [item["insertText"] for item in await client.items(cell)] == ["w * h"]


async def test_what_the_popup_has_selected_is_not_contradicted(start: Any) -> None:
    """VS Code shows only items that begin with the entry chosen in its list."""
    client: Client = await start({"after": "self.", "text": "name"}, {"after": "self.boxes", "text": "[0]"})
    client.open(URI, "self.")
    chosen = {"range": client.range(URI, 5, 5), "text": "boxes"}
    context = {"triggerKind": 1, "selectedCompletionInfo": chosen}
    params = {"textDocument": {"uri": URI}, "position": client.position(URI, 5), "context": context}
    items = (await client.ask("textDocument/inlineCompletion", params))["result"]["items"]
    assert all(item["insertText"].startswith("boxes") for item in items)


async def test_asking_again_brings_back_what_flashed_by(start: Any) -> None:
    client: Client = await start({"after": "return ", "text": "w * h"})
    client.open(URI, "return ")
    (first,) = await client.items(URI)
    client.edit(URI, 7, 7, "x")
    await client.items(URI)
    client.edit(URI, 7, 8, "")
    (again,) = await client.items(URI)
    assert (again["insertText"], again["range"]) == (first["insertText"], first["range"])


async def test_two_windows_ask_at_the_same_time(start: Any) -> None:
    rules = [{"after": f"window {name} = ", "text": name} for name in "ab"]
    one, two = await start(*rules), await start(*rules)
    one.open(URI, "window a = ")
    two.open(URI, "window b = ")
    for _ in range(5):
        answers = await asyncio.gather(one.items(URI), two.items(URI))
        assert [items[0]["insertText"] for items in answers] == ["a", "b"]


@pytest.fixture(scope="module")
def filler() -> ModelFiller:
    return open_filler()


def test_after_a_cancel_no_candidate_is_prepared(filler: ModelFiller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancel during the last step: what was denoised is neither fitted nor encoded for the reranker."""
    token, asked = CancelToken(), []
    denoise = filler._engine.denoise

    def cancelled_after(*arguments: Any, **named: Any) -> Any:
        fills = denoise(*arguments, **named)
        token.cancel()
        return fills

    monkeypatch.setattr(filler._engine, "denoise", cancelled_after)
    rerank = lambda around, candidates, *_: asked.extend(candidates) or []  # noqa: E731
    monkeypatch.setattr(filler, "_pipeline", msgspec.structs.replace(filler._pipeline, reranker=rerank))
    answer = filler.fill(FillRequest("def f(a):\n    return ", "python", offset=21), token)
    assert isinstance(answer, NoFill) and answer.reason == "cancelled"
    assert asked == []


@pytest.mark.parametrize("n_lines", [3, 40, 400])
def test_no_line_is_in_the_prompt_twice(filler: ModelFiller, n_lines: int) -> None:
    """Each line has a number of its own, so that one that comes twice is seen; where the cursor stands matters not."""
    python = by_id("python")
    assert python is not None
    lines = [f"value_{number} = {number}" for number in range(n_lines)]
    for at in (0, n_lines // 2, n_lines):
        text = "\n".join([*lines[:at], "x = ", *lines[at:]]) + "\n"
        offset = text.index("x = ") + len("x = ")
        hole = find_hole(parse(python, text), offset, "manual")
        assert isinstance(hole, Hole)
        engine = filler._engine
        around = prompt_context(text, hole, engine.info, engine.tokenizer)
        whole = engine.tokenizer.decode(list(around.prompt_ids)) + around.tail
        numbers = re.findall(r"value_(\d+) =", whole)
        assert numbers and len(numbers) == len(set(numbers))
