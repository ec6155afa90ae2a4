"""A real HTTP server on this machine that speaks what is used of the OpenAI protocol, and misbehaves on request."""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

LIMIT_S = 30.0  # for what a test waits for; never reached by a test that passes


class Reply(NamedTuple):
    """What is sent for one chat completion."""

    texts: tuple[str, ...] = ()
    log_probs: dict[str, float] | None = None  # of tokens, by their text, in any answer that has them
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""  # of an error, or in place of JSON that does not stream
    whole: bool = False  # as one JSON object, not as a stream
    raw: bytes | None = None  # sent in place of events
    pieces: int = 4  # characters of an event
    held_at: int | None = None  # events that are sent before the server waits for `release`
    dropped_at: int | None = None  # events after which the connection ends
    finish: str = "stop"


Answering = Callable[[dict[str, Any]], Reply]
Route = Callable[[dict[str, Any]], tuple[int, Any]]  # a status, and JSON: of a list each entry is an event of a stream


class OpenAIServer:
    """Answers chat completions with `answer(body)`; keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Answering = lambda _body: Reply(("",))
        self.routes: dict[str, Route] = {}  # other endpoints than the chat, by their paths
        self.asked: list[tuple[str, dict[str, Any]]] = []  # what these were asked
        self.models: list[dict[str, Any]] = [{"id": "served", "object": "model"}]
        self.key: str | None = None
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        self.connections: list[socket.socket] = []
        self.held = threading.Event()  # a reply is being held
        self.release = threading.Event()
        self.closed = threading.Event()  # the client went away while one was
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_of_test": self}))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.port: int = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def prompts(self) -> list[str]:
        """What the user's turn of each chat said."""
        return [asked_of(body) for body in self.bodies]


def asked_of(body: dict[str, Any]) -> str:
    """What the user's turn of a chat says."""
    return next(m["content"] for m in reversed(body["messages"]) if m["role"] == "user")


def filling(*texts: str, **reply: Any) -> Answering:
    """Answers with the marked line written out, the mark replaced by each of the texts."""

    def answer(body: dict[str, Any]) -> Reply:
        prompt = asked_of(body)
        found = re.search(r"(?m)^(.*)<hole1/>(.*)$", prompt)
        assert found is not None, prompt
        lines = (f"{found[1]}{text}{found[2]}" for text in texts)
        if body["messages"][-1]["role"] == "assistant":  # its fence is begun
            return Reply(tuple(f"{line}\n```\n" for line in lines), **reply)
        return Reply(tuple(f"Here it is.\n```python\n{line}\n```\n" for line in lines), **reply)

    return answer


@contextlib.contextmanager
def serving() -> Iterator[OpenAIServer]:
    server = OpenAIServer()
    try:
        yield server
    finally:
        server.close()


class _Handler(BaseHTTPRequestHandler):
    server_of_test: OpenAIServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.server_of_test.connections.append(self.request)
        super().setup()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        test = self.server_of_test
        self._note()
        if not self._may():
            return
        if self.path in test.routes:
            return self._json(*test.routes[self.path]({}))
        if self.path != "/v1/models":
            return self._json(404, {"detail": "Not Found"})
        self._json(200, {"object": "list", "data": test.models})

    def do_POST(self) -> None:
        test = self.server_of_test
        self._note()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._may():
            return
        if self.path in test.routes:
            return self._route(body)
        if self.path != "/v1/chat/completions":
            return self._json(404, {"detail": "Not Found"})
        test.bodies.append(body)
        with contextlib.suppress(OSError):
            self._reply(test.answer(body), body)

    def _route(self, body: dict[str, Any]) -> None:
        self.server_of_test.asked.append((self.path, body))
        status, value = self.server_of_test.routes[self.path](body)
        if not isinstance(value, list):
            return self._json(status, value)
        self._begin_stream()
        with contextlib.suppress(OSError):
            for event in value:
                self._chunk(f"data: {json.dumps(event)}\n\n".encode())
            self.wfile.write(b"0\r\n\r\n")

    def _note(self) -> None:
        self.server_of_test.paths.append(self.path)
        self.server_of_test.keys.append(self.headers.get("Authorization"))

    def _may(self) -> bool:
        key = self.server_of_test.key
        if key is not None and self.headers.get("Authorization") != f"Bearer {key}":
            self._json(401, {"error": {"message": "Unauthorized"}})
            return False
        return True

    def _json(self, status: int, value: Any, headers: tuple[tuple[str, str], ...] = ()) -> None:
        data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for header in headers:
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(data)

    def _reply(self, reply: Reply, body: dict[str, Any]) -> None:
        if reply.status != 200 or (reply.whole and reply.body):
            return self._json(reply.status, reply.body, reply.headers)
        texts = reply.texts[: body.get("n", 1)]
        if reply.whole or not body.get("stream"):
            choices = [
                {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": reply.finish}
                for i, text in enumerate(texts)
            ]
            return self._json(200, {"object": "chat.completion", "choices": choices})
        self._begin_stream()
        if reply.raw is not None:
            self._chunk(reply.raw)
            self.wfile.write(b"0\r\n\r\n")
            return
        for n, event in enumerate(self._events(reply, texts, bool(body.get("logprobs")))):
            if n == reply.held_at and not self._holds():
                return
            if n == reply.dropped_at:
                self.close_connection = True
                return
            self._chunk(f"data: {event}\n\n".encode())
        self.wfile.write(b"0\r\n\r\n")

    def _begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _events(self, reply: Reply, texts: tuple[str, ...], with_log_probs: bool) -> Iterator[str]:
        for index, text in enumerate(texts):
            tokens = [text[i : i + reply.pieces] for i in range(0, len(text), reply.pieces)]
            if reply.log_probs is not None:
                tokens = re.split(f"({'|'.join(map(re.escape, reply.log_probs))})", text)
            for token in filter(None, tokens):
                choice: dict[str, Any] = {"index": index, "delta": {"content": token}, "finish_reason": None}
                if reply.log_probs is not None and with_log_probs:
                    said = {"token": token, "logprob": reply.log_probs.get(token, 0.0), "bytes": list(token.encode())}
                    choice["logprobs"] = {"content": [said]}
                yield json.dumps({"object": "chat.completion.chunk", "choices": [choice]})
            yield json.dumps({"choices": [{"index": index, "delta": {}, "finish_reason": reply.finish}]})
        yield json.dumps({"choices": [], "usage": {"completion_tokens": 1}})
        yield "[DONE]"

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _holds(self) -> bool:
        """Wait for the test, or until the client closes the connection; whether to go on."""
        test = self.server_of_test
        test.held.set()
        while not test.release.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.01)
            with contextlib.suppress(ConnectionResetError):
                if not readable or self.connection.recv(1):
                    continue
            test.closed.set()
            return False
        return True
