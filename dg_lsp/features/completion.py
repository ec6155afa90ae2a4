"""`textDocument/completion`, for clients without inline completion: the same suggestions as entries of their list.

It has no trigger characters: clients ask while the user types a word and on request. With trigger characters our
entries would open lists that nobody wants. They come last in the list.
"""

from __future__ import annotations

import re

from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import Encoding, offset_at, position_at, span_of
from dg_lsp.features.common.lsp_values import with_line_ends
from dg_lsp.features.common.suggesting import CursorRequest, suggestions
from dg_lsp.session.outcome import Outcome
from dg_lsp.session.session import Session
from infill.syntax.line_breaks import line_break_at
from infill.syntax.word_chars import word_start

MAX_LABEL = 60  # characters
_LAST = "~~"  # sorts behind the names that other servers offer


async def completion(session: Session, params: types.CompletionParams) -> types.CompletionList:
    """Return what ghost text would be there: one entry while the user types, a few when asked for.

    The list is never complete: what is typed next may have another answer.
    """
    items: list[types.CompletionItem] = []
    with session.request("completion") as request:
        snapshot = session.documents.get(params.text_document.uri)
        if snapshot is None:
            request.outcome = Outcome(None, "unknown_document")
        else:
            # Editors say "invoked" for typing a word, too.
            invoked = params.context is None or params.context.trigger_kind == types.CompletionTriggerKind.Invoked
            manual = invoked and not session.debounce.is_typing(snapshot.uri)
            asked = CursorRequest(snapshot, params.position, manual)
            request.counts = asked.counts
            request.outcome = found = await suggestions(session, asked)
            items = _entries(session, snapshot, params.position, found.value)
            if found.value and not items:
                request.end("several_lines")
    return types.CompletionList(is_incomplete=True, items=items)


def _entries(
    session: Session, snapshot: DocumentSnapshot, at: types.Position, found: list[types.InlineCompletionItem]
) -> list[types.CompletionItem]:
    """The entries for those suggestions whose range is within the cursor's line, as the protocol demands here."""
    encoding = session.documents.encoding
    cursor = offset_at(snapshot.text, at, encoding)
    fitting = [item for item in found if item.range is not None and item.range.start.line == item.range.end.line]
    return [
        _entry(item, f"{_LAST}{number}", snapshot, cursor, encoding, session.client.shows_markdown)
        for number, item in enumerate(fitting)
    ]


def _entry(
    item: types.InlineCompletionItem,
    sort_text: str,
    snapshot: DocumentSnapshot,
    cursor: int,
    encoding: Encoding,
    markdown: bool,
) -> types.CompletionItem:
    """The entry replaces the word before the cursor too: by that word clients filter and align their list."""
    assert item.range is not None
    text, span = snapshot.text, span_of(snapshot.text, item.range, encoding)
    start = word_start(text, span.start)
    whole, typed = text[start : span.start] + str(item.insert_text), text[start:cursor]
    added = whole.removeprefix(typed)
    named = typed + next((line.rstrip() for line in added.splitlines() if line.strip()), "")
    label = named.strip()
    if len(label) > MAX_LABEL or "\n" in whole.strip():
        label = label[:MAX_LABEL].rstrip() + "…"
    return types.CompletionItem(
        label=label,
        kind=types.CompletionItemKind.Text,
        detail="dg-lsp",
        documentation=_documentation(whole, snapshot.language_id, markdown),
        preselect=False,
        sort_text=sort_text,
        filter_text=named,
        insert_text_format=types.InsertTextFormat.PlainText,
        insert_text_mode=types.InsertTextMode.AsIs,  # the text has the indentation that it needs
        text_edit=types.TextEdit(
            range=types.Range(position_at(text, start, encoding), item.range.end),
            new_text=with_line_ends(whole, line_break_at(text, start, span.end)),
        ),
        command=item.command,
    )


def _documentation(text: str, language_id: str, markdown: bool) -> types.MarkupContent:
    """The whole text; in Markdown behind a fence that is longer than any in it."""
    if not markdown:
        return types.MarkupContent(types.MarkupKind.PlainText, text)
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return types.MarkupContent(types.MarkupKind.Markdown, f"{fence}{language_id}\n{text}\n{fence}")
