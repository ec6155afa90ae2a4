"""`textDocument/didShowCompletion`, `didPartiallyAcceptCompletion` and the command that clients run on acceptance.

Other servers' clients use the same names.

An event names its item by the number in the item's command. One that cannot be read costs a debug line.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.features.common.lsp_values import inline_item
from dg_lsp.session.session import Session
from dg_lsp.stats.counting import Suggestion
from infill.types import Completion

log = logging.getLogger(__name__)

DID_SHOW = "textDocument/didShowCompletion"
DID_PARTIALLY_ACCEPT = "textDocument/didPartiallyAcceptCompletion"

_Event = TypeVar("_Event")


class _Argument(msgspec.Struct, frozen=True):
    """Of the command of an item of ours; see `lsp_values.inline_item`."""

    id: int
    chars: int = 0
    lines: int = 0


class _Command(msgspec.Struct, frozen=True):
    arguments: Annotated[tuple[_Argument, ...], msgspec.Meta(min_length=1)]


class _Item(msgspec.Struct, frozen=True):
    command: _Command

    @property
    def number(self) -> int:
        return self.command.arguments[0].id


class _Shown(msgspec.Struct, frozen=True):
    item: _Item


class _PartlyAccepted(msgspec.Struct, frozen=True, rename="camel"):
    item: _Item
    accepted_length: Annotated[int, msgspec.Meta(ge=0)]  # UTF-16 units from the item's start


def sent_items(
    session: Session, snapshot: DocumentSnapshot, cursor: int, completions: Sequence[Completion]
) -> list[types.InlineCompletionItem]:
    """The items, which from here on may be named in events."""
    if not completions:
        return []
    numbers = [session.usage.next_number() for _ in completions]
    model, best = session.dispatcher.model_name or "", completions[0]
    suggestion = Suggestion(snapshot.language_id, model, best.span.start, best.text)
    session.usage.sent(snapshot.uri, suggestion, numbers)
    encoding = session.documents.encoding
    return [
        inline_item(completion, snapshot, cursor, encoding, number)
        for completion, number in zip(completions, numbers, strict=True)
    ]


def did_show(session: Session, params: object) -> None:
    """The client shows an item."""
    if (event := _read(params, _Shown)) is not None:
        session.usage.shown(event.item.number)


def did_partially_accept(session: Session, params: object) -> None:
    """The user took the beginning of an item."""
    if (event := _read(params, _PartlyAccepted)) is not None and event.accepted_length > 0:
        session.usage.accepted(event.item.number)


def accepted(session: Session) -> Callable[..., None]:
    """Return the command that clients run when the user has taken an item; it logs counts only."""

    def run(*arguments: Any) -> None:
        event = _read(arguments[0] if arguments else None, _Argument)
        if event is not None:
            session.usage.accepted(event.id)
            log.info("accepted chars=%d lines=%d", event.chars, event.lines)

    return run


def _read(params: object, event: type[_Event]) -> _Event | None:
    try:
        return msgspec.convert(params, event)
    except msgspec.ValidationError as error:
        log.debug("ignored an event: %s", error)
        return None
