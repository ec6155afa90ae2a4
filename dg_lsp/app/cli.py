"""The `dg-lsp` command: arguments, logging, a transport. Standard output belongs to the protocol."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from dg_lsp import __version__
from model.types import ModelSpec, Quant

if TYPE_CHECKING:
    from dg_lsp.session.session import OpenModel

WORKER_GRACE_S = 0.5  # for a model that is between two steps; one that is loading is not waited for

_EXAMPLES = """\
examples:
  dg-lsp                                  serve an editor over standard input and output
  dg-lsp --model ./checkpoint             with another model than the embedded one
  dg-lsp --engine http --url URL          with a model of an OpenAI-compatible server
  dg-lsp --log-file dg-lsp.log            one line per request, without your text
  dg-lsp explain FILE ...                 whether a file is ignored, and by which rule
  dg-lsp engine status                    list the engine processes, with their windows and memory
  dg-lsp engine stop                      end them; the next request starts a new one
  dg-lsp doctor                           check the set-up, and say what to do about problems
  dg-lsp stats                            what became of suggestions, counted on this machine only
"""


def main(
    arguments: Sequence[str] | None = None, opens: OpenModel | None = None, fetches: Sequence[str] | None = None
) -> NoReturn:
    """Serve one client, then end the process; or explain what is ignored, or see to the engines.

    `opens` takes the place of the model that the arguments and settings name, and the command `fetches` that of the
    one that fetches the default model.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["explain"]:
        from dg_lsp.app.explain import explain

        sys.exit(explain(given[1:]))
    if given[:1] == ["engine"]:
        from dg_lsp.app.engine_cli import engine

        sys.exit(engine(given[1:]))
    if given[:1] == ["doctor"]:
        from dg_lsp.app.doctor import doctor

        sys.exit(doctor(given[1:]))
    if given[:1] == ["stats"]:
        from dg_lsp.app.stats import stats

        sys.exit(stats(given[1:]))
    options = _parser().parse_args(given)
    _log_to(options.log_file, options.log_level)
    _leave(_serve(options, opens, fetches))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dg-lsp",
        description="A language server that fills code at the cursor with a local text-diffusion model.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dg-lsp {__version__}")
    transport = parser.add_mutually_exclusive_group()
    transport.add_argument("--stdio", action="store_true", help="talk over standard input and output (the default)")
    transport.add_argument(
        "--tcp",
        type=int,
        metavar="PORT",
        help="serve one client on 127.0.0.1:PORT; 0 takes a free port and names it on standard error",
    )
    parser.add_argument(
        "--model",
        metavar="PATH|ID",
        help="checkpoint's folder, or hub id of a fetched one (default: the embedded model)",
    )
    parser.add_argument(
        "--quant", choices=get_args(Quant), help="format of the model's weights (default: the most exact that fits)"
    )
    parser.add_argument("--device", metavar="D", help="torch device of the model (default: a GPU if there is one)")
    told = "http: the model runs in an OpenAI-compatible server, and --model is its name there"
    parser.add_argument("--engine", choices=("local", "http"), help=told)
    parser.add_argument("--url", metavar="URL", help="address of that server's API, such as http://127.0.0.1:8000/v1")
    parser.add_argument(
        "--no-shared-engine",
        dest="shared_engine",
        action="store_false",
        help="open the model in this process, not in the engine that all windows share",
    )
    parser.add_argument("--log-file", metavar="FILE", type=Path, help="log there, not to standard error")
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        help="default: info in a log file, warning on standard error; debug may quote your code",
    )
    return parser


def _log_to(path: Path | None, level: str | None) -> None:
    try:
        handler = logging.FileHandler(path, encoding="utf-8") if path else logging.StreamHandler(sys.stderr)
    except OSError as error:
        sys.exit(f"dg-lsp: cannot write the log file {path}: {error.strerror}")
    chosen = (level or ("info" if path else "warning")).upper()
    line = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=chosen, format=line, handlers=[handler])
    logging.getLogger("pygls").setLevel(logging.WARNING)  # it logs whole messages at INFO
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each request


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was given of the model, by a setting's name; it wins over the editor's settings."""
    given = {name: getattr(options, name) for name in ("quant", "device", "engine", "url")}
    given = {name: value for name, value in given.items() if value is not None}
    if options.model:
        given["model"] = options.model
    return given if options.shared_engine else given | {"shared_engine": False}


def _serve(options: argparse.Namespace, opens: OpenModel | None, fetches: Sequence[str] | None) -> int:
    """Return the exit code when the session has ended, and the model's thread too if it listens."""
    given = _given(options)
    if options.shared_engine and opens is None and options.engine != "http":
        from dg_lsp.engine.start import start_early

        start_early(ModelSpec(options.model, options.quant, options.device))  # so that it loads while this process does

    import asyncio

    from dg_lsp.rpc.lean_types import import_types

    import_types()

    from dg_lsp.app.server import create_server
    from dg_lsp.app.transport import serve_stdio, serve_tcp
    from dg_lsp.features.loading import open_model
    from dg_lsp.fetching.default_model import COMMAND
    from dg_lsp.stats.keeping import CountsWriter

    server = create_server(opens or open_model, given, fetches if opens else COMMAND)
    counts_writer = CountsWriter(server.session.usage)
    try:
        code = asyncio.run(serve_stdio(server) if options.tcp is None else serve_tcp(server, options.tcp))
    except (OSError, OverflowError) as error:
        sys.exit(f"dg-lsp: cannot listen on 127.0.0.1:{options.tcp}: {error}")
    counts_writer.close()
    server.session.dispatcher.ended(WORKER_GRACE_S)
    return code


def _leave(code: int) -> NoReturn:
    """End the process at once: the interpreter's tear-down takes a second when torch is loaded."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)
