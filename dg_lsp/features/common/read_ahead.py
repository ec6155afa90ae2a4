"""Has the model read, while a cursor rests, what the next question there will need.

A slow model takes seconds to read the code around a cursor for the first time, and next to none once that is done:
what is typed then only appends. So it reads what the next question would have it read, made by the same code. It
gives way to every question, which goes on from what was read.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial

import msgspec
from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import offset_at
from dg_lsp.features.asking import READ_LANE, READING, refusal
from dg_lsp.features.common.cursor_view import cursor_view
from dg_lsp.session.power import on_battery
from dg_lsp.session.session import Session
from infill.syntax.language_ids import plain_id
from infill.types import Filled, FillRequest, NoFill

log = logging.getLogger(__name__)

RESTS_S = 0.1  # where the client says that the cursor rests, or there is more context
TYPED_S = 0.4  # after a key: the question that it causes comes first, and reads by itself
DID_MOVE_CURSOR = "dgLsp/didMoveCursor"
REFRESH = "dgLsp/refresh"


class _Document(msgspec.Struct, frozen=True):
    uri: str


class _Moved(msgspec.Struct, frozen=True, rename="camel"):
    text_document: _Document
    position: types.Position


class Refresh(msgspec.Struct, frozen=True, rename="camel"):
    """What is sent: an automatic request that got nothing, because the model was reading, would get an answer now."""

    uri: str
    version: int | None


def did_move_cursor(session: Session, params: object) -> None:
    """The client's cursor rests somewhere."""
    try:
        moved = msgspec.convert(params, _Moved)
    except msgspec.ValidationError as error:
        log.debug("ignored a cursor: %s", error)
        return
    if session.documents.get(moved.text_document.uri) is None:
        return
    cursor_at(session, moved.text_document.uri, moved.position, RESTS_S)
    if session.notebooks.notebook_of(moved.text_document.uri) is None:  # as for a question
        session.context.visited(moved.text_document.uri, moved.position.line)


def cursor_at(session: Session, uri: str, position: types.Position, after_s: float = TYPED_S) -> None:
    """Read what is around a cursor, once it has rested so long."""
    session.cursors.moved(uri, position)
    session.cursors.when_rested(uri, after_s, partial(read_now, session, uri))


def gathered(session: Session, uri: str) -> None:
    """There may be other context for a document: where the user is, read it."""
    if session.cursors.newest == uri:
        session.cursors.when_rested(uri, RESTS_S, partial(read_now, session, uri))


def answered(session: Session, uri: str, result: Filled | NoFill) -> None:
    """Go on reading behind a question that could not wait for that; one that was answered has read it all."""
    backend, snapshot = session.dispatcher.backend, session.documents.get(uri)
    if backend is None or snapshot is None or not backend.rewriting.reads_ahead:
        return
    session.cursors.owed.pop(uri, None)
    if answer_reason(result) == READING:
        session.cursors.owed[uri] = snapshot.version
        read_now(session, uri)
    elif result.model and result.model != backend.rewriting.name:
        read_now(session, uri)
    elif isinstance(result, Filled):
        session.cursors.stay(uri)


def read_now(session: Session, uri: str) -> None:
    """Begin to read around a document's cursor, in the place of what is being read ahead elsewhere."""
    session.cursors.stay(uri)
    snapshot, position = session.documents.get(uri), session.cursors.of(uri)
    if snapshot is not None and position is not None and _may_read(session, snapshot):
        session.hold(asyncio.get_running_loop().create_task(_read(session, snapshot, position)))


def _may_read(session: Session, snapshot: DocumentSnapshot) -> bool:
    """Whether the model gains by it, and the user and the rules allow it."""
    settings, dispatcher = session.settings, session.dispatcher
    return (
        dispatcher.backend is not None
        and dispatcher.backend.rewriting.reads_ahead
        and session.load_shedder.stage is None
        and settings.look_ahead
        and settings.automatic
        and (settings.languages is None or snapshot.language_id in map(plain_id, settings.languages))
        and (dispatcher.languages is None or snapshot.language_id in dispatcher.languages)
        and not on_battery()
        and refusal(session, snapshot) is None
    )


async def _read(session: Session, snapshot: DocumentSnapshot, position: types.Position) -> None:
    encoding, uri = session.documents.encoding, snapshot.uri
    cursor = offset_at(snapshot.text, position, encoding)
    view = cursor_view(session.model_text(snapshot), snapshot, cursor, None, encoding)
    request = FillRequest(
        view.text,
        snapshot.language_id,
        session.context.of(uri),
        offset=view.offset,
        trigger="automatic",
        speculative=True,
        only_reads=True,
    )
    began = time.perf_counter()
    answer = await session.dispatcher.fill((uri, READ_LANE), request)
    took_ms = (time.perf_counter() - began) * 1000
    log.info("read ahead ms=%.1f reason=%s tokens=%d", took_ms, answer_reason(answer), answer.unread)
    here = session.documents.is_current(snapshot) and session.cursors.of(uri) == position
    if not here or session.cursors.newest != uri:
        return
    if answer_reason(answer) == "cancelled":  # by a question somewhere, which is over soon
        session.cursors.when_rested(uri, TYPED_S, partial(read_now, session, uri))
        return
    if answer_reason(answer) in ("read", READING) and session.cursors.owed.get(uri) == snapshot.version:
        del session.cursors.owed[uri]
        if session.client.refreshes:
            session.server.rpc.notify(REFRESH, msgspec.to_builtins(Refresh(uri, snapshot.version)))
    if answer_reason(answer) == READING:  # so far, a few lines
        read_now(session, uri)


def answer_reason(answer: Filled | NoFill) -> str:
    """Return why nothing was filled, as the log has it."""
    return answer.reason if isinstance(answer, NoFill) else "filled"
