"""When a change of the status is told."""

from __future__ import annotations

import asyncio

import pytest

from dg_lsp.app.server import Server
from dg_lsp.features import status_news
from infill.types import FillRequest
from tests.dg_lsp.server_fakes import FakeFiller, Wire

Served = tuple[Server, Wire]


@pytest.fixture
def wire(served: Served, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """What the server sends from here on, to a client that wants to hear of changes."""
    server, wire = served
    session = server.session
    session.settings = type(session.settings)(status_notification=True)
    wire.sent.clear()
    return wire


def told(wire: Wire) -> list[tuple[bool, str]]:
    news = [sent["params"] for sent in wire.sent if sent.get("method") == "didChangeStatus"]
    return [(change["busy"], change["kind"]) for change in news]


async def lasted() -> None:
    """Return when whatever lasts has been told."""
    await asyncio.sleep(2 * status_news.LASTS_S)


async def test_what_is_over_at_once_is_not_told(served: Served, wire: Wire, filler: FakeFiller) -> None:
    scheduler = served[0].session.dispatcher
    scheduler.on_change()
    await lasted()
    assert told(wire) == [(False, "Normal")]
    filler.release.clear()
    asked = asyncio.create_task(scheduler.fill("lane", FillRequest("a", "python", offset=0)))
    await asyncio.sleep(0)
    assert scheduler.state == "busy"
    scheduler.supersede("lane")
    await asked
    filler.release.set()
    await lasted()
    assert told(wire) == [(False, "Normal")]


async def test_what_lasts_is_told_once_and_so_is_its_end(served: Served, wire: Wire, filler: FakeFiller) -> None:
    scheduler = served[0].session.dispatcher
    scheduler.on_change()
    filler.release.clear()
    asked = asyncio.create_task(scheduler.fill("lane", FillRequest("a", "python", offset=0)))
    await lasted()
    scheduler.on_change()
    await lasted()
    assert told(wire) == [(False, "Normal"), (True, "Normal")]
    filler.release.set()
    await asked
    await lasted()
    assert told(wire) == [(False, "Normal"), (True, "Normal"), (False, "Normal")]
