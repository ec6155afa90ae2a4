"""The engine process from its arguments to its end. It prints nothing; its log has no text of the user's."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

import msgspec

from dg_lsp.engine.host import Host
from dg_lsp.engine.identity import Identity, identity_of
from dg_lsp.engine.idle_timer import LINGER_S
from dg_lsp.engine.runtime_dir import log_path
from infill.types import Filler
from model.types import CheckpointError, OnBytes

log = logging.getLogger(__name__)

_MAX_LOG_BYTES = 1 << 20

OpenFiller = Callable[[Identity, OnBytes], Filler]


def main(arguments: Sequence[str] | None = None, open_filler: OpenFiller | None = None) -> NoReturn:
    """Serve the socket that the starter opened, until there is a reason to end; then leave at once."""
    options = _parser().parse_args(arguments)
    os.umask(0o077)
    os.set_inheritable(options.lock, False)  # our children must not keep the lock
    _log_to_file()
    identity = msgspec.json.decode(options.identity, type=Identity)
    log.info("starting version=%s model=%s", identity.version, identity.spec.model or "embedded")
    _serve(options, identity, open_filler or open_model)
    logging.shutdown()
    os._exit(0)  # the interpreter's tear-down takes a second when torch is loaded


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dg_lsp.engine", description="The engine that dg-lsp starts.")
    parser.add_argument("--socket", required=True, metavar="PATH")
    parser.add_argument("--listener", required=True, type=int, metavar="FD", help="bound to the path, and listening")
    parser.add_argument("--lock", required=True, type=int, metavar="FD", help="held for as long as the process lives")
    parser.add_argument("--identity", required=True, metavar="JSON")
    parser.add_argument("--linger", type=float, default=LINGER_S, metavar="S", help="life without a client")
    return parser


def _log_to_file() -> None:
    handler: logging.Handler = logging.NullHandler()
    with contextlib.suppress(OSError):  # then nowhere
        path = log_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        full = path.exists() and path.stat().st_size > _MAX_LOG_BYTES
        handler = logging.FileHandler(path, mode="w" if full else "a", encoding="utf-8")
    line = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level="INFO", format=line, handlers=[handler])
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # its errors quote what was worked on


def open_model(identity: Identity, on_bytes: OnBytes) -> Filler:
    """Open the model that the identity names, unless it is another by now."""
    from infill.pipeline.filler import open_filler

    if identity_of(identity.spec) != identity:
        raise CheckpointError("the checkpoint changed while the engine started; restart the server")
    return open_filler(identity.spec, on_bytes)


def _serve(options: argparse.Namespace, identity: Identity, open_filler: OpenFiller) -> None:
    import asyncio

    async def serve() -> None:
        host = Host(identity, partial(open_filler, identity), options.linger)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, host.end, "stopped")
        with socket.socket(fileno=options.listener) as listener:
            await host.serve(listener, options.socket)

    asyncio.run(serve())
