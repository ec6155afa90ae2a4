"""One rewrite, whoever asked for it: the target is looked up, the model asked, the answer made an edit.

Whatever stands in the way is a reason with a word for the user; an edit fits the version that was asked about.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import span_at
from dg_lsp.features.asking import ask, may_read
from dg_lsp.features.draft_progress import Drafts, Token
from dg_lsp.features.translate import range_of, workspace_edit
from dg_lsp.session.session import Record, Session
from infill.holes.target import Target, TargetKind
from infill.pipeline.refine import STRENGTHS
from infill.types import FillRequest, NoFill, Span

if TYPE_CHECKING:
    from infill.syntax.tree import Syntax

_WHY: dict[str, str] = {
    "model_loading": "The model is still loading: try again when it is ready.",
    "model_failed": "The model could not be used; see the server's log.",
    "server_failed": "The model's server could not be used.",
    "deadline": "The model did not finish in time; select less or raise manualDeadlineMs.",
    "superseded": "The document changed meanwhile: select again.",
    "document_changed": "The document changed meanwhile: select again.",
    "document_closed": "The document is not open.",
    "ignored_file": "This file is ignored; `dg-lsp explain` says by which rule.",
    "nothing_better": "The model found nothing better than the present text.",
    "selection_too_long": "The selection is too long for the model.",
    "breaks_parse": "No proposal of the model parses there.",
    "no_target": "There is nothing here to which this applies.",
    "unknown_language": "No grammar for this language.",
    "cancelled": "Cancelled.",
}
_SILENT = frozenset({"cancelled", "filled"})  # the user knows already


class Wish(msgspec.Struct, frozen=True):
    """What is wanted of which place; `problem` is the range that a fix is about."""

    kind: TargetKind
    range: types.Range
    title: str
    strength: float | None = None
    instruction: str | None = None
    problem: types.Range | None = None
    diagnostics: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True):
    """The edit, or why there is none; `detail` is for a person."""

    edit: types.WorkspaceEdit | None
    reason: str
    detail: str
    ms: float

    @classmethod
    def of(cls, reason: str) -> Outcome:
        """Make one for a reason that came before the model."""
        return cls(None, reason, _WHY[reason], 0.0)

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to tell the user that is not there to see."""
        return self.reason in _SILENT


async def rewrite(
    session: Session, snapshot: DocumentSnapshot, wish: Wish, record: Record, token: Token | None = None
) -> Outcome:
    """Return what came of a wish; `token` is a progress of the client's."""
    started = time.perf_counter()
    edit = None
    with Drafts(session, wish.title, snapshot, token) as drafts:
        if may_read(session, snapshot, record):
            edit = await _edit(session, snapshot, wish, record, drafts)
    return Outcome(
        edit, record.reason, _detail(session, wish, record), round((time.perf_counter() - started) * 1000, 1)
    )


async def _edit(
    session: Session, snapshot: DocumentSnapshot, wish: Wish, record: Record, drafts: Drafts
) -> types.WorkspaceEdit | None:
    encoding = session.documents.encoding
    span = span_at(snapshot.text, *points(wish.range), encoding)
    problem = span_at(snapshot.text, *points(wish.problem or wish.range), encoding)
    found = await session.lookup.ask(snapshot, partial(_target, wish.kind, span, problem))
    if found is None:
        found = _without_tree(wish.kind, span, snapshot)
    if not session.documents.is_current(snapshot):
        record.reason = "document_changed"
        return None
    if isinstance(found, NoFill):
        record.reason, record.detail = found.reason, found.detail
        return None
    if (place := found.place) is not None:
        drafts.replaces(range_of(snapshot.text, place, encoding))
    request = _request(session, snapshot, wish, found)
    filled = await ask(session, snapshot, "rewrite", request, record, drafts.show)
    if filled is None:
        return None
    changes = found.changes(filled.completions[0])
    return workspace_edit(changes, snapshot, encoding, session.client, wish.title)


def _request(session: Session, snapshot: DocumentSnapshot, wish: Wish, target: Target) -> FillRequest:
    strength = wish.strength
    if strength is None and wish.kind in ("refine", "fix"):
        strength = STRENGTHS["high" if wish.kind == "fix" else "medium"]
    takes = session.scheduler.takes_instructions
    return msgspec.structs.replace(
        target.request(snapshot.language_id, strength),
        instruction=wish.instruction if takes else None,
        diagnostics=wish.diagnostics if takes else (),
        fixes=wish.kind == "fix",
        context=session.context.of(snapshot.uri),
        deadline_ms=session.settings.manual_deadline_ms,
    )


def _target(kind: TargetKind, span: Span, problem: Span, syntax: Syntax) -> Target | NoFill:
    """Look the target up; on the thread for that."""
    from infill.holes.find_target import find_target

    return find_target(syntax, kind, span, problem)


def _without_tree(kind: TargetKind, span: Span, snapshot: DocumentSnapshot) -> Target | NoFill:
    """A selection needs no tree to be found; whether the language is known is for the filler to say."""
    if kind in ("rewrite", "refine") and snapshot.text[span.start : span.end].strip():
        return Target(snapshot.text, selection=span)
    return NoFill("no_target", "the text is too long, or its language has no grammar here")


def points(place: types.Range) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return a range as plain numbers."""
    return (place.start.line, place.start.character), (place.end.line, place.end.character)


def _detail(session: Session, wish: Wish, record: Record) -> str:
    if record.reason == "filled":
        refilled = wish.kind == "rewrite" and not session.scheduler.takes_instructions
        return "The model follows no instructions, so yours was not used." if refilled else ""
    why = _WHY.get(record.reason, f"The model has no proposal ({record.reason}).")
    return f"{why.removesuffix('.')} ({record.detail})." if record.detail else why
