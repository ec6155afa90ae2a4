"""Whatever arrives: no request without its one answer, and the server lives on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.client import URI, Client

pytestmark = pytest.mark.e2e

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602
INLINE = "textDocument/inlineCompletion"
AT_START = {"line": 0, "character": 0}
GOOD = {"textDocument": {"uri": URI}, "position": AT_START, "context": {"triggerKind": 1}}


def rpc(**parts: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **parts}).encode()


UNREADABLE = {
    "empty object cut short": b"{",
    "no JSON": b"hello",
    "empty body": b"",
    "only blanks": b"  \n ",
    "bytes that are not UTF-8": b'{"jsonrpc":"2.0","id":1,"method":"\xff\xfe\xfd"}',
    "two values": b"{} {}",
    "single quotes": b"{'jsonrpc': '2.0'}",
    "nested too deep": b"[" * 100_000,
    "number too long": b'{"id":' + b"9" * 5000 + b"}",
    "trailing comma": b'{"jsonrpc":"2.0",}',
}
INVALID = {
    "null": b"null",
    "number": b"7",
    "string": b'"initialize"',
    "empty batch": b"[]",
    "batch of requests": json.dumps([{"jsonrpc": "2.0", "id": 900, "method": "shutdown"}]).encode(),
    "batch of rubbish": b"[1, 2, 3]",
    "empty object": b"{}",
    "no version, no id": json.dumps({"method": INLINE}).encode(),
    "null id": rpc(id=None, method=INLINE, params=GOOD),
    "true as id": rpc(id=True, method=INLINE, params=GOOD),
    "fraction as id": rpc(id=1.5, method=INLINE, params=GOOD),
    "object as id": rpc(id={}, method=INLINE, params=GOOD),
    "list as id": rpc(id=[], method=INLINE, params=GOOD),
    "method without a name": rpc(method=5),
}
REFUSED = {
    "unknown method": ({"method": "no/such"}, NO_METHOD),
    "unknown optional method": ({"method": "$/such"}, NO_METHOD),
    "method as a number": ({"method": 5}, INVALID_REQUEST),
    "method null": ({"method": None}, INVALID_REQUEST),
    "old version": ({"method": INLINE, "params": GOOD, "jsonrpc": "1.0"}, INVALID_REQUEST),
    "initialize again": ({"method": "initialize", "params": {"capabilities": {}}}, INVALID_REQUEST),
    "no params": ({"method": INLINE}, INVALID_PARAMS),
    "params null": ({"method": INLINE, "params": None}, INVALID_PARAMS),
    "params as a list": ({"method": INLINE, "params": [1]}, INVALID_PARAMS),
    "params as a string": ({"method": INLINE, "params": "x"}, INVALID_PARAMS),
    "no position": ({"method": INLINE, "params": {"textDocument": {"uri": URI}}}, INVALID_PARAMS),
    "negative line": (
        {"method": INLINE, "params": GOOD | {"position": {"line": -1, "character": 0}}},
        INVALID_PARAMS,
    ),
    "huge line": (
        {"method": INLINE, "params": GOOD | {"position": {"line": 2**60, "character": 0}}},
        INVALID_PARAMS,
    ),
    "text as line": (
        {"method": INLINE, "params": GOOD | {"position": {"line": "a", "character": 0}}},
        INVALID_PARAMS,
    ),
    "unknown trigger": (
        {"method": INLINE, "params": GOOD | {"context": {"triggerKind": 9}}},
        INVALID_PARAMS,
    ),
    "unknown command": (
        {"method": "workspace/executeCommand", "params": {"command": "rm", "arguments": []}},
        INVALID_PARAMS,
    ),
    "code action without a range": (
        {"method": "textDocument/codeAction", "params": {"textDocument": {"uri": URI}}},
        INVALID_PARAMS,
    ),
}
IGNORED = {
    "change without params": rpc(method="textDocument/didChange"),
    "change with a bad range": rpc(
        method="textDocument/didChange",
        params={"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"range": 1, "text": ""}]},
    ),
    "change of a closed document": rpc(
        method="textDocument/didChange",
        params={"textDocument": {"uri": "file:///x", "version": 2}, "contentChanges": [{"text": "x"}]},
    ),
    "close of a closed document": rpc(method="textDocument/didClose", params={"textDocument": {"uri": "file:///x"}}),
    "open without a text": rpc(method="textDocument/didOpen", params={"textDocument": {"uri": URI}}),
    "unknown notification": rpc(method="workspace/didGuess", params={}),
    "unknown optional notification": rpc(method="$/guess", params={}),
    "cancel of nothing": rpc(method="$/cancelRequest", params={"id": 12345}),
    "cancel without an id": rpc(method="$/cancelRequest", params={}),
    "cancel of a list": rpc(method="$/cancelRequest", params={"id": []}),
    "answer to nothing": rpc(id=777, result=None),
    "error to nothing": rpc(id=None, error={"code": 1, "message": "x"}),
    "answer with an odd id": rpc(id=[], result=1),
    "notebook": rpc(method="notebookDocument/didOpen", params={"notebookDocument": 1}),
    "shown without an item": rpc(method="textDocument/didShowCompletion", params={}),
    "shown item of another server": rpc(
        method="textDocument/didShowCompletion", params={"item": {"insertText": "x", "command": {"arguments": []}}}
    ),
    "shown item with a text as number": rpc(
        method="textDocument/didShowCompletion", params={"item": {"command": {"arguments": [{"id": "x"}]}}}
    ),
    "shown, params as a list": rpc(method="textDocument/didShowCompletion", params=[1]),
    "partly accepted by a negative length": rpc(
        method="textDocument/didPartiallyAcceptCompletion",
        params={"item": {"command": {"arguments": [{"id": 1}]}}, "acceptedLength": -1},
    ),
    "focus on nothing": rpc(method="textDocument/didFocus"),
    "initialized again": rpc(method="initialized"),
}


async def check_alive(client: Client) -> None:
    """The server still answers, has the document as it was, and says nothing that was not asked."""
    assert [item["insertText"] for item in await client.items(URI)] == ["w * h"]
    assert client.notifications("window/showMessage") == []


@pytest.fixture
async def client(start: Any) -> Client:
    client: Client = await start({"after": "return ", "text": "w * h"})
    client.open(URI, "return ")
    return client


@pytest.mark.parametrize(
    ("bodies", "code"), [(UNREADABLE, PARSE_ERROR), (INVALID, INVALID_REQUEST)], ids=["unreadable", "invalid"]
)
async def test_a_message_without_a_usable_id_is_refused_with_null(
    client: Client, bodies: dict[str, bytes], code: int
) -> None:
    for name, body in bodies.items():
        client.answers.pop(None, None)
        client.send_body(body)
        answer = await client.answer(None)
        assert answer["error"]["code"] == code, name
        await check_alive(client)
    n_refusals = sum("method" not in m and m["id"] is None for m in client.received)
    assert n_refusals == len(bodies)


async def test_a_request_that_cannot_be_served_is_refused_by_its_id(client: Client) -> None:
    for number, (name, (message, code)) in enumerate(REFUSED.items()):
        msg_id = f"bad {number}"
        client.send({"jsonrpc": "2.0", "id": msg_id, **message})
        answer = await client.answer(msg_id)
        assert answer.get("error", {}).get("code") == code, f"{name}: {answer}"
        await check_alive(client)


async def test_a_notification_that_cannot_be_used_is_ignored(client: Client) -> None:
    n_before = len(client.received)
    for body in IGNORED.values():
        client.send_body(body)
    await check_alive(client)
    assert len(client.received) == n_before + 1, client.received[n_before:]


@pytest.mark.parametrize(
    "noise",
    [
        b"garbage\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"X-Header: 1\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"left over from a wrong length}",
    ],
)
async def test_broken_framing_is_skipped(client: Client, noise: bytes) -> None:
    client.send_bytes(noise)
    await check_alive(client)


async def test_framing_is_read_leniently_and_in_pieces(client: Client) -> None:
    body = rpc(id="pieces", method="dgLsp/status")
    header = b"Content-Type: application/vscode-jsonrpc\r\ncontent-length:%d\r\n\r\n" % len(body)
    for byte in header + body:
        client.send_bytes(bytes([byte]))
    assert (await client.answer("pieces"))["result"]["state"] == "ready"


async def test_an_id_in_use_is_refused_and_the_first_owner_is_answered(start: Any) -> None:
    client: Client = await start({"after": "slow", "text": "x", "delay_ms": 60_000})
    client.open(URI, "slow")
    asked = client.inline(URI, 4)
    client.send({"jsonrpc": "2.0", "id": asked, "method": INLINE, "params": GOOD})
    assert (await client.answer(asked))["error"]["code"] == INVALID_REQUEST
    del client.answers[asked]
    client.notify("$/cancelRequest", {"id": asked})
    assert (await client.answer(asked))["error"]["code"] == -32800


async def test_requests_before_initialize_are_refused(start: Any) -> None:
    client: Client = await start(initialize=False)
    assert (await client.ask(INLINE, GOOD))["error"]["code"] == -32002
    assert (await client.initialize())["serverInfo"]["name"] == "dg-lsp"


@pytest.mark.parametrize("root", ["", "::", "http://[", "untitled:x", "file://%ff", "C:\\x"])
async def test_an_odd_root_does_not_stop_initialize(start: Any, root: str) -> None:
    client: Client = await start(initialize=False)
    params = {"processId": None, "rootUri": root, "capabilities": {}}
    assert "capabilities" in (await client.ask("initialize", params))["result"]


async def test_every_request_after_shutdown_is_refused(client: Client) -> None:
    assert (await client.ask("shutdown"))["result"] is None
    for method, params in (("shutdown", None), (INLINE, GOOD), ("dgLsp/status", None)):
        assert (await client.ask(method, params))["error"]["code"] == INVALID_REQUEST
    client.notify("exit")
    assert await client.exit_code() == 0
