"""`dg-lsp --stdio` with a causal model that reads a token in so many ms: `slow_reader.py MODEL MS own|shared`.

The embedded model stands behind it, as ever. With `engine MS` in front of what a starter adds it is the engine.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
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
from model.causal.network import MEASURED, CausalNetwork
from model.causal.onnx_runtime import OnnxRuntime
from model.config import EMBEDDED_NAME
from model.onnx.runtime import Fail
from model.types import ModelSpec, OnBytes


def read_slowly(ms: float) -> None:
    """Have every token of a long piece take so long, from the first one on; a cancel ends a piece as it does truly."""
    forward, made = OnnxRuntime.forward, CausalNetwork.__init__

    def slow_forward(self: OnnxRuntime, ids: Any, *more: Any) -> Any:
        until = time.monotonic() + (len(ids) * ms / 1000 if len(ids) >= MEASURED else 0)
        while time.monotonic() < until:
            if self._options is not None and self._options.terminate:
                raise Fail("ended")
            time.sleep(0.001)
        return forward(self, ids, *more)

    def slow_init(self: CausalNetwork, *given: Any) -> None:
        made(self, *given)
        self.ms_per_token = ms

    OnnxRuntime.forward, CausalNetwork.__init__ = slow_forward, slow_init


def opener(model: str, ms: str, where: str) -> Callable[..., Awaitable[Backend]]:
    async def open_it(_choice: EngineChoice, on_bytes: OnBytes) -> Backend:
        async def chosen() -> Backend:
            spec = ModelSpec(model, threads=1)
            if where == "own":
                return await in_process(open_filler)(spec, on_bytes=on_bytes)
            command = (sys.executable, __file__, "engine", ms)
            return await EngineClient(identity_of(spec), None, command, on_bytes).open()

        embedded = partial(in_process(open_filler), ModelSpec(EMBEDDED_NAME, threads=1))
        return await open_with_fallback(chosen, embedded, patience_s=60, languages=("python",))

    return open_it


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    if sys.argv[1] == "engine":
        read_slowly(float(sys.argv[2]))
        process.main(sys.argv[3:])
    read_slowly(float(sys.argv[2]))
    code = asyncio.run(serve_stdio(create_server(opener(*sys.argv[1:]))))
    sys.stderr.flush()
    os._exit(code)
