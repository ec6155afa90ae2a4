"""Kinds of faults that users of other tools reported, over stdio with scripted answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.acting import open_client, place, run
from tests.e2e.client import URI, Client

pytestmark = [pytest.mark.e2e, pytest.mark.reports]

BODY = "def f(x):\n    if x:\n        g()\n"


async def shown(client: Client, offset: int, popup: tuple[int, str] | None = None) -> list[str]:
    """The ghost texts that typing brings at `offset`; `popup` is where the selected item begins, and its text."""
    context: dict[str, Any] = {"triggerKind": 2}
    if popup is not None:
        context["selectedCompletionInfo"] = {"range": client.range(URI, popup[0], offset), "text": popup[1]}
    params = {"textDocument": {"uri": URI}, "position": client.position(URI, offset), "context": context}
    return [
        item["insertText"] for item in (await client.ask("textDocument/inlineCompletion", params))["result"]["items"]
    ]


@pytest.mark.parametrize(("unit", "step"), [("    ", 4), ("\t", 1), ("  ", 2), ("    ", 1)])
async def test_after_a_dedent_by_backspace_a_new_place_is_a_new_question(start: Any, unit: str, step: int) -> None:
    rules = [{"after": f"g()\n{unit}{unit}", "text": "h()"}, {"after": f"g()\n{unit}", "text": "return x"}]
    options = {"lookAhead": False}
    client: Client = await start({"after": f"\n{unit * 3}", "text": "no"}, *rules, options=options)
    text = BODY.replace("    ", unit) + unit * 2
    client.open(URI, text)
    assert await shown(client, len(text)) == ["h()"]
    for end in range(len(text), len(text) - len(unit), -step):
        client.edit(URI, end - step, end, "")
    assert await shown(client, len(text) - len(unit)) == ["return x"]


async def test_a_dedent_that_is_a_replacement_is_one_too(start: Any) -> None:
    client: Client = await start({"after": "g()\n        ", "text": "h()"}, {"after": "g()\n    ", "text": "return x"})
    text = BODY + "        "
    client.open(URI, text)
    assert await shown(client, len(text)) == ["h()"]
    client.edit(URI, len(BODY), len(text), "    ")
    assert await shown(client, len(text) - 4) == ["return x"]


async def test_other_deletions_ask_nothing(start: Any) -> None:
    client: Client = await start({"after": "", "text": "x"}, options={"lookAhead": False})
    text = "a = 1  \n    b"
    client.open(URI, text)
    client.edit(URI, len(text) - 1, len(text), "")
    assert await shown(client, len(text) - 1) == []
    client.edit(URI, 6, 7, "")
    assert await shown(client, 6) == []


OUT = "def out_path(name):\n    return name\n\n\nx = "


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        (' / "out.csv"', False),
        (' + "x"', False),
        ("('a')", True),
        (", 1)", True),
        ("s[0]", False),
        ("_of(1)", False),
        (" if x else y", True),
    ],
)
async def test_with_a_function_selected_the_text_goes_on_from_it_or_is_silent(
    start: Any, text: str, shows: bool
) -> None:
    client: Client = await start({"after": "x = out_path", "text": text}, options={"lookAhead": False})
    client.open(URI, OUT + "ou")
    found = await shown(client, len(OUT) + 2, (len(OUT), "out_path"))
    assert found == (["t_path" + text] if shows else [])


@pytest.mark.parametrize(("text", "shows"), [(' / "out.csv"', True), ("_of(1)", False), ("é", False)])
async def test_with_a_variable_selected_no_other_word_is_shown(start: Any, text: str, shows: bool) -> None:
    client: Client = await start({"after": "x = folder", "text": text}, options={"lookAhead": False})
    client.open(URI, "folder = here()\nx = fo")
    found = await shown(client, len("folder = here()\nx = fo"), (len("folder = here()\nx = "), "folder"))
    assert found == (["lder" + text] if shows else [])


@pytest.mark.parametrize(
    ("texts", "detail"),
    [
        (["start += 1", "..."], "One hole is left: line 5 (...): no proposal passes the checks."),
        (["pass", "start"], "One hole is left: line 4 (pass): no proposal passes the checks."),
        (["start += 1", "start"], ""),
    ],
)
async def test_filling_all_holes_says_which_are_left_and_why(start: Any, texts: list[str], detail: str) -> None:
    client = await open_client(start, {"free": ["pass", "..."], "texts": texts})
    answer = await run(client, "dg-lsp.fillHoles", place(client, "boxes", 0))
    assert (answer["reason"], answer["detail"]) == ("filled", detail)
