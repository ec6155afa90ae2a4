"""`dg-lsp` that answers from a script in place of a model: `python -m tests.scripted_server --fill-script FILE ...`.

All other arguments are those of `dg-lsp`. With `--takes-instructions` the script passes for a model that reads
instructions, so that an editor asks for one. With `--fetch-command WORDS` (a list in JSON) that command fetches the
default model, and with `--offer-after S` the user is asked for it after so many seconds in place of a minute.
`tests/scripted_filler.py` says what a script holds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from dg_lsp.app.cli import main
from dg_lsp.backend.scheduler import in_process
from dg_lsp.features import offer_model
from tests.scripted_filler import ScriptedFiller, open_script


def serve(argv: Sequence[str] | None = None) -> NoReturn:
    """Start the real server; without a script (as for `--version`) it is the real one in all."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--fill-script", type=Path)
    parser.add_argument("--takes-instructions", action="store_true")
    parser.add_argument("--fetch-command", type=json.loads)
    parser.add_argument("--offer-after", type=float)
    own, arguments = parser.parse_known_args(argv)
    if own.takes_instructions:
        ScriptedFiller.takes_instructions = property(lambda _: True)  # type: ignore[assignment]
    if own.offer_after is not None:
        offer_model.LOOK_EVERY_S = 0.02
        offer_model.AFTER_S = offer_model.REST_S = own.offer_after
    if own.fill_script is None:
        main(arguments)
    main(arguments, in_process(lambda _choice, _on_bytes: open_script(own.fill_script)), own.fetch_command)


if __name__ == "__main__":
    serve()
