"""Rewrites as commands over stdio: the edit or a reason, drafts on the way, cancel, staleness, ignored files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.acting import CODE, RULES, applied, command, offers, open_client, place, run
from tests.e2e.client import URI

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("name", "word", "changed"),
    [
        ("dg-lsp.fillHoles", "boxes", "start += 1"),
        ("dg-lsp.docstring", "boxes", '"""Add up."""'),
        ("dg-lsp.typeHints", "boxes", "boxes: list"),
        ("dg-lsp.fillBody", "Implemented", "return a\r\n"),
    ],
)
async def test_commands_answer_with_the_edit(start: Any, name: str, word: str, changed: str) -> None:
    client = await open_client(start)
    told = await run(client, name, place(client, word, 0), version=1, kind="any")
    assert (told["reason"], told["detail"]) == ("filled", "") and told["ms"] > 0 and told["title"]
    assert changed in applied(client, told["edit"])
    assert not [m for m in client.received if m.get("method") == "workspace/applyEdit"]


async def test_a_rewrite_without_a_model_for_instructions_is_a_refill_and_says_so(start: Any) -> None:
    client = await open_client(start)
    told = await run(client, "dg-lsp.rewrite", place(client, "start=0"), instruction="shorter")
    assert told["title"] == "Refill selection" and "follows no instructions" in told["detail"]
    assert applied(client, told["edit"]) == CODE.replace("start=0", "first=0")


async def test_an_edit_that_the_client_does_not_apply_is_a_reason(start: Any) -> None:
    client = await open_client(start)
    client.refuses.add("workspace/applyEdit")
    told = await run(client, "dg-lsp.fillHoles", place(client, "boxes", 0), apply=True)
    assert told["reason"] == "not_applied" and told["edit"] is not None
    unable = await open_client(start, workspace={})
    told = await run(unable, "dg-lsp.fillHoles", place(unable, "boxes", 0), apply=True)
    assert told["reason"] == "not_applied"


@pytest.mark.parametrize(
    ("more", "reason"), [({"version": 7}, "document_changed"), ({"uri": "file:///no.py"}, "document_closed")]
)
async def test_a_stale_command_has_a_reason_and_no_edit(start: Any, more: dict[str, Any], reason: str) -> None:
    client = await open_client(start)
    told = await run(client, "dg-lsp.fillHoles", place(client, "boxes", 0), apply=True, **more)
    assert (told["edit"], told["reason"]) == (None, reason) and told["detail"]


async def test_no_target_is_a_reason(start: Any) -> None:
    client = await open_client(start)
    told = await run(client, "dg-lsp.typeHints", place(client, "later", 0))
    assert (told["edit"], told["reason"]) == (None, "no_target") and "every type is there" in told["detail"]


@pytest.mark.parametrize(
    "arguments", [[], [5], [{}], [{"uri": URI}], [{"uri": URI, "range": {"start": {"line": -1, "character": 0}}}]]
)
async def test_bad_arguments_are_refused(start: Any, arguments: list[Any]) -> None:
    client = await open_client(start)
    answer = await client.ask("workspace/executeCommand", {"command": "dg-lsp.refine", "arguments": arguments})
    assert answer["error"]["code"] == -32602


async def test_drafts_stream_to_the_token_of_the_client(start: Any) -> None:
    slow = RULES[0] | {"drafts": 3, "delay_ms": 600}
    client = await open_client(start, slow)
    told = await run(client, "dg-lsp.fillHoles", place(client, "boxes", 0), progressToken="mine")
    assert told["reason"] == "filled"
    values = [p["value"] for p in client.notifications("$/progress") if p["token"] == "mine"]
    assert [v["kind"] for v in values] == ["begin", "report", "report", "report", "end"]
    assert values[0]["title"] == "Fill all holes in this function"
    assert [v["message"] for v in values[1:4]] == ["step 1 of 3", "step 2 of 3", "step 3 of 3"]
    drafts = client.notifications("dgLsp/draft")
    assert [d["step"] for d in drafts] == [1, 2, 3]
    start_at, end_at = CODE.index("\tif"), CODE.index("...") + 3
    assert drafts[-1]["range"] == client.range(URI, start_at, end_at)
    assert drafts[-1]["text"] == CODE[start_at:end_at].replace("pass", "start += 1").replace("...", "start")
    assert all(d["text"].startswith("\tif boxes:  # 😋\r\n\t\t") for d in drafts)


async def test_drafts_that_come_fast_are_thinned(start: Any) -> None:
    client = await open_client(start, RULES[0] | {"drafts": 200, "delay_ms": 400})
    await run(client, "dg-lsp.fillHoles", place(client, "boxes", 0), progressToken=9)
    reports = [p for p in client.notifications("$/progress") if p["token"] == 9 and p["value"]["kind"] == "report"]
    assert 1 <= len(reports) < 100


async def test_a_long_resolution_shows_a_progress_of_its_own_that_cancels(start: Any) -> None:
    slow = RULES[0] | {"drafts": 4, "delay_ms": 60_000}
    client = await open_client(start, slow, window={"workDoneProgress": True})
    action = (await offers(client, place(client, "boxes", 0)))["Fill all holes in this function"]
    asked = client.request("codeAction/resolve", action)

    def begun() -> list[Any]:
        return [p for p in client.notifications("$/progress") if p["value"].get("title") == action["title"]]

    await client.until(begun, "a progress")
    token = begun()[0]["token"]
    client.notify("window/workDoneProgress/cancel", {"token": "no such"})
    client.notify("window/workDoneProgress/cancel", {"token": token})
    assert "edit" not in (await client.answer(asked))["result"]
    assert {"token": token, "value": {"kind": "end"}} in client.notifications("$/progress")
    assert client.notifications("window/showMessage") == []
    assert (await client.ask("dgLsp/status"))["result"]["lastReason"] == "cancelled"


async def test_a_cancelled_command_is_answered_as_such_and_the_model_is_free(start: Any) -> None:
    client = await open_client(start, RULES[0] | {"delay_ms": 60_000, "drafts": 1000}, {"after": "", "text": "ghost"})
    asked = client.request(
        "workspace/executeCommand", command("dg-lsp.fillHoles", place(client, "boxes", 0), progressToken=1)
    )
    await client.until(lambda: client.notifications("dgLsp/draft"), "a draft")
    client.notify("$/cancelRequest", {"id": asked})
    assert (await client.answer(asked))["error"]["code"] == -32800
    assert len(await client.items(URI)) == 1


async def test_a_change_meanwhile_ends_a_command_with_a_reason(start: Any) -> None:
    client = await open_client(start, RULES[0] | {"delay_ms": 60_000, "drafts": 1000})
    asked = client.request(
        "workspace/executeCommand", command("dg-lsp.fillHoles", place(client, "boxes", 0), progressToken=1)
    )
    await client.until(lambda: client.notifications("dgLsp/draft"), "a draft")
    client.edit(URI, 0, 0, "#")
    told = (await client.answer(asked))["result"]
    assert (told["edit"], told["reason"]) == (None, "superseded")


async def test_an_ignored_file_is_offered_nothing_and_answers_with_the_reason(start: Any, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / ".dgignore").write_text("a.py\n")
    client = await open_client(start)
    uri = (folder / "a.py").as_uri()
    client.open(uri, CODE)
    where = client.range(uri, CODE.index("boxes"), CODE.index("boxes"))
    params = {"textDocument": {"uri": uri}, "range": where, "context": {"diagnostics": []}}
    assert (await client.ask("textDocument/codeAction", params))["result"] == []
    told = await run(client, "dg-lsp.fillHoles", where, uri=uri, apply=True)
    assert (told["edit"], told["reason"]) == (None, "ignored_file")


async def test_an_untrusted_workspace_cannot_take_a_rule_back(start: Any, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / ".gitignore").write_text("*.py\n")
    (folder / ".dgignore").write_text("!a.py\n")
    uri = (folder / "a.py").as_uri()
    for trusted, reason in ((False, "ignored_file"), (True, "filled")):
        client = await open_client(start, options={"trusted": trusted})
        client.open(uri, CODE)
        assert (await run(client, "dg-lsp.fillHoles", place(client, "boxes", 0), uri=uri))["reason"] == reason


async def test_drafts_of_a_body_say_what_they_would_replace(start: Any) -> None:
    client = await open_client(start, RULES[-1] | {"drafts": 2, "delay_ms": 300})
    await run(client, "dg-lsp.fillBody", place(client, "later", 0), progressToken="b")
    first, *_ = client.notifications("dgLsp/draft")
    assert first["range"] == place(client, "raise NotImplementedError")
