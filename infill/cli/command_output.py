"""What every command that fills does with the texts it has made: files, a diff, or records for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from infill.cli import console
from infill.cli.command_input import CommonArguments
from infill.files.read import SourceFile
from infill.files.write import write_all


def put_out(texts: Sequence[tuple[SourceFile, str]], records: Iterable[bytes], args: CommonArguments) -> None:
    """Write the files (all or none) and print the records, the text of standard input, or the diffs.

    `texts` has every source once, with its new text.
    """
    if args.write:
        write_all([(source, text) for source, text in texts if source.path and text != source.text])
    if args.json:
        console.write_stdout(b"".join(records))
    elif args.write:
        console.write_stdout(b"".join(source.encode(text) for source, text in texts if not source.path))
    else:
        console.write_stdout(b"".join(source.diff(text) for source, text in texts))
