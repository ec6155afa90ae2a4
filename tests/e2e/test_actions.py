"""Code actions over stdio: what is offered where, and one edit for each that touches nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.acting import CODE, applied, offers, open_client, place, resolved, run
from tests.e2e.client import URI

pytestmark = pytest.mark.e2e


async def test_the_list_is_what_applies_there(start: Any) -> None:
    client = await open_client(start)
    of_function = ["Fill all holes in this function", "Complete docstring", "Complete type hints"]
    assert list(await offers(client, place(client, "boxes", 0))) == of_function
    assert list(await offers(client, place(client, "Implemented", 0))) == ["Fill this body"]
    assert list(await offers(client, place(client, "total", 5))) == of_function, "a word, as a double click selects it"
    assert list(await offers(client, place(client, "return", 0))) == of_function[:1], "not on the definition"
    refine = [f"Refine selection ({name})" for name in ("low", "medium", "high")]
    assert list(await offers(client, place(client, "start=0"))) == [*of_function, "Refill selection", *refine]
    assert list(await offers(client, client.range(URI, 0, 0), only=["quickfix"])) == []
    (only,) = await offers(client, place(client, "start=0"), only=["refactor.rewrite.dg-lsp.refine.low"])
    assert only == refine[0]
    client.open("file:///notes.txt", "some text", "plaintext")
    params = {"textDocument": {"uri": "file:///notes.txt"}, "context": {"diagnostics": []}}
    params |= {"range": client.range("file:///notes.txt", 0, 9)}
    assert len((await client.ask("textDocument/codeAction", params))["result"]) == 4


async def test_a_diagnostic_is_offered_a_fix_of_its_statement(start: Any) -> None:
    client = await open_client(
        start, {"selected": "def later(a: int) -> int:", "strength": 0.8, "text": "def later(b):"}
    )
    problem = {"range": place(client, "a: int"), "message": "unused\n" + "x" * 90, "severity": 2}
    found = await offers(client, place(client, "later", 0), diagnostics=[problem], only=["quickfix"])
    ((title, action),) = found.items()
    assert title.startswith("Fix this: unused xxx") and title.endswith("…") and len(title) < 75
    assert action["kind"] == "quickfix" and action["diagnostics"] == [problem]
    done = await resolved(client, action)
    assert applied(client, done["edit"]) == CODE.replace("later(a: int) -> int:", "later(b):")


async def test_a_fix_is_offered_only_for_a_fault_that_has_a_statement(start: Any) -> None:
    client = await open_client(start)
    fault = {"range": place(client, "a: int"), "message": "undefined", "severity": 1}
    hint = {"range": place(client, "boxes"), "message": "not used", "severity": 4}
    blank = {"range": client.range(URI, CODE.index("\r\n\r\n") + 2, CODE.index("\r\n\r\n") + 2), "message": "trailing"}
    diagnostics = [hint, blank, fault, fault | {"source": "another"}]
    found = await offers(client, place(client, "later", 0), diagnostics=diagnostics, only=["quickfix"])
    assert list(found) == ["Fix this: undefined"]


async def test_why_there_was_nothing_is_one_sentence(start: Any) -> None:
    async def why() -> str | None:
        return (await client.ask("dgLsp/status"))["result"]["lastWhy"]

    client = await open_client(start, {"selected": "boxes, start=0", "text": "x"})
    assert await why() is None
    told = await run(client, "dg-lsp.docstring", client.range(URI, 0, 0), version=9)
    assert told["reason"] == "document_changed"
    told = await run(client, "dg-lsp.typeHints", place(client, "later"))
    assert told["detail"] == await why() == "There is nothing here to which this applies (every type is there)."
    await client.items(URI, CODE.index("😋"), manual=False)
    assert await why() == "The model has nothing to write there."
    await run(client, "dg-lsp.rewrite", place(client, "boxes, start=0"))
    assert await why() is None, "there was something"


@pytest.mark.parametrize(
    ("word", "title", "expected"),
    [
        ("boxes", "Fill all holes in this function", CODE.replace("pass", "start += 1").replace("...", "start")),
        ("boxes", "Complete docstring", CODE.replace("\tif", '\t"""Add up."""\r\n\tif')),
        ("boxes", "Complete type hints", CODE.replace("boxes, start=0)", "boxes: list, start: int = 0) -> int")),
        (
            "Implemented",
            "Fill this body",
            CODE.replace("raise Not", "return a\r\nraise Not"),
        ),
    ],
)
async def test_an_action_is_one_edit_and_touches_nothing_else(start: Any, word: str, title: str, expected: str) -> None:
    client = await open_client(start)
    action = (await offers(client, place(client, word, 0)))[title]
    edit = (await resolved(client, action))["edit"]
    assert applied(client, edit) == expected
    edits = edit["documentChanges"][0]["edits"]
    assert {e["annotationId"] for e in edits} == set(edit["changeAnnotations"])
    assert [a["label"] for a in edit["changeAnnotations"].values()] == [title]
    kept = [client.range(URI, CODE.index(w), CODE.index(w) + len(w)) for w in ("@keep", "def total(", "# 😋")]
    for e in edits:
        assert not any(overlaps(e["range"], k) for k in kept)


async def test_types_in_javascript_are_one_insertion_of_a_comment(start: Any) -> None:
    client = await open_client(start, {"free": ["*", "*"], "texts": ["number", "string"]})
    uri, text = "file:///a.js", "export function f(a = 1) {\n  return `${a}`;\n}\n\nfunction g(b) {\n  return b;\n}\n"
    client.open(uri, text, "javascript")

    async def offered(word: str) -> dict[str, Any]:
        at = client.range(uri, text.index(word), text.index(word))
        params = {"textDocument": {"uri": uri}, "range": at, "context": {"diagnostics": []}}
        return {a["title"]: a for a in (await client.ask("textDocument/codeAction", params))["result"]}

    assert "Complete type hints" not in await offered("g("), "the code decides nothing there"
    edit = (await resolved(client, (await offered("f("))["Complete type hints"]))["edit"]
    (change,) = edit["documentChanges"]
    (only,) = change["edits"]
    assert only["newText"] == "/**\n * @param {number} [a]\n * @returns {string}\n */\n"
    assert only["range"] == client.range(uri, 0, 0) and change["textDocument"]["uri"] == uri


def overlaps(a: dict[str, Any], b: dict[str, Any]) -> bool:
    def at(place: dict[str, Any], end: str) -> tuple[int, int]:
        return place[end]["line"], place[end]["character"]

    return at(a, "start") < at(b, "end") and at(b, "start") < at(a, "end")


@pytest.mark.parametrize(("strength", "text"), [("low", "start=1"), ("medium", "start=2"), ("high", "start=3")])
async def test_a_refinement_has_its_strength(start: Any, strength: str, text: str) -> None:
    client = await open_client(start)
    action = (await offers(client, place(client, "start=0")))[f"Refine selection ({strength})"]
    assert applied(client, (await resolved(client, action))["edit"]) == CODE.replace("start=0", text)
    told = await run(client, "dg-lsp.refine", place(client, "start=0"), strength=strength)
    assert applied(client, told["edit"]) == CODE.replace("start=0", text)


async def test_a_client_that_cannot_resolve_gets_commands_that_apply_themselves(start: Any) -> None:
    client = await open_client(start, textDocument={})
    action = (await offers(client, place(client, "boxes", 0)))["Fill all holes in this function"]
    assert "data" not in action and action["command"]["command"] == "dg-lsp.fillHoles"
    given = {k: action["command"][k] for k in ("command", "arguments")}
    answer = await client.ask("workspace/executeCommand", given)
    (asked,) = [m for m in client.received if m.get("method") == "workspace/applyEdit"]
    assert asked["params"]["edit"] == answer["result"]["edit"]
    assert asked["params"]["label"] == "Fill all holes in this function"
