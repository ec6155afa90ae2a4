"""`dg-lsp --stdio` whose shared engine answers from a script: `python shared_server.py SCRIPT LINGER_S [EMBEDDED]`.

With the third argument that script answers as the embedded model does where the engine cannot.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from functools import partial
from pathlib import Path

from dg_lsp.app.server import create_server
from dg_lsp.app.transport import serve_stdio
from dg_lsp.backend.backend import Backend
from dg_lsp.backend.fallback import open_with_fallback
from dg_lsp.backend.scheduler import in_process
from dg_lsp.engine.client import EngineClient
from dg_lsp.engine.identity import identity_of
from dg_lsp.settings import EngineChoice
from model.types import OnBytes
from tests.scripted_filler import open_script

ENGINE = Path(__file__).resolve().parents[1] / "dg_lsp" / "engine" / "scripted_engine.py"


async def open_scripted(choice: EngineChoice, on_bytes: OnBytes) -> Backend:
    command = (sys.executable, str(ENGINE), *sys.argv[1:3])
    identity = identity_of(choice.spec)

    async def open_shared() -> Backend:
        return await EngineClient(identity, choice.unload_after_s, command, on_bytes).open()

    if len(sys.argv) == 3:
        return await open_shared()
    return await open_with_fallback(
        open_shared, partial(in_process(open_script), Path(sys.argv[3])), patience_s=60, languages=("python",)
    )


if __name__ == "__main__":
    logging.basicConfig(level="WARNING")
    code = asyncio.run(serve_stdio(create_server(open_scripted)))
    sys.stderr.flush()
    os._exit(code)
