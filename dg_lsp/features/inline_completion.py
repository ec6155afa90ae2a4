"""`textDocument/inlineCompletion`: ghost text at the cursor."""

from __future__ import annotations

from lsprotocol import types

from dg_lsp.features.common.suggesting import suggestions
from dg_lsp.session.session import Session


async def inline_completion(session: Session, params: types.InlineCompletionParams) -> types.InlineCompletionList:
    """Return ghost text for the cursor; when the list is empty, the log and the status say why."""
    items: list[types.InlineCompletionItem] = []
    with session.request("inlineCompletion") as record:
        snapshot = session.documents.get(params.text_document.uri)
        if snapshot is None:
            record.reason = "unknown_document"
        else:
            manual = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
            popup = params.context.selected_completion_info
            items = await suggestions(session, snapshot, params.position, manual, popup, record)
    return types.InlineCompletionList(items=items)
