"""Standard streams and argument types for the commands: bytes out, talk to stderr, colour on terminals."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Callable
from typing import BinaryIO, TextIO

from infill.types import InputError

RED, GREEN, YELLOW = "\x1b[31m", "\x1b[32m", "\x1b[33m"
_RESET = "\x1b[0m"


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Make an argparse type: a whole number from `low` to `high`."""

    def parse(argument: str) -> int:
        digits = argument.isascii() and argument.isdigit() and len(argument) < 20
        if not digits or not low <= int(argument) <= high:
            raise argparse.ArgumentTypeError(f"{argument!r} is not a whole number from {low} to {high}")
        return int(argument)

    return parse


def share(argument: str) -> float:
    """An argparse type: a number from 0 to 1."""
    if not re.fullmatch(r"[0-9]*\.?[0-9]+", argument) or float(argument) > 1:
        raise argparse.ArgumentTypeError(f"{argument!r} is not a number from 0 to 1")
    return float(argument)


def stdin_bytes() -> BinaryIO:
    """Return standard input as bytes: text mode would translate line ends."""
    stream: TextIO | None = sys.stdin  # None: closed by the parent, or a program without a console
    if stream is None:
        raise InputError("standard input is closed")
    return stream.buffer


def write_stdout(data: bytes) -> None:
    """Write bytes as they are, and flush; a BrokenPipeError means that the reader went away."""
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise InputError("standard output is closed")
    try:
        stream.flush()  # text that was written before these bytes
        stream.buffer.write(data)
        stream.buffer.flush()
    except BrokenPipeError:
        discard_stdout()
        raise
    except OSError as error:
        discard_stdout()
        raise InputError(f"standard output cannot be written ({error.strerror or error})") from None


def discard_stdout() -> None:
    """Send what is still buffered nowhere, or the interpreter would complain of it again at exit."""
    with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def say(line: str) -> None:
    """Write one line of talk to stderr; that nobody listens is no reason to stop."""
    with contextlib.suppress(OSError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def has_colour(stream: TextIO) -> bool:
    """Return whether people read `stream` on a terminal, and have not asked for plain text."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str, colour: str, wanted: bool) -> str:
    """Return `text` in `colour` if that is wanted."""
    return f"{colour}{text}{_RESET}" if wanted else text
