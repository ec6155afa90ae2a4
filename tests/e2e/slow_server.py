"""`dg-lsp --stdio` whose model loads half, then waits for a file: `python slow_server.py MODEL FILE SCRIPT shared|own`.

The script answers as the embedded model does. With `engine FILE` in front of what a starter adds it is the engine.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dg_lsp.app.server import create_server
from dg_lsp.app.transport import serve_stdio
from dg_lsp.backend.backend import Backend
from dg_lsp.backend.fallback import open_with_fallback
from dg_lsp.backend.scheduler import in_process
from dg_lsp.engine import process
from dg_lsp.engine.client import EngineClient
from dg_lsp.engine.identity import identity_of
from dg_lsp.settings import EngineChoice
from infill.pipeline.filler import open_filler
from model.types import ModelSpec, OnBytes
from model.weights.shards import Shards
from tests.scripted_filler import open_script


def load_half(until: Path) -> None:
    """Have every load in this process wait half way."""
    read = Shards.read

    def read_half(self: Shards, names: Mapping[str, Any], device: str) -> Iterator[tuple[str, Any]]:
        for i, tensor in enumerate(read(self, names, device)):
            while i == len(names) // 2 and not until.exists():
                time.sleep(0.01)
            yield tensor

    Shards.read = read_half


def opener(model: str, until: str, script: str, where: str) -> Callable[..., Awaitable[Backend]]:
    async def open_it(_choice: EngineChoice, on_bytes: OnBytes) -> Backend:
        async def chosen() -> Backend:
            if where == "own":
                return await in_process(open_filler)(ModelSpec(model, quant="int8", device="cpu"), on_bytes=on_bytes)
            command = (sys.executable, __file__, "engine", until)
            identity = identity_of(ModelSpec(model, quant="int8", device="cpu"))
            return await EngineClient(identity, None, command, on_bytes).open()

        return await open_with_fallback(
            chosen, partial(in_process(open_script), Path(script)), patience_s=0, languages=("python",)
        )

    return open_it


if __name__ == "__main__":
    if sys.argv[1] == "engine":
        load_half(Path(sys.argv[2]))
        process.main(sys.argv[3:])
    logging.basicConfig(level="WARNING")
    load_half(Path(sys.argv[2]))
    code = asyncio.run(serve_stdio(create_server(opener(*sys.argv[1:]), {"model": sys.argv[1]})))
    sys.stderr.flush()
    os._exit(code)
