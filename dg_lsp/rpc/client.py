"""The client as a session sees it: what may be sent to it and asked of it. `app/server.py` is one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from lsprotocol import types

from dg_lsp.rpc.protocol import Protocol as Rpc

WorkDoneProgress = types.WorkDoneProgressBegin | types.WorkDoneProgressReport | types.WorkDoneProgressEnd


class Client(Protocol):
    """One connected editor. All methods are for the event loop's thread."""

    @property
    def rpc(self) -> Rpc:
        """Requests and notifications by method."""
        ...

    def feature(self, feature_name: str, options: Any | None = None) -> Callable[[Any], Any]:
        """Return a decorator that registers the handler of a method."""
        ...

    def window_show_message(self, params: types.ShowMessageParams) -> None:
        """Show one message to the user."""
        ...

    def create_progress(self, token: str) -> asyncio.Future[None]:
        """Ask the client for a progress token."""
        ...

    def send_progress(self, token: int | str, value: WorkDoneProgress) -> None:
        """Send one progress value."""
        ...
