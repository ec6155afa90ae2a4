"""A filler that a test steers, and the values that tests of the server's parts need."""

from __future__ import annotations

import json
import threading
from typing import Any

from dg_lsp.app.server import Server
from infill.types import Completion, Draft, Filled, FillRequest, Hole, NoFill, OnDraft, Request, Span
from model.types import CancelToken

WAIT_S = 10.0


class FakeFiller:
    """Answers with the request's text in capitals; while `release` is clear, only a cancel ends a fill."""

    model_name = "fake"
    show_threshold = 0.0
    takes_instructions = False
    languages = None
    device = "cpu"
    reads_ahead = False

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.threads: set[str] = set()
        self.started = threading.Semaphore(0)  # one release for each fill that began
        self.release = threading.Event()  # set: fills do not hold
        self.release.set()
        self.error: Exception | None = None

    def fill(self, request: Request, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        self.asked.append(request)
        self.threads.add(threading.current_thread().name)
        self.started.release()
        if self.error is not None:
            raise self.error
        while not self.release.wait(0.002):
            if cancel.cancelled:
                return NoFill("cancelled")
        if on_draft is not None:
            on_draft(Draft(request.text, 1, 2))
        at = request.offset if isinstance(request, FillRequest) else 0
        span = Span(at, at)
        hole = Hole(span, "line_end", "", multiline=True)
        return Filled(hole, (completion(span, request.text.upper()),), request.seed)


def completion(span: Span, text: str) -> Completion:
    return Completion(span, text, 0.5, (text,), (0.1,), 3, "converged", "diffusion")


class Wire:
    """The server's output, decoded."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.sent.append(json.loads(data))

    def close(self) -> None:
        pass


def receive(server: Server, method: str, params: Any, **parts: Any) -> None:
    server.rpc.receive(json.dumps({"jsonrpc": "2.0", "method": method, "params": params} | parts).encode())
