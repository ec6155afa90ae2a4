"""`textDocument/inlineCompletion`: ghost text at the cursor."""

from __future__ import annotations

from lsprotocol import types

from dg_lsp.features.common.suggesting import CursorRequest, suggestions
from dg_lsp.session.outcome import Outcome
from dg_lsp.session.session import Session


async def inline_completion(session: Session, params: types.InlineCompletionParams) -> types.InlineCompletionList:
    """Return ghost text for the cursor; when the list is empty, the log and the status say why."""
    items: list[types.InlineCompletionItem] = []
    with session.request("inlineCompletion") as request:
        snapshot = session.documents.get(params.text_document.uri)
        if snapshot is None:
            request.outcome = Outcome(None, "unknown_document")
        else:
            manual = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
            asked = CursorRequest(snapshot, params.position, manual, params.context.selected_completion_info)
            request.counts = asked.counts
            request.outcome = outcome = await suggestions(session, asked)
            items = outcome.value
    return types.InlineCompletionList(items=items)
