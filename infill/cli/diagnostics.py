"""Diagnostics of other programs: JSON lines, SARIF, and what ruff and pyright print as JSON.

Each is read as far as a fix needs it: the file, the place, the message and the code. What is no fault (pyright's
information, a SARIF note) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from infill.files.read import printable
from infill.types import InputError

# What codes say that come without words.
_CODES = {
    "F821": "undefined", "E0602": "undefined", "reportUndefinedVariable": "undefined",
    "no-undef": "undefined", "2304": "cannot find", "TS2304": "cannot find",
    "2552": "cannot find", "TS2552": "cannot find", "E0425": "cannot find",
    "E0433": "failed to resolve",
    "E999": "syntax error", "invalid-syntax": "syntax error", "reportAttributeAccessIssue": "no attribute",
    "TS2339": "property does not exist on type", "2339": "property does not exist on type",
    "TS1005": "missing token", "B018": "useless expression", "reportUnusedExpression": "value is unused",
}  # fmt: skip


class Diagnostic(msgspec.Struct, frozen=True):
    """One diagnostic; line and column count from 1, None for a whole line. `utf16`: columns count UTF-16 units."""

    file: str
    line: int
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    message: str = ""
    code: str | int | None = None
    source: str | None = None
    utf16: bool = False

    @property
    def words(self) -> str:
        """What is wrong, in one line; a known code says it where the message does not, else code and source do."""
        said = " ".join(self.message.split())
        code = "" if self.code is None else str(self.code)
        return said or _CODES.get(code, "") or " ".join(word for word in (self.source or "", code) if word)


def diagnostics_in(raw: bytes, name: str) -> list[Diagnostic]:
    """Return the diagnostics of a text in any of the formats. Raises `InputError` that says what is wrong where."""
    whole: dict[str, Any] | list[Any] = []
    try:
        whole = msgspec.json.decode(raw, type=dict[str, Any] | list[Any]) if raw.strip() else whole
    except msgspec.DecodeError:
        return list(_json_lines(raw, name))
    if isinstance(whole, list):
        return _each(whole, _of_list, name)
    if "generalDiagnostics" in whole:
        return _each(whole["generalDiagnostics"], _of_pyright, f"{name}: generalDiagnostics")
    if "runs" in whole:
        return _of_sarif(whole, name)
    return list(_json_lines(raw, name))


def _json_lines(raw: bytes, name: str) -> Iterator[Diagnostic]:
    for number, line in enumerate(raw.splitlines(), 1):
        if line.strip():
            try:
                yield msgspec.json.decode(line, type=Diagnostic)
            except msgspec.DecodeError as error:
                raise InputError(
                    f"{name}:{number}: is no diagnostic ({printable(str(error))}); a line has file, line and message"
                ) from None


class _Point(msgspec.Struct):
    row: int
    column: int


class _Ruff(msgspec.Struct):
    filename: str
    location: _Point
    message: str
    end_location: _Point | None = None
    code: str | None = None


class _Position(msgspec.Struct):
    line: int
    character: int


class _Range(msgspec.Struct):
    start: _Position
    end: _Position


class _Pyright(msgspec.Struct):
    file: str
    message: str
    range: _Range
    severity: str = "error"
    rule: str | None = None


class _Uri(msgspec.Struct):
    uri: str


class _Region(msgspec.Struct, rename="camel"):
    start_line: int
    start_column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


class _Physical(msgspec.Struct, rename="camel"):
    artifact_location: _Uri
    region: _Region | None = None


class _Location(msgspec.Struct, rename="camel"):
    physical_location: _Physical


class _Message(msgspec.Struct):
    text: str = ""


class _Result(msgspec.Struct, rename="camel"):
    message: _Message
    locations: list[_Location] = []
    rule_id: str | None = None
    level: str = "warning"


class _Run(msgspec.Struct, rename="camel"):
    results: list[Any] | None = None
    column_kind: str = "utf16CodeUnits"


def _of_pyright(given: Any) -> Diagnostic | None:
    one = msgspec.convert(given, _Pyright)
    start, end = one.range.start, one.range.end
    if one.severity not in ("error", "warning"):
        return None
    columns = start.character + 1, end.line + 1, end.character + 1
    return Diagnostic(one.file, start.line + 1, *columns, one.message, one.rule, "pyright", utf16=True)


def _of_list(given: Any) -> Diagnostic | None:
    """Return what an item of a list says: ruff's, or one of our own form."""
    try:
        one = msgspec.convert(given, _Ruff)
    except msgspec.ValidationError:
        return msgspec.convert(given, Diagnostic)
    end = one.end_location or one.location
    return Diagnostic(
        one.filename, one.location.row, one.location.column, end.row, end.column, one.message, one.code, "ruff"
    )


def _of_result(given: Any) -> Diagnostic | None:
    one = msgspec.convert(given, _Result)
    place = one.locations[0].physical_location if one.locations else None
    if one.level in ("note", "none") or place is None or place.region is None:
        return None
    at, uri = place.region, urlsplit(place.artifact_location.uri)
    file = unquote(uri.path if uri.scheme == "file" else place.artifact_location.uri)
    end = at.end_line or at.start_line
    return Diagnostic(file, at.start_line, at.start_column, end, at.end_column, one.message.text, one.rule_id)


def _of_sarif(whole: dict[str, Any], name: str) -> list[Diagnostic]:
    try:
        runs = msgspec.convert(whole["runs"], list[_Run])
    except msgspec.ValidationError as error:
        raise InputError(f"{name}: is no SARIF ({printable(str(error))})") from None
    found: list[Diagnostic] = []
    for i, run in enumerate(runs):
        counts_units = run.column_kind == "utf16CodeUnits"
        own = _each(run.results or [], _of_result, f"{name}: runs[{i}].results")
        found += (msgspec.structs.replace(one, utf16=counts_units) for one in own)
    return found


def _each(given: Any, convert: Callable[[Any], Diagnostic | None], where: str) -> list[Diagnostic]:
    try:
        every = msgspec.convert(given, list[Any])
    except msgspec.ValidationError:
        raise InputError(f"{where}: is not a list") from None
    found: list[Diagnostic] = []
    for i, one in enumerate(every):
        try:
            diagnostic = convert(one)
        except msgspec.ValidationError as error:
            raise InputError(f"{where}[{i}]: is no diagnostic ({printable(str(error))})") from None
        found += [diagnostic] if diagnostic is not None else []
    return found
