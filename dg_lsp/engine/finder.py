"""The connection to the engine of an identity; another one when it is lost. Starts the engine where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from dg_lsp.engine.engine_connection import EngineConnection, connect_to
from dg_lsp.engine.messages import Hello
from dg_lsp.engine.start import reach


class EngineFinder:
    """Keeps one connection; for the event loop's thread."""

    def __init__(self, hello: Hello, command: Sequence[str], on_news: Callable[[EngineConnection], None]) -> None:
        """`command` starts an engine; `on_news` hears when one says something of itself or has ended."""
        self.connection: EngineConnection | None = None
        self._hello, self.command, self._on_news = hello, command, on_news
        self._connecting = asyncio.Lock()
        self._in_place_of_dead = False

    async def connected(self, until: float | None) -> EngineConnection:
        """The connection, a new one when the last is lost; raises `EngineUnavailable`."""
        async with self._connecting:
            last = self.connection
            if last is not None and not last.lost:
                return last
            connected = await reach(self._hello.identity, self.command, until)
            ungreeted = last is not None and last.facts is None
            self._in_place_of_dead = (last is not None and last.died) or (ungreeted and self._in_place_of_dead)
            self.connection = await connect_to(connected, self._hello, self._on_news)
            return self.connection

    def died(self) -> bool:
        """Whether the last engine died, and the one in its place, if there is one, has not opened the model yet."""
        connection = self.connection
        if connection is None or connection.lost:
            return connection is not None and connection.goodbye is None
        return self._in_place_of_dead and (connection.facts is None or connection.facts.state == "loading")
