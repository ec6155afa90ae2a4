"""A filler that a test steers by the request's text, and an engine around it in this process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable

from dg_lsp.engine.engine_connection import EngineConnection, connect_to
from dg_lsp.engine.host import Host
from dg_lsp.engine.identity import PROTOCOL, Identity
from dg_lsp.engine.messages import Hello
from dg_lsp.engine.runtime_dir import socket_path
from infill.types import Completion, Draft, Filled, FillRequest, Hole, NoFill, OnDraft, Request, Span
from model.types import CancelToken, ModelSpec, OnBytes

WAIT_S = 20.0
IDENTITY = Identity(PROTOCOL, "0", "tests", ModelSpec(), "none")


class FakeFiller:
    """Answers with the text in capitals; one that begins with `hold` ends only by `release` or a cancel."""

    model_name = "fake"
    show_threshold = 0.5
    takes_instructions = True
    languages = ("python", "py")
    device = "cpu"
    reads_ahead = False

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.cancelled: list[str] = []
        self.started = threading.Semaphore(0)
        self.release = threading.Event()

    def fill(self, request: Request, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        self.asked.append(request)
        self.started.release()
        if request.text.startswith("error"):
            raise RuntimeError(request.text)
        if on_draft is not None:
            for step in (1, 2):
                on_draft(Draft(request.text, step, 2))
        if request.text.startswith("hold"):
            changed = threading.Event()
            cancel.on_cancel(changed.set)
            while not self.release.is_set() and not changed.wait(0.002):
                pass
        if cancel.cancelled:
            self.cancelled.append(request.text)
            return NoFill("cancelled")
        return filled(request.text.upper())

    async def begun(self) -> None:
        """Return when one more fill has begun."""
        assert await asyncio.to_thread(self.started.acquire, timeout=WAIT_S)


def filled(text: str) -> Filled:
    span = Span(0, 0)
    completion = Completion(span, text, 0.5, (text,), (0.1,), 3, "converged", "diffusion")
    return Filled(Hole(span, "line_end", "", multiline=True), (completion,), 0)


def request(text: str, deadline_ms: float | None = None, trigger: str = "manual") -> FillRequest:
    return FillRequest(text=text, language="python", offset=0, deadline_ms=deadline_ms, trigger=trigger)  # type: ignore[arg-type]


def said(answer: object) -> str:
    return answer.completions[0].text if isinstance(answer, Filled) else answer.reason  # type: ignore[attr-defined]


class LocalEngine:
    """A host on this event loop, behind a real socket."""

    def __init__(self, open_filler: Callable[[OnBytes], FakeFiller], linger_s: float = 60.0) -> None:
        self.path = socket_path(IDENTITY.digest)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.path))
        listener.listen()
        self.host = Host(IDENTITY, open_filler, linger_s)
        self.served = asyncio.ensure_future(self.host.serve(listener, str(self.path)))

    async def connection(self, identity: Identity = IDENTITY, unload_after_s: float | None = None) -> EngineConnection:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(self.path))
        return await connect_to(connection, Hello(identity, unload_after_s))
