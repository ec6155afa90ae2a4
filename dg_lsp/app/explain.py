"""`dg-lsp explain FILE...`: which rule lets a file be read or not, and what else would keep the server silent.

The same rules as in the server, with the current folder as the workspace; an ignored file is not opened.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from infill.files.read import SourceFile, printable
from infill.ignore.rules import IgnoreRules, Verdict
from infill.types import InputError, NoFill


def explain(arguments: Sequence[str]) -> int:
    """Print a line for each file; 0 when all may be read, 1 when one is ignored."""
    parser = argparse.ArgumentParser(
        prog="dg-lsp explain",
        description="Say for each file whether it is ignored, and by which rule of which file and line.",
        epilog="exit codes: 0 all are allowed, 1 at least one is ignored, 2 usage",
    )
    parser.add_argument("files", metavar="FILE", nargs="+")
    files: list[str] = parser.parse_args(arguments).files
    rules = IgnoreRules.here()
    verdicts = [(file, rules.judge(file)) for file in files]
    sys.stdout.write("".join(f"{printable(file)}: {_told(file, verdict)}\n" for file, verdict in verdicts))
    sys.stdout.flush()
    return 0 if all(verdict.allowed for _, verdict in verdicts) else 1


def _told(file: str, verdict: Verdict) -> str:
    told = "allowed" if verdict.allowed else "ignored"
    if verdict.rule:
        told += f": {printable(verdict.rule)} ({printable(verdict.source)})"
    why_silent = _why_silent(file) if verdict.allowed else None
    return f"{told}; but {why_silent}" if why_silent else told


def _why_silent(file: str) -> str | None:
    """Return what would keep the server silent in a file that may be read."""
    from infill.holes.find_hole import find_hole
    from infill.syntax import languages  # loads the grammars' library
    from infill.syntax.tree import parse

    try:
        source = SourceFile.read(file)
    except InputError as error:
        return str(error).removeprefix(f"{printable(file)}: ")
    language = languages.for_path(file, source.text)
    if language is None:
        return "no language is known for this file name"
    found = find_hole(parse(language, source.text), 0, "automatic")
    if isinstance(found, NoFill) and found.reason in ("file_too_large", "generated_file"):
        return f"no suggestion while you type: {found.reason}, {found.detail}"
    return None
