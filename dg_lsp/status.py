"""What a status bar asks for; the field names on the wire are a contract with editors, to which we only add."""

from __future__ import annotations

import msgspec

from dg_lsp.scheduler import State
from dg_lsp.session import Session


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
    ignored: Rule | None  # None too when the last request was about a file that may be read


def status_of(session: Session) -> Status:
    """Return the status now."""
    scheduler, verdict = session.scheduler, session.last_ignored
    return Status(
        state=scheduler.state,
        model=scheduler.model_name,
        last_reason=session.last_reason,
        last_ms=session.last_ms,
        message=scheduler.failure,
        ignored=None if verdict is None else Rule(verdict.rule, verdict.source),
    )
