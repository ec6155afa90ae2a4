"""Malformed and hostile messages, drawn by a seed: does the server live, and answer each request once?"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.server.wire import INLINE, SCRIPTED, URI, Wire

VICTIM = "file:///victim.py"  # the document that the hostile messages may spoil
_PROBE_EVERY = 20
_ODD: tuple[Any, ...] = (
    *(None, True, -1, 2**31, 2**63, 1.5, 1e308, "", "x", "\x00", "\ud800", [], [[]], {}, {"a": 1}, "../../etc/passwd"),
    *("file://%ff", "http://[", "é" * 1000, [None] * 50, {"line": -1, "character": 2**40}),
)
_SPOILED = tuple(odd for odd in _ODD if isinstance(odd, int | str))  # what an id may have become
_NOISE = (
    *(b"garbage\r\n\r\n", b"Content-Length: many\r\n\r\n", b"Content-Length: -5\r\n\r\n", b"\r\n\r\n", b"\n\n"),
    *(b"Content-Length: 99999999999999999999\r\n\r\n", b"X-Header: 1\r\n\r\n", b"\xff\xfe\x00\r\n\r\n"),
)


Kind = Callable[[Wire, str, random.Random], bool]  # sends something; whether an answer is owed for the id


class Outcome(msgspec.Struct):
    """What came of it."""

    n_messages: int = 0
    n_requests: int = 0  # among them with an id of our own
    alive: bool = False
    twice: int = 0  # ids answered more than once
    never: int = 0  # requests with a usable id that were not answered
    wrong_probes: int = 0  # good requests in between that did not get their answer


def attack(n_messages: int, folder: Path, seed: int = 0) -> Outcome:
    """Send the messages, ask something good in between, count."""
    draw = random.Random(f"hostile {seed}")
    script = folder / "good.jsonl"
    script.write_text(json.dumps({"after": "return ", "text": "w * h"}) + "\n")
    outcome = Outcome()
    owed: set[str] = set()
    with Wire((*SCRIPTED, str(script))) as wire:
        wire.begin()
        wire.wait_ready()
        wire.open(URI, "return ")
        wire.open(VICTIM, "x = 1\nreturn ")
        kinds: tuple[Kind, ...] = (_noise, _cut, _bytes, _mutated, _mutated, _mutated, _unread, _deep)
        for number in range(n_messages):
            msg_id = f"hostile {number}"
            if draw.choice(kinds)(wire, msg_id, draw):
                owed.add(msg_id)
            if number % _PROBE_EVERY == _PROBE_EVERY - 1:
                outcome.wrong_probes += [item["insertText"] for item in wire.items(URI)] != ["w * h"]
        outcome.alive = wire.ask("dgLsp/status").get("result", {}).get("state") in ("ready", "busy")
        wire.ask("shutdown")
    outcome.n_messages, outcome.n_requests = n_messages, len(owed)
    outcome.twice = sum(len(same) > 1 for msg_id, same in wire.answers.items() if _is_ours(msg_id))
    outcome.never = len(owed - wire.answers.keys())
    return outcome


def _is_ours(msg_id: object) -> bool:
    """Whether an id was given by us, and so to one request only: spoiled ones may come more than once."""
    return msg_id not in _SPOILED and (type(msg_id) is int or str(msg_id).startswith("hostile "))


def _noise(wire: Wire, _: str, draw: random.Random) -> bool:
    wire.send_bytes(draw.choice(_NOISE))
    return False


def _cut(wire: Wire, msg_id: str, draw: random.Random) -> bool:
    """A message that stops in the middle, framed as if that were all."""
    body = json.dumps(_message(msg_id, draw)).encode()
    wire.send_body(body[: draw.randrange(len(body))])
    return False


def _unread(wire: Wire, msg_id: str, draw: random.Random) -> bool:
    """A request whose parameters are something else altogether."""
    message = {"jsonrpc": "2.0", "id": msg_id, "method": draw.choice((INLINE, "codeAction/resolve", "no/such"))}
    wire.send(message | {"params": draw.choice(_ODD)})
    return True


def _bytes(wire: Wire, msg_id: str, draw: random.Random) -> bool:
    """A message with bytes changed inside it: none that frames it."""
    body = bytearray(json.dumps(_message(msg_id, draw)).encode())
    for _ in range(draw.randint(1, 6)):
        body[draw.randrange(len(body))] = draw.randrange(256)
    wire.send_body(bytes(body))
    return False  # the change may be in the id


def _mutated(wire: Wire, msg_id: str, draw: random.Random) -> bool:
    """Good JSON with an odd value somewhere, or something missing; whether an answer is owed."""
    message = _message(msg_id, draw)
    for _ in range(draw.randint(1, 3)):
        _spoil(message, draw)
    wire.send(message)
    # with a method it is a request; with a result or an error in its place it is an answer to nothing
    return message.get("id") == msg_id and ("method" in message or not {"result", "error"} & message.keys())


def _deep(wire: Wire, msg_id: str, draw: random.Random) -> bool:
    depth = draw.choice((100, 2_000, 60_000))
    params = b"[" * depth + b"]" * depth
    wire.send_body(
        b'{"jsonrpc":"2.0","id":"%b","method":"%b","params":%b}' % (msg_id.encode(), INLINE.encode(), params)
    )
    return False  # too deep to find the id in: refused with null


def _message(msg_id: str, draw: random.Random) -> dict[str, Any]:
    """A good message of a random kind; a request has the id."""
    document = {"uri": VICTIM, "version": draw.randrange(9), "languageId": "python", "text": "x"}
    here = {"line": draw.randrange(3), "character": draw.randrange(9)}
    span = {"start": here, "end": here}
    requests = {
        INLINE: {"textDocument": {"uri": VICTIM}, "position": here, "context": {"triggerKind": 1}},
        "textDocument/codeAction": {"textDocument": {"uri": VICTIM}, "range": span, "context": {"diagnostics": []}},
        "codeAction/resolve": {"title": "x", "kind": "refactor.rewrite", "data": {"uri": VICTIM, "version": 1}},
        "workspace/executeCommand": {"command": "dg-lsp.accepted", "arguments": [{"chars": 1}]},
        "dgLsp/status": None,
        "no/such": {},
    }
    notifications = {
        "textDocument/didOpen": {"textDocument": document},
        "textDocument/didChange": {"textDocument": document, "contentChanges": [{"range": span, "text": "\r"}]},
        "textDocument/didClose": {"textDocument": {"uri": VICTIM}},
        "workspace/didChangeWorkspaceFolders": {"event": {"added": [], "removed": []}},
        "$/cancelRequest": {"id": f"hostile {draw.randrange(2000)}"},
        "$/progress": {"token": "x", "value": {}},
    }
    if draw.random() < 0.6:
        method = draw.choice(list(requests))
        return {"jsonrpc": "2.0", "id": msg_id, "method": method, "params": requests[method]}
    method = draw.choice(list(notifications))
    return {"jsonrpc": "2.0", "method": method, "params": notifications[method]}


def _spoil(message: dict[str, Any], draw: random.Random) -> None:
    """Put an odd value in some place of the message, or take the place away; never the document that is probed."""
    holder: Any = message
    if isinstance(message.get("params"), dict) and draw.random() < 0.7:
        holder = message["params"]
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = draw.choice(keys)
        if isinstance(holder[key], dict | list) and draw.random() < 0.8:
            holder = holder[key]
            continue
        if draw.random() < 0.2:
            del holder[key]
        else:
            holder[key] = draw.choice(_ODD)
        return
