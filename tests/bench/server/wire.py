"""A blocking client over a server's pipes: no event loop between the clock and the bytes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.bench.replay.places import Places

ROOT = Path(__file__).resolve().parents[3]
SERVER = (sys.executable, "-m", "dg_lsp", "--stdio")
SCRIPTED = (sys.executable, "-m", "tests.scripted_server", "--stdio", "--fill-script")  # and a script
URI = "file:///demo.py"
INLINE = "textDocument/inlineCompletion"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Wire:
    """A server process; `answers` has all answers by id, each in the order of arrival."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        self.answers: dict[Any, list[dict[str, Any]]] = {}
        self.texts: dict[str, str] = {}
        self.encoding = "utf-16"
        self._versions: dict[str, int] = {}
        self._next_id = 0

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._stdout.close()

    def begin(self, encoding: str = "utf-16", options: dict[str, Any] | None = None) -> None:
        """`initialize`, with these settings, and `initialized`; the encoding must be granted."""
        self.encoding = encoding
        capabilities = {"general": {"positionEncodings": [encoding]}}
        params: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": capabilities}
        params |= {} if options is None else {"initializationOptions": options}
        answer = self.ask("initialize", params)["result"]["capabilities"]
        assert answer.get("positionEncoding", "utf-16") == encoding
        self.notify("initialized", {})

    def wait_ready(self) -> None:
        """Return when the model is ready."""
        while self.ask("dgLsp/status")["result"]["state"] != "ready":
            time.sleep(0.02)

    def send_bytes(self, data: bytes) -> None:
        self._stdin.write(data)
        self._stdin.flush()

    def send_body(self, body: bytes) -> None:
        self.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def send(self, message: dict[str, Any]) -> None:
        self.send_body(json.dumps(message).encode())

    def notify(self, method: str, params: Any) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: Any = None) -> int:
        self._next_id += 1
        self.send({"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params})
        return self._next_id

    def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        return self.answer(self.request(method, params))

    def answer(self, msg_id: Any) -> dict[str, Any]:
        """The first answer to a request, read from the pipe if it has not come yet."""
        while msg_id not in self.answers:
            self.read()
        return self.answers[msg_id][0]

    def read(self) -> None:
        """Take one message; requests of the server are answered with null."""
        length = 0
        while (line := self._stdout.readline()) not in (b"\r\n", b"\n"):
            if not line:
                raise EOFError("the server ended")
            found = _LENGTH.match(line)
            length = int(found[1]) if found else length
        message = json.loads(self._stdout.read(length))
        if "method" not in message:
            self.answers.setdefault(message["id"], []).append(message)
        elif "id" in message:
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": None})

    def open(self, uri: str, text: str, language: str = "python") -> None:
        self.texts[uri], self._versions[uri] = text, 1
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def edit(self, uri: str, start: int, end: int, text: str) -> None:
        """Replace the offsets `start` to `end`, here and on the server."""
        before = self.texts[uri]
        span = self.places(uri).range(start, end)
        self.texts[uri] = before[:start] + text + before[end:]
        self.change(uri, {"range": span, "text": text})

    def change(self, uri: str, change: dict[str, Any]) -> None:
        """Send one change as it is; `texts` is not followed."""
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    def places(self, uri: str) -> Places:
        """Positions in a document as it is now."""
        return Places(self.texts[uri], self.encoding)

    def inline(self, uri: str, position: dict[str, int], manual: bool = True) -> int:
        """Ask for ghost text; the id."""
        context = {"triggerKind": 1 if manual else 2}
        return self.request(INLINE, {"textDocument": {"uri": uri}, "position": position, "context": context})

    def items(self, uri: str) -> list[dict[str, Any]]:
        """Ghost text at the end of a document."""
        return self.answer(self.inline(uri, self.places(uri).position(len(self.texts[uri]))))["result"]["items"]
