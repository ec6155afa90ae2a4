"""Reads `JOB.toml`; what is wrong with it is one line that names the key and the remedy."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from infill.files.decode import printable
from infill.files.read import cause
from infill.jobs.job import JobSpec
from infill.jobs.selector import check_spec
from infill.types import InputError

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`", re.DOTALL)


def read_job(path: str) -> JobSpec:
    """Return the job of a file; raises `InputError` where it cannot be read, is no TOML, or says what nothing means."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{printable(path)}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(path)}: cannot be read ({cause(error)})") from None
    try:
        return parse_job(data)
    except InputError as error:
        raise InputError(f"{printable(path)}: {error}") from None


def parse_job(data: bytes) -> JobSpec:
    """Return the job that a TOML text says; raises `InputError`."""
    try:
        spec = msgspec.toml.decode(data, type=JobSpec)
    except msgspec.ValidationError as error:
        raise InputError(_explained(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"is not TOML ({error})") from None
    check_spec(spec)
    return spec


def _explained(message: str) -> str:
    """Return a message of msgspec with the key as the user wrote it, and the keys that there are for a wrong one."""
    found = _AT.match(message)
    what, path = (message, "") if found is None else (found["what"], found["path"] or "")
    path = path.removeprefix("$").removeprefix(".")
    unknown = _UNKNOWN.fullmatch(what)
    if unknown is not None:
        key = ".".join(filter(None, (path, unknown["key"])))
        return f"{printable(key)}: is no key; there are {', '.join(_keys_at(path))}"
    said = what[:1].lower() + what[1:].replace("`object`", "a table")
    return f"{printable(path) or 'the file'}: {said}"


def _keys_at(path: str) -> tuple[str, ...]:
    kind: type[msgspec.Struct] = JobSpec
    for name in filter(None, path.split(".")):
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        inner = fields.get(name)
        if not (isinstance(inner, type) and issubclass(inner, msgspec.Struct)):
            break
        kind = inner
    return kind.__struct_fields__
