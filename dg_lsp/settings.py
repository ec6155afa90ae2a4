"""Settings from `initializationOptions`: frozen, each with its unit and default; bad ones are named.

Nothing here is fatal: a key that is unknown or has a bad value keeps its default and becomes a
problem line for the user. In a workspace that the user does not trust, whoever wrote it may have written
the settings too: there nothing is taken that names a file, a folder or a command.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

import msgspec

Threads = Annotated[int, msgspec.Meta(ge=1, le=1024)]
Niceness = Annotated[int, msgspec.Meta(ge=0, le=19)]
Milliseconds = Annotated[float, msgspec.Meta(gt=0, le=600_000)]
Minutes = Annotated[float, msgspec.Meta(ge=0, le=10_080)]


class Settings(msgspec.Struct, frozen=True, rename="camel"):
    """What the user can set from the editor."""

    automatic: bool = True  # answer requests that typing caused; False: only on demand
    deadline_ms: Milliseconds = 400  # automatic: later than this, the next key is already down
    debounce_ms: Annotated[float, msgspec.Meta(ge=0, le=10_000)] | None = None  # after a key; None: as you type
    look_ahead: bool = True  # fill what would follow a suggestion while it is looked at; never on battery
    manual_deadline_ms: Milliseconds = 3000  # the user asked and waits
    languages: tuple[str, ...] | None = None  # LSP language ids to serve; None: all
    model: str | None = None  # checkpoint folder; None: the embedded model
    threads: Threads | None = None  # for the model; None: one core is left to everything else
    niceness: Niceness = 0  # of the model's threads; above 0 a busy machine makes ghost text wait
    on_battery: Literal["same", "manual"] = "same"  # manual: no automatic answers while on battery
    shared_engine: bool = True  # one model for all windows of this user; False: one for this window alone
    unload_after_minutes: Minutes = 30  # without a request, of a shared engine; the next one loads again; 0: never
    context: bool = True  # what other files of the workspace say goes with a question
    doubts: bool = False  # pull diagnostics: hints where the model disbelieves what stands there
    stats: bool = True  # count shown and accepted suggestions in the user's state folder, for `dg-lsp stats`
    status_notification: bool = False  # send didChangeStatus: some clients log what they do not know
    trusted: bool = True  # for the editor's plugin to say, never for a file: may settings name files to open


# The settings that can choose what is opened or run.
ONLY_TRUSTED = frozenset({"model"})


def read_settings(options: object) -> tuple[Settings, list[str]]:
    """Return settings from the client's options, and one line for each key that could not be used."""
    if options is None:
        return Settings(), []
    if not isinstance(options, dict):
        return Settings(), ["initializationOptions must be an object"]
    fields = {field.encode_name: field for field in msgspec.structs.fields(Settings)}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in cast("dict[str, object]", options).items():
        if key not in fields:
            problems.append(f"unknown setting {key!r} (known: {', '.join(fields)})")
            continue
        try:
            values[fields[key].name] = msgspec.convert(value, fields[key].type)
        except msgspec.ValidationError as error:
            problems.append(f"setting {key!r}: {error}")
            if key == "trusted":  # something was meant to be said: the careful reading
                values[key] = False
    if values.get("trusted") is False:
        for key, field in fields.items():
            if field.name in ONLY_TRUSTED and values.pop(field.name, None) is not None:
                problems.append(f"setting {key!r} is not taken from a workspace that is not trusted")
    return Settings(**values), problems
