"""Settings from `initializationOptions` and the client's configuration: frozen; bad ones are named.

Nothing here is fatal: a key that is unknown or has a bad value counts as not said and becomes a
problem line for the user. In a workspace that the user does not trust, whoever wrote it may have written
the settings too: there nothing is taken that names a file, a folder or a command. Whether it is trusted is
for the editor's plugin to say in `initializationOptions`: the configuration may be the workspace's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import msgspec

from model.types import ModelSpec, Quant

Threads = Annotated[int, msgspec.Meta(ge=1, le=1024)]
Niceness = Annotated[int, msgspec.Meta(ge=0, le=19)]
Milliseconds = Annotated[float, msgspec.Meta(gt=0, le=600_000)]
Minutes = Annotated[float, msgspec.Meta(ge=0, le=10_080)]


class Settings(msgspec.Struct, frozen=True, rename="camel"):
    """What the user can set from the editor."""

    automatic: bool = True  # answer requests that typing caused; False: only on demand
    deadline_ms: Milliseconds = 800  # automatic: a line takes the default model as long on two slow cores
    debounce_ms: Annotated[float, msgspec.Meta(ge=0, le=10_000)] | None = None  # after a key; None: as you type
    look_ahead: bool = True  # read, and fill what would follow a suggestion, before it is asked; never on battery
    manual_deadline_ms: Milliseconds = 3000  # the user asked and waits
    languages: tuple[str, ...] | None = None  # LSP language ids to serve; None: all
    model: str | None = None  # name of a fetched model, folder, or hub id of a fetched one; None: the default
    quant: Quant | None = None  # format of its weights in torch; None: the least lossy that fits
    device: str | None = None  # torch device; None: a GPU where there is one
    engine: Literal["local", "http"] = "local"  # http: the model runs in the server at `url`, under the name `model`
    url: str | None = None  # of an OpenAI-compatible API, for `engine` http
    threads: Threads | None = None  # for the model; None: one core is left to everything else
    niceness: Niceness = 0  # of the model's threads; above 0 a busy machine makes ghost text wait
    on_battery: Literal["same", "manual"] = "same"  # manual: no automatic answers while on battery
    shared_engine: bool = True  # one model for all windows of this user; False: one for this window alone
    unload_after_minutes: Minutes = 30  # without a request, of a shared engine; the next one loads again; 0: never
    context: bool = True  # what other files of the workspace say goes with a question
    offer_model: bool = True  # ask the user, once, whether to fetch the default model where it is missing
    stats: bool = True  # count shown and accepted suggestions in the user's state folder, for `dg-lsp stats`
    status_notification: bool = False  # send didChangeStatus: some clients log what they do not know
    trusted: bool = True  # for the editor's plugin to say, never for a file: may settings name files to open


class EngineChoice(msgspec.Struct, frozen=True):
    """The model that the settings ask for, and which process holds it."""

    spec: ModelSpec = ModelSpec()
    shared: bool = True  # in a process of its own, for all windows; False: in this process
    unload_after_s: float | None = 1800  # without a request, of a shared one; None: never
    fetched: bool = False  # no model is named, and the default one is here


def engine_choice(settings: Settings, given: Mapping[str, object] | None = None) -> EngineChoice:
    """Return what these settings ask for; what was `given` on the command line, by a setting's name, wins."""
    wanted = msgspec.structs.replace(settings, **(given or {}))
    names = ModelSpec.__struct_fields__
    spec = ModelSpec(**{name: getattr(wanted, name) for name in names})
    return EngineChoice(spec, wanted.shared_engine, wanted.unload_after_minutes * 60 or None)


# What each setting means, for people; the settings' table in the docs is made of it.
MEANINGS = {
    "automatic": "suggest while you type; `false`: only when you ask",
    "deadlineMs": "milliseconds for a suggestion while you type; the best draft so far is shown then",
    "debounceMs": "milliseconds without a key before the model is asked; the default is at most 150",
    "lookAhead": (
        "while the cursor rests, let a slow model read the code around it; while you look at a suggestion, compute "
        "what would follow it; never on battery"
    ),
    "manualDeadlineMs": (
        "milliseconds for a suggestion or an edit that you asked for; a model that is still loading is waited for as "
        "long again, before that"
    ),
    "languages": "LSP language ids that get ghost text",
    "model": "a checkpoint's folder, or the hub id of a fetched one; `--model` on the command line wins",
    "quant": "format of the model's weights: `int4`, `fp8`, `int8` or `bf16`; `--quant` wins",
    "device": "where torch runs the model: `cpu`, `cuda`, `cuda:1` or `mps`; `--device` wins",
    "engine": (
        '`"http"`: the model runs in an OpenAI-compatible server, and your code is sent there; `model` is then its '
        "name on that server (default: the first one)"
    ),
    "url": "address of that server, such as `http://127.0.0.1:8000/v1`; the key is read from `DG_LSP_API_KEY` only",
    "threads": "processor threads of the model",
    "niceness": "how far the model's threads give way, 0 to 19; above 0 suggestions come late on a busy machine",
    "sharedEngine": "one model for all windows of this user; `false`: the model runs inside this server",
    "unloadAfterMinutes": "minutes without a request until the shared model is unloaded; `0`: never",
    "context": "also read other files of the workspace: those that a file imports, and where you were lately",
    "offerModel": "ask once whether to fetch the default model, where it is missing; nothing is fetched without a yes",
    "stats": "count what becomes of suggestions, for `dg-lsp stats`",
    "statusNotification": "send the notification `didChangeStatus`; some clients log notifications they do not know",
    "trusted": (
        "set by the editor's plugin, in `initializationOptions` only; `false`: `model`, `engine` and `url` are "
        "ignored, and `.dgignore` can only exclude more files"
    ),
    "onBattery": '`"manual"`: on battery, suggest only when you ask',
}
# Shown in place of a default that is no value.
NO_VALUE = {
    "debounceMs": "adapts to your typing",
    "languages": "all",
    "model": "`qwen-0.5b` if it was fetched, else `embedded`",
    "url": "none",
    "quant": "the most exact that fits",
    "device": "a GPU if there is one",
    "threads": "physical cores less one",
}

FIELDS = {field.encode_name: field for field in msgspec.structs.fields(Settings)}
ONLY_TRUSTED = frozenset({"model", "engine", "url"})  # can choose what is opened or run, and where code is sent
REMOVED = frozenset({"doubts"})  # still known by name, so that an old configuration is no mistake
ONLY_OPTIONS = frozenset({"trusted"})  # not for a settings file to say


def read_settings(options: object, configured: object = None) -> tuple[Settings, list[str]]:
    """Return the settings, and one line for each key that could not be used.

    `options` are the client's initializationOptions; `configured` is its configuration and wins, key by key.
    Null is a setting's default.
    """
    values: dict[str, Any] = {}
    problems = _take(options, frozenset(), "initializationOptions", values)
    problems += _take(configured, ONLY_OPTIONS, "the configuration", values)
    if values.get("trusted") is False:
        for key in ONLY_TRUSTED:
            if values.pop(FIELDS[key].name, None) is not None:
                problems.append(f"setting {key!r} is not taken from a workspace that is not trusted")
    return Settings(**values), problems


_KINDS = {
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_EXPECTED = re.compile(
    r"Expected `([^`]+)`(?P<bound> [<>]=? [\d.]+)?(?:, got `(?P<got>[^`]+)`)?(?: - at `\$(?P<at>.*)`)?"
)
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}


def in_words(error: msgspec.ValidationError) -> str:
    """Return in plain words what is wrong with a value that came from a client."""
    found = _EXPECTED.fullmatch(str(error))
    if found is None:
        return str(error).replace("Invalid enum value", "there is no such choice:")
    wanted = " or ".join(_KINDS.get(kind, kind) for kind in found[1].split(" | "))
    sign, _, bound = (found["bound"] or "").strip().partition(" ")
    bounds = f", {_BOUNDS[sign]} {bound.removesuffix('.0')}" if sign else ""
    got = f", not {_KINDS.get(found['got'], found['got'])}" if found["got"] else ""
    return f"{found['at'] or 'it'} must be {wanted}{bounds}{got}".removeprefix(".")


def _take(source: object, refused: frozenset[str], name: str, values: dict[str, Any]) -> list[str]:
    """Put what can be used of one source into `values`; return the problems."""
    if source is None:
        return []
    if not isinstance(source, dict):
        return [f"{name} must be an object"]
    problems: list[str] = []
    for key, value in cast("dict[str, object]", source).items():
        if key in REMOVED:
            problems.append(f"setting {key!r} was removed and has no effect any more")
        elif key not in FIELDS:
            problems.append(f"unknown setting {key!r} (known: {', '.join(FIELDS)})")
        elif key in refused:
            problems.append(f"setting {key!r} is taken from initializationOptions only")
        elif value is None and key != "trusted":
            values.pop(FIELDS[key].name, None)
        else:
            try:
                values[FIELDS[key].name] = msgspec.convert(value, FIELDS[key].type)
            except msgspec.ValidationError as error:
                problems.append(f"setting {key!r}: {in_words(error)}")
                if key == "trusted":  # something was meant to be said: the careful reading
                    values[key] = False
    return problems
