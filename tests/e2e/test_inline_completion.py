"""Ghost text over stdio: what is answered, when, and in which encoding."""

from __future__ import annotations

import hashlib
import random
import time
from typing import Any

import pytest

from tests.e2e.client import URI, Client

pytestmark = pytest.mark.e2e

RETURN = {"after": "return ", "text": "w * h"}
SLOW = {"after": "slow", "text": "late", "delay_ms": 60_000}  # only a cancel ends it within a test
HASH = {"after": "", "echo_hash": True}


async def test_initialize_advertises_what_the_server_does(start: Any) -> None:
    client: Client = await start(RETURN, initialize=False)
    result = await client.initialize()
    print(f"initialize answered {(time.perf_counter() - client.started) * 1000:.0f} ms after process start")
    capabilities = result["capabilities"]
    assert capabilities["inlineCompletionProvider"] == {}
    assert capabilities["positionEncoding"] == "utf-16"
    sync = capabilities["textDocumentSync"]
    assert (sync["openClose"], sync["change"]) == (True, 2)
    assert capabilities["codeActionProvider"] == {
        "codeActionKinds": ["refactor.rewrite", "quickfix"],
        "resolveProvider": True,
    }
    names = ("accepted", "docstring", "fetch", "fillBody", "fillHoles", "fix", "refine", "rewrite", "typeHints")
    assert sorted(capabilities["executeCommandProvider"]["commands"]) == [f"dg-lsp.{name}" for name in names]
    assert result["serverInfo"]["name"] == "dg-lsp"


async def test_a_hole_typed_key_by_key(start: Any) -> None:
    client: Client = await start(RETURN)
    client.open(URI, "def area(w, h):\n    \n")
    offset = len("def area(w, h):\n    ")
    answers = []
    for key in "return ":
        client.edit(URI, offset, offset, key)
        offset += 1
        answers.append(await client.items(URI, offset, manual=False))
    *early, (last,) = answers
    assert early == [[]] * 6
    assert last["insertText"] == "w * h"
    assert last["range"] == client.range(URI, offset, offset)
    assert last["command"]["command"] == "dg-lsp.accepted"


async def test_accepting_runs_the_command_and_logs_only_counts(start: Any, tmp_path: Any) -> None:
    log = tmp_path / "server.log"
    client: Client = await start(RETURN, arguments=("--log-file", str(log)))
    client.open(URI, "def secret_name(w, h):\n    return ")
    (item,) = await client.items(URI)
    done = await client.ask("workspace/executeCommand", item["command"])
    assert done["result"] is None
    await client.ask("shutdown")
    lines = log.read_text().splitlines()
    assert any("accepted chars=5 lines=1" in line for line in lines)
    assert any("inlineCompletion ms=" in line and "reason=filled" in line for line in lines)
    assert not any("secret_name" in line or "w * h" in line for line in lines)


async def test_cancel_stops_the_model_and_is_answered_as_cancelled(start: Any) -> None:
    client: Client = await start(SLOW, RETURN)
    client.open(URI, "slow")
    asked = client.inline(URI, 4)
    client.notify("$/cancelRequest", {"id": asked})
    assert (await client.answer(asked))["error"]["code"] == -32800
    client.edit(URI, 0, 4, "return ")
    assert [item["insertText"] for item in await client.items(URI)] == ["w * h"]


async def test_a_newer_question_supersedes_the_older_one(start: Any) -> None:
    client: Client = await start(SLOW, RETURN)
    client.open(URI, "slow return ")
    older, newer = client.inline(URI, 4), client.inline(URI, 12)
    assert (await client.answer(older))["result"] == {"items": []}
    assert (await client.answer(newer))["result"]["items"][0]["insertText"] == "w * h"


async def test_a_change_answers_the_question_about_the_old_text_with_nothing(start: Any) -> None:
    client: Client = await start(SLOW)
    client.open(URI, "slow")
    asked = client.inline(URI, 4)
    client.edit(URI, 0, 0, "x")
    assert (await client.answer(asked))["result"] == {"items": []}
    assert (await client.ask("dgLsp/status"))["result"]["lastReason"] == "superseded"


async def test_two_documents_do_not_supersede_each_other(start: Any) -> None:
    client: Client = await start({"after": "a", "text": "1", "delay_ms": 50}, {"after": "b", "text": "2"})
    other = "file:///other.py"
    client.open(URI, "a")
    client.open(other, "b")
    first, second = client.inline(URI, 1), client.inline(other, 1)
    texts = [(await client.answer(asked))["result"]["items"][0]["insertText"] for asked in (first, second)]
    assert texts == ["1", "2"]


async def test_a_change_right_behind_a_question_does_not_mix_with_it(start: Any) -> None:
    client: Client = await start(RETURN)
    client.open(URI, "return ")
    with client.one_write():
        asked = client.inline(URI, 7)
        client.edit(URI, 7, 7, "\nx")
    assert (await client.answer(asked))["result"] == {"items": []}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_odd_documents_in_every_encoding(start: Any, encoding: str) -> None:
    texts = {
        "CRLF": "x = '😋é'\r\ny = return ",
        "form feed": "\f\nreturn ",
        "separators": "a\u2028b\u2029\x85\x1c😋\nreturn ",
        "CR": "é\r'😋' return ",
    }
    client: Client = await start(RETURN, general={"positionEncodings": [encoding]})
    assert client.encoding == encoding
    for name, text in texts.items():
        uri = f"file:///{name}"
        client.open(uri, text)
        client.edit(uri, 0, 0, "😋")
        (item,) = await client.items(uri)
        end = len(client.texts[uri])
        assert item["range"] == client.range(uri, end, end), name


async def test_an_unknown_encoding_falls_back_to_utf_16(start: Any) -> None:
    client: Client = await start(RETURN, general={"positionEncodings": ["utf-7"]})
    assert client.encoding == "utf-16"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_a_thousand_random_edits_keep_both_copies_equal(start: Any, encoding: str) -> None:
    client: Client = await start(HASH, general={"positionEncodings": [encoding]})
    draw = random.Random(encoding)
    pieces = ["a", "é", "😋", "\n", "\r\n", "\r", "\t", "x = 1", "\f", "\u2028", "\x85"]
    client.open(URI, "".join(draw.choices(pieces, k=200)))
    for count in range(1, 1001):
        text = client.texts[URI]
        places = [i for i in range(len(text) + 1) if text[i - 1 : i + 1] != "\r\n"]
        start_at, end_at = sorted(draw.choices(places, k=2))
        end_at = min(end_at, start_at + draw.randrange(12))
        end_at = end_at if end_at in places else start_at
        client.edit(URI, start_at, end_at, "".join(draw.choices(pieces, k=draw.randrange(6))))
        if count % 50 == 0:
            (item,) = await client.items(URI, 0)
            expected = hashlib.sha256(client.texts[URI].encode()).hexdigest()
            assert item["insertText"] == expected, f"the copies differ after {count} edits"


async def test_settings_turn_things_off_and_bad_ones_are_named_once(start: Any) -> None:
    options = {"automatic": False, "languages": ["python"], "deadlineMs": "soon", "colour": 1}
    client: Client = await start(RETURN, options=options)
    client.open(URI, "return ")
    assert await client.items(URI, manual=False) == []
    assert len(await client.items(URI, manual=True)) == 1
    client.open("file:///a.go", "return ", "go")
    assert await client.items("file:///a.go") == []
    (shown,) = client.notifications("window/showMessage")
    assert "'colour'" in shown["message"] and "'deadlineMs'" in shown["message"]
    assert "'automatic'" not in shown["message"] and shown["type"] == 2


@pytest.mark.reports
@pytest.mark.parametrize(("dotted", "plain"), [("python.django", "python"), ("javascript.jsx", "javascriptreact")])
async def test_a_dotted_language_id_is_its_first_part(start: Any, dotted: str, plain: str) -> None:
    client: Client = await start(RETURN, options={"languages": [plain]})
    client.open(URI, "x\n\nreturn ", dotted)
    assert len(await client.items(URI)) == 1
    client.open("file:///other", "x\n\nreturn ", f"cobol.{plain}")
    assert await client.items("file:///other") == []


@pytest.mark.reports
async def test_a_setting_may_name_a_dotted_language_id(start: Any) -> None:
    client: Client = await start(RETURN, options={"languages": ["python.pytest"]})
    for language in ("python.pytest", "python"):
        client.open(URI, "x\n\nreturn ", language)
        assert len(await client.items(URI)) == 1


async def test_a_document_that_is_not_open_has_no_ghost_text(start: Any) -> None:
    client: Client = await start(HASH)
    client.open(URI, "x")
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert await client.items(URI) == []
    assert (await client.ask("dgLsp/status"))["result"]["lastReason"] == "unknown_document"
