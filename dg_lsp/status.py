"""What a status bar asks for; the field names on the wire are a contract with editors, to which we only add."""

from __future__ import annotations

import msgspec

from dg_lsp.scheduler import State
from dg_lsp.session import Session
from dg_lsp.shared.client import SharedFiller


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
    message: str | None  # why the model could not be opened
    model_calls: int  # questions that the model was at work on since the start
    speculative_calls: int  # of what nobody had asked yet; not in `modelCalls`
    ignored: Rule | None  # None too when the last request was about a file that may be read
    shared: bool  # the model is in an engine that other windows use too
    engine_clients: int | None  # how many windows that are; None while there is no engine


def status_of(session: Session) -> Status:
    """Return the status now."""
    scheduler, verdict = session.scheduler, session.last_ignored
    filler = session.filler
    facts = filler.facts if isinstance(filler, SharedFiller) else None
    state = scheduler.state
    if facts is not None and facts.state == "loading" and state in ("ready", "busy"):
        state = "loading"  # again, after it was unloaded
    return Status(
        state=state,
        model=scheduler.model_name,
        last_reason=session.last_reason,
        last_ms=session.last_ms,
        message=scheduler.failure,
        model_calls=scheduler.n_asked,
        speculative_calls=scheduler.n_speculative,
        ignored=None if verdict is None else Rule(verdict.rule, verdict.source),
        shared=isinstance(filler, SharedFiller),
        engine_clients=None if facts is None else facts.clients,
    )
