"""A raw language client for tests: frames over a pipe or a socket, and its own copy of each document."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.forked import CAN_FORK, ForkedProcess, fork

ROOT = Path(__file__).resolve().parents[2]
ANSWER_S = 20.0  # generous: a shared machine; an answer that never comes still fails the test
URI = "file:///demo.py"
SCRIPTED = ("-m", "tests.scripted_server")
LINE_END = re.compile(r"\r\n|\n|\r")


def write_script(folder: Path, rules: list[dict[str, Any]]) -> Path:
    path = folder / "script.jsonl"
    path.write_text("".join(json.dumps(rule) + "\n" for rule in rules), "utf-8")
    return path


class Client:
    """Sends what it is told and keeps all that comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: Any) -> None:
        self.answers: dict[Any, dict[str, Any]] = {}
        self.received: list[dict[str, Any]] = []
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.refuses: set[str] = set()  # methods of the server's requests that are answered with an error
        self.replies: dict[str, Any] = {}  # results of the server's requests, by method; None for others
        self.encoding = "utf-16"
        self.limit_s = ANSWER_S
        self.process: Process | ForkedProcess | None = None
        self.started = time.perf_counter()
        self._reader, self._writer = reader, writer
        self._news = asyncio.Condition()
        self._ended = False
        self._next_id = 0
        self._held: bytearray | None = None
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, *arguments: str, wrapper: tuple[str, ...] = (), program: tuple[str, ...] = ("-m", "dg_lsp")
    ) -> Client:
        """A client of a new server process, which another command may start, or that another program is."""
        command = (*wrapper, sys.executable, *program, *arguments)
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=2**26
        )
        assert process.stdout is not None
        client = cls(process.stdout, process.stdin)
        client.process, client.started = process, started
        return client

    @classmethod
    async def scripted(cls, *arguments: str) -> Client:
        """A client of a new scripted server, which most tests need: forked, where that can be."""
        if not CAN_FORK:
            return await cls.start(*arguments, program=SCRIPTED)
        started = time.perf_counter()
        process = await fork(arguments)
        client = cls(process.stdout, process.stdin)
        client.process, client.started = process, started
        return client

    async def initialize(self, options: Any = None, roots: Any = None, **capabilities: Any) -> dict[str, Any]:
        """Begin the session; `roots` holds the parameters that name the workspace."""
        params = {"processId": None, "rootUri": None, "capabilities": capabilities, "initializationOptions": options}
        answer = await self.ask("initialize", params | (roots or {}))
        self.encoding = answer["result"]["capabilities"]["positionEncoding"]
        self.notify("initialized", {})
        return answer["result"]

    async def ready(self) -> None:
        """Return when the model is ready."""
        while (await self.ask("dgLsp/status"))["result"]["state"] != "ready":
            await asyncio.sleep(0.02)

    def send_bytes(self, data: bytes) -> None:
        if self._held is None:
            self._writer.write(data)
        else:
            self._held += data

    @contextmanager
    def one_write(self) -> Iterator[None]:
        """Send what the block sends in a single write."""
        self._held = bytearray()
        yield
        held, self._held = self._held, None
        self.send_bytes(bytes(held))

    def send_body(self, body: bytes) -> None:
        self.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def send(self, message: Any) -> None:
        self.send_body(json.dumps(message).encode())

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: Any = None) -> int:
        """Send a request without waiting; its id."""
        self._next_id += 1
        self.send({"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params})
        return self._next_id

    async def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        return await self.answer(self.request(method, params))

    async def answer(self, msg_id: Any) -> dict[str, Any]:
        await self.until(lambda: msg_id in self.answers, f"answer to request {msg_id}")
        return self.answers[msg_id]

    async def until(self, true: Any, what: str) -> None:
        """Wait for messages until `true()` holds."""
        async with self._news:
            waiting = self._news.wait_for(lambda: true() or self._ended)
            await asyncio.wait_for(waiting, self.limit_s)
        assert true(), f"the connection ended without {what}"

    def notifications(self, method: str) -> list[Any]:
        return [m["params"] for m in self.received if m.get("method") == method]

    def open(self, uri: str, text: str, language: str = "python", version: int = 1) -> None:
        self.texts[uri], self.versions[uri] = text, version
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def edit(self, uri: str, start: int, end: int, text: str) -> None:
        """Replace the offsets `start` to `end`, here and on the server."""
        change = {"range": self.range(uri, start, end), "text": text}
        self.texts[uri] = self.texts[uri][:start] + text + self.texts[uri][end:]
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    def inline(self, uri: str, offset: int, manual: bool = True) -> int:
        """Ask for ghost text without waiting; the request's id."""
        params = {"textDocument": {"uri": uri}, "position": self.position(uri, offset)}
        return self.request("textDocument/inlineCompletion", params | {"context": {"triggerKind": 1 if manual else 2}})

    async def items(self, uri: str, offset: int | None = None, manual: bool = True) -> list[Any]:
        """Ghost text at an offset (default: the document's end)."""
        offset = len(self.texts[uri]) if offset is None else offset
        return (await self.answer(self.inline(uri, offset, manual)))["result"]["items"]

    def position(self, uri: str, offset: int) -> dict[str, int]:
        before = self.texts[uri][:offset]
        ends = list(LINE_END.finditer(before))
        line = before[ends[-1].end() if ends else 0 :]
        units = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
        codec, width = units[self.encoding]
        return {"line": len(ends), "character": len(line.encode(codec)) // width}

    def range(self, uri: str, start: int, end: int) -> dict[str, Any]:
        return {"start": self.position(uri, start), "end": self.position(uri, end)}

    async def exit_code(self, limit_s: float = 10.0) -> int:
        """The server's exit code once it has ended by itself."""
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), limit_s)

    async def close(self) -> str:
        """End the server for sure; what it wrote to standard error."""
        self._writer.close()
        self._task.cancel()
        if self.process is None:
            return ""
        try:
            await asyncio.wait_for(self.process.wait(), 10.0)
        except TimeoutError:
            self.process.kill()
            raise
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    async def _read(self) -> None:
        try:
            while True:
                header = await self._reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"Content-Length: (\d+)", header)
                assert length is not None
                await self._take(json.loads(await self._reader.readexactly(int(length[1]))))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._ended = True
            async with self._news:
                self._news.notify_all()

    async def _take(self, message: dict[str, Any]) -> None:
        self.received.append(message)
        if "method" not in message:
            assert message["id"] is None or message["id"] not in self.answers, "answered twice"
            self.answers[message["id"]] = message
        elif "id" in message:
            reply = {"jsonrpc": "2.0", "id": message["id"], "result": self.replies.get(message["method"])}
            if message["method"] in self.refuses:
                reply = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}}
            self.send(reply)
        async with self._news:
            self._news.notify_all()
