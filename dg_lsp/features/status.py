"""`dgLsp/status`: the state of the server, for a status bar.

The field names on the wire are a contract with editors: we only add to them.
"""

from __future__ import annotations

import msgspec

from dg_lsp.backend.dispatcher import State
from dg_lsp.backend.load_shedding import MESSAGES
from dg_lsp.fetching.default_model import ENTRY
from dg_lsp.session.session import Session


class Rule(msgspec.Struct, frozen=True):
    """Why a file is ignored: the pattern, or why the rules cannot be known, and where that stands."""

    rule: str
    source: str


class Fetchable(msgspec.Struct, frozen=True, rename="camel"):
    """A model that would be used if it were here."""

    name: str
    n_bytes: int  # of the download
    license: str


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """State of the server and what became of the last request."""

    state: State
    model: str | None
    last_reason: str | None
    last_ms: float | None
    message: str | None  # why the model could not be opened, or what is done in its place
    model_calls: int  # questions that the model was at work on since the start
    speculative_calls: int  # of what nobody had asked yet; not in `modelCalls`
    ignored: Rule | None  # None too when the last request was about a file that may be read
    shared: bool  # the model is in an engine that other windows use too
    engine_clients: int | None  # how many windows that are; None while there is no engine
    unloaded: bool  # its memory was given back; the next request loads it again
    takes_instructions: bool
    device: str | None
    memory_bytes: int | None  # resident, of the process that holds the model; None while there is none
    steps: int | None  # denoising steps of the last fill that took any
    ms_per_step: float | None
    queue: int  # questions of this window without an answer
    last_silence: str | None  # why there was last no ghost text
    last_why: str | None  # a sentence about the last request that got nothing; None if one got something since
    # smaller_model, manual_only; or model_loading, model_failed while the embedded model answers in its place
    fallback: str | None
    loaded_bytes: int | None  # of the model that was chosen, while it loads; None too where it does not say
    total_bytes: int | None
    languages: tuple[str, ...] | None  # LSP ids of those that the model knows; None for all, or before it is open
    last_model: str | None  # name of the model that answered last; another than `model` where that was still reading
    fetchable: Fetchable | None  # the default model, where it could be fetched and is not here


def status(session: Session, params: object) -> object:
    """Return the status as plain values."""
    return msgspec.to_builtins(status_of(session))


def status_of(session: Session) -> Status:
    """Return the status now."""
    dispatcher, verdict, backend = session.dispatcher, session.last_ignored, session.dispatcher.backend_state
    model, last = dispatcher.answering, dispatcher.last_steps
    loaded, total = session.bytes_loaded or (None, None)
    if not loads(session) or loaded == total:  # all of them: of the last time, or nothing to wait for
        loaded = total = None
    return Status(
        state=state_of(session),
        model=dispatcher.model_name,
        last_reason=session.last_reason,
        last_ms=session.last_ms,
        message=message_of(session),
        model_calls=dispatcher.n_asked,
        speculative_calls=dispatcher.n_speculative,
        ignored=None if verdict is None else Rule(verdict.rule, verdict.source),
        shared=backend.shared,
        engine_clients=backend.clients,
        unloaded=backend.unloaded,
        takes_instructions=dispatcher.takes_instructions,
        device=None if model is None else model.device,
        memory_bytes=backend.memory_bytes if backend.shared or model is None else _own_memory_bytes(),
        steps=None if last is None else last.steps,
        ms_per_step=None if last is None else last.ms_per_step,
        queue=dispatcher.n_open,
        last_silence=session.last_silence,
        last_why=session.last_why,
        fallback=trouble_of(session),
        loaded_bytes=loaded,
        total_bytes=total,
        languages=None if model is None else model.languages,
        last_model=session.last_model,
        fetchable=Fetchable(ENTRY.name, ENTRY.n_bytes, ENTRY.license) if session.default_model.is_missing else None,
    )


def state_of(session: Session) -> State:
    """Return what the model is doing."""
    state = session.dispatcher.state
    if session.dispatcher.backend_state.loading and state in ("ready", "busy"):
        return "loading"  # again, after it was unloaded
    return state


def loads(session: Session) -> bool:
    """Return whether the model that was chosen is on its way, for the first time or again."""
    return state_of(session) == "loading" or trouble_of(session) == "model_loading"


def trouble_of(session: Session) -> str | None:
    """Return why suggestions are not what the user chose, as `Status.fallback` has it."""
    return session.dispatcher.backend_state.substitute or session.load_shedder.stage


def message_of(session: Session) -> str | None:
    """Return a sentence about what is wrong, for people."""
    backend = session.dispatcher.backend_state
    if backend.substitute == "model_loading":
        return "the chosen model is loading; the embedded model answers until then"
    if backend.substitute == "model_failed":
        return f"the embedded model answers: {backend.failure}"
    stage = session.load_shedder.stage
    return session.dispatcher.failure or (MESSAGES[stage] if stage else None)


def _own_memory_bytes() -> int:
    import psutil  # only where the model is in this process

    return psutil.Process().memory_info().rss
