"""A language server with bad manners, for tests: answers inline completion late, whatever was cancelled since.

    late_server.py RECORD [TEXT ...]

writes each message's method with its id, or with its parameters for a notification, as a line to the file RECORD. The
n-th answer offers the texts, or says `late<n>`; it is sent when the file RECORD.go has n lines, so a test
decides when it comes. A line `nothing` has it offer nothing and, after a moment, say that it could now.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

if "--version" in sys.argv:
    print("dg-lsp 0.1.0")
    sys.exit()

RECORD, TEXTS = Path(sys.argv[1]), [text for text in sys.argv[2:] if text != "--stdio"]
GO = RECORD.with_name(RECORD.name + ".go")
CAPABILITIES = {"positionEncoding": "utf-8", "textDocumentSync": 2, "inlineCompletionProvider": {}}
writing = threading.Lock()


def send(message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    with writing:
        sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        sys.stdout.buffer.flush()


def answer_late(msg_id: int, number: int, uri: str) -> None:
    while not GO.exists() or len(GO.read_text().splitlines()) < number:
        time.sleep(0.01)
    if GO.read_text().splitlines()[number - 1] == "nothing":
        send({"id": msg_id, "result": {"items": []}})
        time.sleep(0.2)
        send({"method": "dgLsp/refresh", "params": {"uri": uri, "version": 1}})
        return
    send({"id": msg_id, "result": {"items": [{"insertText": text} for text in TEXTS or [f"late{number}"]]}})


def main() -> None:
    n_asked = 0
    while header := sys.stdin.buffer.readline():
        length = int(header.split(b":")[1])
        while sys.stdin.buffer.readline().strip():
            pass
        message = json.loads(sys.stdin.buffer.read(length))
        method, msg_id = message.get("method", "answer"), message.get("id")
        with RECORD.open("a") as record:
            record.write(f"{method} {msg_id or json.dumps(message.get('params'))}\n")
        if method == "initialize":
            send({"id": msg_id, "result": {"capabilities": CAPABILITIES}})
        elif method == "textDocument/inlineCompletion":
            n_asked += 1
            asked = (msg_id, n_asked, message["params"]["textDocument"]["uri"])
            threading.Thread(target=answer_late, args=asked, daemon=True).start()
        elif method == "dgLsp/status":
            send({"id": msg_id, "result": {"state": "ready", "model": "late", "lastReason": None, "lastMs": 1}})
        elif method == "exit":
            return
        elif msg_id is not None:
            send({"id": msg_id, "result": None})


main()
