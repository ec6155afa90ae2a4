"""`textDocument/codeAction` and `codeAction/resolve`: actions are listed without the model, which runs on resolving.

What needs the syntax tree is found on the syntax thread, so the list is exact and the protocol's thread never waits.
"""

from __future__ import annotations

import logging

import msgspec
from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.features.common.offers import Offer, in_one_line, offers
from dg_lsp.features.common.read_ahead import cursor_at
from dg_lsp.features.common.rewriting import RewriteCommand, rewrite
from dg_lsp.features.execute_command import COMMAND_OF
from dg_lsp.session.outcome import Outcome
from dg_lsp.session.session import Session
from infill.holes.target import TargetKind

log = logging.getLogger(__name__)

ASK_HOW = "dg-lsp.rewriteSelection"  # a command of the client's: it asks for an instruction, then for the rewrite
MAX_REPORTED = 8  # diagnostics that the model reads


class ActionData(msgspec.Struct, frozen=True):
    """What a code action carries from the list to its resolution."""

    uri: str
    version: int
    kind: TargetKind
    range: types.Range
    strength: float | None = None
    problem: types.Range | None = None
    diagnostics: tuple[str, ...] = ()


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
    if session.dispatcher.state == "failed":
        return []
    return [_action(session, snapshot, params, offer) for offer in await offers(session, snapshot, params)]


async def resolve_code_action(session: Session, action: types.CodeAction) -> types.CodeAction:
    """Return the action with its edit, or without one and with a message to the user that says why."""
    if action.data is None:  # it has a command of the client's, and no edit
        return action
    with session.request("codeAction/resolve") as request:
        data = msgspec.convert(action.data, ActionData)
        snapshot = session.documents.get(data.uri)
        request.counts = {"kind": data.kind}
        if snapshot is None or snapshot.version != data.version:
            request.outcome = Outcome(None, "document_closed" if snapshot is None else "document_changed")
            session.last_why = "The document has changed since then: select again."
            session.tell(types.MessageType.Info, session.last_why)
            return action
        wanted = RewriteCommand(
            data.kind, data.range, action.title, data.strength, problem=data.problem, diagnostics=data.diagnostics
        )
        request.outcome = outcome = await rewrite(session, snapshot, wanted)
        action.edit = outcome.value
        if not outcome.is_silent:
            session.tell(types.MessageType.Info, outcome.detail)
    return action


def _action(
    session: Session, snapshot: DocumentSnapshot, params: types.CodeActionParams, offer: Offer
) -> types.CodeAction:
    """One entry: resolved later where the client can, else a command that applies its own edit."""
    diagnostic, strength = offer.diagnostic, offer.strength
    problem = None if diagnostic is None else diagnostic.range
    diagnostics = None if diagnostic is None else [diagnostic]
    reported = params.context.diagnostics[:MAX_REPORTED] if diagnostics is None else diagnostics
    is_read = session.dispatcher.takes_instructions or offer.kind == "fix"
    messages = tuple(in_one_line(d) for d in reported) if is_read else ()
    action = types.CodeAction(title=offer.title, kind=offer.action_kind, diagnostics=diagnostics)
    if offer.asks:
        place = {"uri": snapshot.uri, "version": snapshot.version, "range": params.range}
        action.command = types.Command(offer.title, ASK_HOW, arguments=[msgspec.to_builtins(place)])
        return action
    if session.client.resolves_edits:
        data = ActionData(snapshot.uri, snapshot.version, offer.kind, params.range, strength, problem, messages)
        action.data = msgspec.to_builtins(data)
        return action
    given = {"uri": snapshot.uri, "version": snapshot.version, "range": problem or params.range, "apply": True}
    given |= {} if strength is None else {"strength": strength}
    given |= {"diagnostics": messages} if messages else {}
    action.command = types.Command(offer.title, COMMAND_OF[offer.kind], arguments=[msgspec.to_builtins(given)])
    return action
