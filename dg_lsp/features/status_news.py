"""Tells the client, if it wants to hear, when what a status bar would show has changed.

That a fill has begun or ended is told once it has lasted a moment: most are over before, and would flicker.
"""

from __future__ import annotations

import asyncio
from typing import Literal

import msgspec

from dg_lsp.features.status import message_of, state_of, trouble_of
from dg_lsp.session.session import Session

DID_CHANGE_STATUS = "didChangeStatus"  # the name and the first three fields are a contract with others' clients
LASTS_S = 0.1

Kind = Literal["Normal", "Error", "Warning", "Inactive"]


class Change(msgspec.Struct, frozen=True):
    """What is sent."""

    busy: bool
    message: str
    kind: Kind
    state: str
    model: str | None
    fallback: str | None


class StatusNews:
    """Watches one session; `changed` is for the event loop's thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: Change | None = None
        self._last: Change | None = None
        self._timer: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        """Something may have changed."""
        if not self._session.settings.status_notification:
            return
        now = self._now()
        if now == self._last:
            return
        self._last = now
        if self._timer is not None:
            self._timer.cancel()
        if self._told is None or _between_fills(self._told) != _between_fills(now):
            self._tell(_between_fills(now))
        if now != self._told:
            self._timer = asyncio.get_running_loop().call_later(LASTS_S, self._tell, now)

    def _tell(self, change: Change) -> None:
        self._told = change
        self._session.server.rpc.notify(DID_CHANGE_STATUS, msgspec.to_builtins(change))

    def _now(self) -> Change:
        session, state, trouble = self._session, state_of(self._session), trouble_of(self._session)
        kind: Kind = "Normal"
        if state == "failed":
            kind = "Error"
        elif trouble is not None:
            kind = "Warning"
        elif not session.settings.automatic:
            kind = "Inactive"
        busy = state in ("starting", "loading", "busy")
        return Change(busy, message_of(session) or "", kind, state, session.dispatcher.model_name, trouble)


def _between_fills(change: Change) -> Change:
    return msgspec.structs.replace(change, busy=False, state="ready") if change.state == "busy" else change
