"""Ranges as they come in the arguments of commands and go in the data of code actions."""

from __future__ import annotations

from typing import Annotated

import msgspec
from lsprotocol import types

Number = Annotated[int, msgspec.Meta(ge=0)]


class Point(msgspec.Struct, frozen=True):
    """A position in the encoding of the session."""

    line: Number
    character: Number


class Place(msgspec.Struct, frozen=True):
    """A range; empty for a cursor."""

    start: Point
    end: Point

    @classmethod
    def of(cls, found: types.Range) -> Place:
        """Make one of the protocol's."""
        return cls(*(Point(point.line, point.character) for point in (found.start, found.end)))

    def to_range(self) -> types.Range:
        """Return the protocol's."""
        start, end = (types.Position(point.line, point.character) for point in (self.start, self.end))
        return types.Range(start, end)
