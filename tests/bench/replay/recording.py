r"""Recordings of typing: JSON lines, so that those of others can be written by any tool and replayed here.

The first line is the header, each further line one event, in the order of time:

    {"format": "typing/1", "language": "python", "encoding": "utf-16", "text": "def f(x):\n"}
    {"at_ms": 0, "cursor": 9}
    {"at_ms": 130.5, "edit": {"start": 9, "end": 9, "text": "\n    "}}
    {"at_ms": 402.0, "edit": {"start": 14, "end": 14, "text": "()"}, "cursor": 15}
    {"at_ms": 950.0, "edit": {"start": 14, "end": 16, "text": ""}, "cause": "undo"}
    {"at_ms": 1800.0, "accept": "word"}

Offsets count code points of the text as the events before have left it, as if no suggestion was ever taken;
`encoding` is the one that the editor negotiates. After an edit the cursor is behind its text unless `cursor` says
otherwise. `accept` takes the suggestion on show, whole or one word of it, and nothing when none is shown or, without
`"blind": true`, when it is not what the recording goes on to type.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

Offset = Annotated[int, msgspec.Meta(ge=0)]
Cause = Literal["key", "undo", "paste"]
Accept = Literal["whole", "word"]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document before the first event."""

    text: str
    language: str = "python"
    encoding: Literal["utf-8", "utf-16", "utf-32"] = "utf-16"
    format: Literal["typing/1"] = "typing/1"
    name: str = ""  # for people: where it comes from


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Replace `text[start:end]`."""

    start: Offset
    end: Offset
    text: str

    def applied(self, text: str) -> str:
        return text[: self.start] + self.text + text[self.end :]


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something the user did."""

    at_ms: Annotated[float, msgspec.Meta(ge=0)]
    edit: Edit | None = None
    cursor: Offset | None = None
    accept: Accept | None = None
    cause: Cause = "key"
    blind: bool = False


class Recording(msgspec.Struct, frozen=True):
    """A document and what was done to it."""

    header: Header
    events: tuple[Event, ...]

    @property
    def n_keys(self) -> int:
        """Edits that one key made."""
        return sum(event.edit is not None and event.cause == "key" for event in self.events)

    @property
    def final_text(self) -> str:
        """The document after the last event, when no suggestion is taken."""
        text = self.header.text
        for event in self.events:
            text = event.edit.applied(text) if event.edit else text
        return text


class RecordingError(Exception):
    """The file is no recording; the message names the line and what is wrong with it."""


def read_recording(path: Path) -> Recording:
    """Read a file; raises `RecordingError`."""
    try:
        first, *rest = path.read_text("utf-8").removesuffix("\n").split("\n")  # a text may hold other line ends
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: {error}") from error
    events: list[Event] = []
    n_read = 0
    try:
        header = msgspec.json.decode(first, type=Header)
        text = header.text
        for line in rest:
            n_read += 1
            event = msgspec.json.decode(line, type=Event)
            text = _checked(event, text, events[-1].at_ms if events else 0.0)
            events.append(event)
    except (msgspec.DecodeError, ValueError) as error:
        raise RecordingError(f"{path}, line {n_read + 1}: {error}") from error
    return Recording(header, tuple(events))


def write_recording(recording: Recording, path: Path) -> None:
    lines: Iterable[Header | Event] = (recording.header, *recording.events)
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def _checked(event: Event, text: str, after_ms: float) -> str:
    """The text after an event that can happen to it now."""
    if event.at_ms < after_ms:
        raise ValueError("events must be in the order of time")
    if event.edit is not None:
        if not event.edit.start <= event.edit.end <= len(text):
            raise ValueError(f"the edit is outside the text of {len(text)} characters")
        text = event.edit.applied(text)
    if event.cursor is not None and event.cursor > len(text):
        raise ValueError(f"the cursor is outside the text of {len(text)} characters")
    return text
