"""`python -m dg_lsp.app.settings_table FILE`: writes the table of settings between its markers, from `settings`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import msgspec

from dg_lsp.settings import FIELDS, MEANINGS, NO_VALUE

BEGIN = "<!-- settings, written by `make docs` -->"
END = "<!-- end of settings -->"


def table() -> str:
    """Return the table as Markdown: a row for each setting, in the order of their meanings."""
    rows = [f"| `{key}` | {_default(key)} | {meaning} |" for key, meaning in MEANINGS.items()]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def with_table(document: str) -> str:
    """Return the document with the table as it is now; raises `ValueError` for one without its markers."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> None:
    """Write the table into the named file."""
    parser = argparse.ArgumentParser(prog="python -m dg_lsp.app.settings_table", description=with_table.__doc__)
    parser.add_argument("document", type=Path)
    path: Path = parser.parse_args().document
    try:
        document = path.read_text("utf-8")
        path.write_text(with_table(document), "utf-8")
    except (OSError, ValueError) as error:
        sys.exit(f"{path}: {error}")


def _default(key: str) -> str:
    return NO_VALUE.get(key) or f"`{json.dumps(msgspec.to_builtins(FIELDS[key].default))}`"


if __name__ == "__main__":
    main()
