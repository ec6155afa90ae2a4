"""`python -m tests.bench.bench_walk [--shared]`: the walk of one inline completion, to the canvas and back.

Prints each project function on the way once, as file:function, then two counts: those hops, and all calls of project
functions meanwhile. The way there is the stack at each hand-over: to the task of the question, to the queue, to the
socket, and last to the canvas; its order is that of the calls. The way back begins when the canvas is built. It is
what returns of the way there, and the stack at each hand-over of the answer; its order is that of the returns. With
`--shared` the model is behind a real socket, in an engine that runs on the same event loop, so that both sides are
seen.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from dg_lsp.app.server import create_server
from dg_lsp.backend.backend import Backend
from dg_lsp.backend.scheduler import in_process
from dg_lsp.engine.client import EngineClient
from dg_lsp.engine.host import Host
from dg_lsp.engine.identity import Identity, identity_of
from dg_lsp.engine.runtime_dir import socket_path
from dg_lsp.user_folders import VARIABLE
from infill.pipeline.filler import open_filler
from infill.types import Filler
from model.types import ModelSpec
from tests.dg_lsp.server_fakes import Wire, receive

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = tuple(f"{ROOT / name}/" for name in ("dg_lsp", "infill", "model"))
HANDLER, CANVAS = "dg_lsp/features/inline_completion.py:inline_completion", "infill/prompt/canvas.py:"
# Functions that hand the question on to another task, thread or process: the stack above them is part of the way.
HAND_OVERS = (
    "dg_lsp/features/common/suggesting.py:_begin",
    "dg_lsp/engine/client.py:_hold",
    "dg_lsp/engine/messages.py:pack",
    "dg_lsp/backend/fair_queue.py:put",
    CANVAS,
)
# Functions that hand the answer on.
HANDS_BACK = (
    "dg_lsp/backend/scheduler.py:_post",
    "dg_lsp/backend/question.py:resolve",
    "dg_lsp/engine/messages.py:pack",
    "dg_lsp/engine/engine_connection.py:_take",
    "dg_lsp/features/common/lsp_values.py:inline_item",
)
NEWS = "dg_lsp/engine/host.py:_tell"  # sends other things the same way
TEXT = "def area(width, height):\n    return width * "


_SERVING: list[asyncio.Future[None]] = []  # the loop itself holds tasks only weakly


class Walk:
    """Hears of every call from the handler's on, in all threads, until the answer is sent."""

    def __init__(self) -> None:
        self.there: list[str] = []
        self.back: dict[str, None] = {}  # in the order of what came last, because a coroutine also ends to wait
        self.n_calls = {"there": 0, "back": 0}
        self.ended = False
        self._begun = self._built = False

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if self.ended or event not in ("call", "return") or (name := name_of(frame)) is None:
            return
        self._begun = self._begun or name == HANDLER
        if not self._begun:
            return
        if event == "call":
            self.n_calls["back" if self._built else "there"] += 1
        if self._built:
            self._way_back(frame, event, name)
        elif event == "call" and name.startswith(HAND_OVERS):
            self.there += [each for each in stack_of(frame) if each not in self.there]
            self._built = name.startswith(CANVAS)

    def _way_back(self, frame: FrameType, event: str, name: str) -> None:
        stack = stack_of(frame)
        if NEWS in stack:
            return
        if event == "call" and name in HANDS_BACK:
            moved = stack
        elif event == "return" and not name.startswith((CANVAS, *HANDS_BACK)) and name in (*self.there, *self.back):
            moved = [name]
        else:
            return
        for each in moved:
            self.back.pop(each, None)
            self.back[each] = None


def stack_of(frame: FrameType | None) -> list[str]:
    """Return the project's functions on a frame's stack, outermost first."""
    stack: list[str] = []
    while frame is not None:
        if (name := name_of(frame)) is not None:
            stack.append(name)
        frame = frame.f_back
    return stack[::-1]


def name_of(frame: FrameType) -> str | None:
    """Return file:function of a project's frame; None for others and for what is no function."""
    path = frame.f_code.co_filename
    if not path.startswith(PACKAGES) or frame.f_code.co_name.startswith("<"):
        return None
    return f"{Path(path).relative_to(ROOT).as_posix()}:{frame.f_code.co_name}"


async def open_engine(identity: Identity) -> Backend:
    """Serve the embedded model from this process, behind a socket; the client of it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path = str(socket_path(identity.digest))
    listener.bind(path)
    listener.listen()
    host = Host(identity, partial(opened, identity.spec))
    serving = asyncio.ensure_future(host.serve(listener, path))
    client = await EngineClient(identity, None).open()
    _SERVING.append(serving)
    return client


def opened(spec: ModelSpec, _on_bytes: object) -> Filler:
    return open_filler(spec)


async def walk(seen: Walk, shared: bool) -> None:
    """Serve one client, and ask for one completion by hand."""
    spec = ModelSpec()
    own = in_process(opened)

    async def open_model(_choice: object, _on_bytes: object) -> Backend:
        return await (open_engine(identity_of(spec)) if shared else own(spec, None))

    server, wire = create_server(open_model), Wire()
    server.rpc.set_writer(wire, include_headers=False)
    receive(server, "initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=1)
    receive(server, "initialized", {})
    assert server.session.loading is not None
    await server.session.loading
    document: dict[str, Any] = {"uri": "untitled:a.py", "languageId": "python", "version": 1, "text": TEXT}
    receive(server, "textDocument/didOpen", {"textDocument": document})
    place = {"textDocument": {"uri": "untitled:a.py"}, "position": {"line": 1, "character": 19}}
    sys.setprofile(seen)
    receive(server, "textDocument/inlineCompletion", place | {"context": {"triggerKind": 2}}, id=2)
    while not any(message.get("id") == 2 for message in wire.sent):
        await asyncio.sleep(0.001)
    seen.ended = True
    sys.setprofile(None)
    server.session.dispatcher.close()


def main() -> None:
    """Print the walk."""
    shared = "--shared" in sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="dg-walk-") as folder:
        os.environ[VARIABLE] = folder
        seen = Walk()
        threading.setprofile(seen)  # for the model's thread, which is yet to start
        asyncio.run(walk(seen, shared))
    for way, hops in (("there", seen.there), ("back", list(seen.back))):
        print("\n".join(hops))
        print(f"{way}: {len(hops)} hops, {seen.n_calls[way]} calls of project functions")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
