"""`dg-lsp --stdio` with two scripts for models: `python stand_in_server.py CHOSEN EMBEDDED`."""

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
from tests.scripted_filler import open_script

if __name__ == "__main__":
    logging.basicConfig(level="WARNING")
    chosen, embedded = (partial(in_process(open_script), Path(path)) for path in sys.argv[1:])

    async def open_both(*_: object) -> Backend:
        return await open_with_fallback(chosen, embedded, patience_s=0, languages=("python",))

    code = asyncio.run(serve_stdio(create_server(open_both)))
    sys.stderr.flush()
    os._exit(code)
