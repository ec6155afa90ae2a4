"""`textDocument/codeAction` and `codeAction/resolve`: actions are listed without the model, which runs on resolving.

What needs the syntax tree is found on the syntax thread, so the list is exact and the protocol's thread never waits.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import span_of
from dg_lsp.features.common.read_ahead import cursor_at
from dg_lsp.features.common.rewriting import RewriteCommand, rewrite
from dg_lsp.features.execute_command import COMMAND_OF, title_of
from dg_lsp.session.outcome import Outcome
from dg_lsp.session.session import Session
from infill.holes.stubs import is_stub
from infill.holes.target import TargetKind
from infill.pipeline.refine import STRENGTHS
from infill.types import Span

if TYPE_CHECKING:
    from infill.syntax.tree import Syntax

log = logging.getLogger(__name__)

REWRITE = types.CodeActionKind.RefactorRewrite.value
QUICK_FIX = types.CodeActionKind.QuickFix.value
MAX_FIXES = 3
MAX_REPORTED = 8  # diagnostics that the model reads
MAX_MESSAGE = 60  # characters of a diagnostic in a title

_OF_TREE: tuple[TargetKind, ...] = ("body", "holes", "docstring", "type_hints")


class ActionData(msgspec.Struct, frozen=True):
    """What a code action carries from the list to its resolution."""

    uri: str
    version: int
    kind: TargetKind
    range: types.Range
    strength: float | None = None
    problem: types.Range | None = None
    diagnostics: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True):
    """One entry of the list before it is the protocol's."""

    kind: TargetKind
    action_kind: str
    title: str
    strength: float | None = None
    diagnostic: types.Diagnostic | None = None


async def code_action(session: Session, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Return what can be done to the selection or at the cursor, as far as the client can take it up."""
    snapshot = session.documents.get(params.text_document.uri)
    client = session.client
    if snapshot is None or not (client.resolves_edits or client.applies_edits):
        return []
    if not session.judge(snapshot.uri).allowed:
        return []
    if params.range.start == params.range.end and params.context.trigger_kind == types.CodeActionTriggerKind.Automatic:
        cursor_at(session, snapshot.uri, params.range.start)
    known = session.dispatcher.languages
    if known is not None and snapshot.language_id not in known:
        return []
    span = span_of(snapshot.text, params.range, session.documents.encoding)
    offers = [*_of_selection(session, snapshot, span), *_fixes(session, params)]
    if any(_is_wanted(params, _rewrite_kind(kind)) for kind in _OF_TREE):
        kinds: Sequence[TargetKind] | None = await session.syntax_thread.ask(snapshot, partial(_offered, span))
        if not session.documents.is_current(snapshot):
            return []
        if is_stub(snapshot.uri):
            kinds = [kind for kind in kinds or () if kind not in ("body", "holes")]
        offers = [*(Offer(kind, _rewrite_kind(kind), title_of(session, kind)) for kind in kinds or ()), *offers]
    return [_action(session, snapshot, params, offer) for offer in offers if _is_wanted(params, offer.action_kind)]


async def resolve_code_action(session: Session, action: types.CodeAction) -> types.CodeAction:
    """Return the action with its edit, or without one and with a message to the user that says why."""
    with session.request("codeAction/resolve") as request:
        data = msgspec.convert(action.data, ActionData)
        snapshot = session.documents.get(data.uri)
        request.counts = {"kind": data.kind}
        if snapshot is None or snapshot.version != data.version:
            request.outcome = Outcome(None, "document_closed" if snapshot is None else "document_changed")
            session.tell(types.MessageType.Info, "The document has changed since then: select again.")
            return action
        wanted = RewriteCommand(
            data.kind, data.range, action.title, data.strength, problem=data.problem, diagnostics=data.diagnostics
        )
        request.outcome = outcome = await rewrite(session, snapshot, wanted)
        action.edit = outcome.value
        if not outcome.is_silent:
            session.tell(types.MessageType.Info, outcome.detail)
    return action


def _of_selection(session: Session, snapshot: DocumentSnapshot, span: Span) -> Iterator[Offer]:
    if not snapshot.text[span.start : span.end].strip():
        return
    asks = "…" if session.dispatcher.takes_instructions else ""
    yield Offer("rewrite", _rewrite_kind("rewrite"), title_of(session, "rewrite") + asks)
    for name, strength in STRENGTHS.items():
        yield Offer("refine", f"{_rewrite_kind('refine')}.{name}", f"{title_of(session, 'refine')} ({name})", strength)


def _fixes(session: Session, params: types.CodeActionParams) -> Iterator[Offer]:
    for diagnostic in params.context.diagnostics[:MAX_FIXES]:
        message = _in_one_line(diagnostic)
        short = message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1].rstrip() + "…"
        yield Offer("fix", QUICK_FIX, f"{title_of(session, 'fix')}: {short}", diagnostic=diagnostic)


def _in_one_line(diagnostic: types.Diagnostic) -> str:
    return " ".join(str(diagnostic.message).split())


def _action(
    session: Session, snapshot: DocumentSnapshot, params: types.CodeActionParams, offer: Offer
) -> types.CodeAction:
    """One entry: resolved later where the client can, else a command that applies its own edit."""
    diagnostic, strength = offer.diagnostic, offer.strength
    problem = None if diagnostic is None else diagnostic.range
    diagnostics = None if diagnostic is None else [diagnostic]
    reported = params.context.diagnostics[:MAX_REPORTED] if diagnostics is None else diagnostics
    messages = tuple(_in_one_line(d) for d in reported) if session.dispatcher.takes_instructions else ()
    action = types.CodeAction(title=offer.title, kind=offer.action_kind, diagnostics=diagnostics)
    if session.client.resolves_edits:
        data = ActionData(snapshot.uri, snapshot.version, offer.kind, params.range, strength, problem, messages)
        action.data = msgspec.to_builtins(data)
        return action
    given = {"uri": snapshot.uri, "version": snapshot.version, "range": problem or params.range, "apply": True}
    given |= {} if strength is None else {"strength": strength}
    given |= {"diagnostics": messages} if messages else {}
    action.command = types.Command(offer.title, COMMAND_OF[offer.kind], arguments=[msgspec.to_builtins(given)])
    return action


def _offered(span: Span, syntax: Syntax) -> list[TargetKind]:
    """Find what applies; for the syntax thread."""
    from infill.holes.find_target import offered

    return offered(syntax, span)


def _rewrite_kind(kind: TargetKind) -> str:
    return f"{REWRITE}.dg-lsp.{kind}"


def _is_wanted(params: types.CodeActionParams, kind: str) -> bool:
    """Whether the client asked for this kind, for one above it, or for anything."""
    wanted = params.context.only
    if wanted is None:
        return True
    names = (only.value if isinstance(only, types.CodeActionKind) else only for only in wanted)
    return any(f"{kind}.".startswith(f"{name}.") for name in names)
