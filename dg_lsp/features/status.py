"""`dgLsp/status`: the state of the server, for a status bar.

The field names on the wire are a contract with editors: we only add to them.
"""

from __future__ import annotations

import msgspec

from dg_lsp.backend.fallback_filler import StandIn
from dg_lsp.backend.load_shedding import MESSAGES
from dg_lsp.backend.scheduler import State
from dg_lsp.engine.client import SharedFiller
from dg_lsp.session.session import Session
from infill.types import Filler


class Rule(msgspec.Struct, frozen=True):
    """Why a file is ignored: the pattern, or why the rules cannot be known, and where that stands."""

    rule: str
    source: str


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
    # smaller_model, manual_only; or model_loading, model_failed while the embedded model answers in its place
    fallback: str | None
    loaded_bytes: int | None  # of the model that was chosen, while it loads; None too where it does not say
    total_bytes: int | None


def status(session: Session, params: object) -> object:
    """Return the status as plain values."""
    return msgspec.to_builtins(status_of(session))


def status_of(session: Session) -> Status:
    """Return the status now."""
    scheduler, verdict = session.scheduler, session.last_ignored
    filler = answering(session)
    facts = filler.facts if isinstance(filler, SharedFiller) else None
    last = scheduler.last_steps
    loaded, total = session.bytes_loaded or (None, None)
    if not loads(session) or loaded == total:  # all of them: of the last time, or nothing to wait for
        loaded = total = None
    return Status(
        state=state_of(session),
        model=scheduler.model_name,
        last_reason=session.last_reason,
        last_ms=session.last_ms,
        message=message_of(session),
        model_calls=scheduler.n_asked,
        speculative_calls=scheduler.n_speculative,
        ignored=None if verdict is None else Rule(verdict.rule, verdict.source),
        shared=isinstance(filler, SharedFiller),
        engine_clients=None if facts is None else facts.clients,
        unloaded=isinstance(filler, SharedFiller) and filler.unloaded,
        takes_instructions=scheduler.takes_instructions,
        device=None if filler is None else filler.device,
        memory_bytes=_memory_bytes(filler),
        steps=None if last is None else last.steps,
        ms_per_step=None if last is None else last.ms_per_step,
        queue=scheduler.n_open,
        last_silence=session.last_silence,
        fallback=trouble_of(session),
        loaded_bytes=loaded,
        total_bytes=total,
    )


def state_of(session: Session) -> State:
    """Return what the model is doing."""
    filler, state = answering(session), session.scheduler.state
    if isinstance(filler, SharedFiller) and filler.loading and state in ("ready", "busy"):
        return "loading"  # again, after it was unloaded
    return state


def loads(session: Session) -> bool:
    """Return whether the model that was chosen is on its way, for the first time or again."""
    return state_of(session) == "loading" or trouble_of(session) == "model_loading"


def trouble_of(session: Session) -> str | None:
    """Return why suggestions are not what the user chose, as `Status.fallback` has it."""
    if isinstance(session.filler, StandIn):
        if session.filler.loading:
            return "model_loading"
        if session.filler.failure is not None:
            return "model_failed"
    return session.fallback.stage


def message_of(session: Session) -> str | None:
    """Return a sentence about what is wrong, for people."""
    if isinstance(session.filler, StandIn):
        if session.filler.loading:
            return "the chosen model is loading; the embedded model answers until then"
        if session.filler.failure is not None:
            return f"the embedded model answers: {session.filler.failure}"
    stage = session.fallback.stage
    return session.scheduler.failure or (MESSAGES[stage] if stage else None)


def answering(session: Session) -> Filler | None:
    """Return what answers now."""
    return session.filler.current if isinstance(session.filler, StandIn) else session.filler


def _memory_bytes(filler: Filler | None) -> int | None:
    if isinstance(filler, SharedFiller):
        return None if filler.facts is None else round(filler.facts.resident_mib * 2**20)
    if filler is None:
        return None
    import psutil  # only where the model is in this process

    return psutil.Process().memory_info().rss
