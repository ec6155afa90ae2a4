"""Our completions as the protocol's values: an inline completion item, or an edit of a version of a document.

Ranges are minimal and in the client's encoding. Nothing here decides whether to show a completion.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import Encoding, range_of
from dg_lsp.session.client_features import ClientFeatures
from infill.syntax.line_breaks import line_break_at
from infill.types import Completion, Part, Span

ACCEPTED_COMMAND = "dg-lsp.accepted"
ANNOTATION = "dg-lsp"  # of every edit of ours


def inline_item(
    completion: Completion, snapshot: DocumentSnapshot, offset: int, encoding: Encoding, number: int
) -> types.InlineCompletionItem:
    r"""Return the item for ghost text at `offset`; its range holds the cursor and its line ends are `\n`.

    Editors turn `\n` into the buffer's own line end, and some would draw a `\r`. Its `number` is what events of
    the client's call it by.
    """
    span = completion.span
    text = with_line_ends(completion.text, line_break_at(snapshot.text, span.start, span.end))
    span, text = minimal_edit(snapshot.text, span, text, keep=offset)
    text = with_line_ends(text, "\n")
    counts = {
        "id": number,
        "chars": len(text),
        "lines": text.count("\n") + 1,
        "source": completion.source,
        "confidence": round(completion.confidence, 3),
    }
    return types.InlineCompletionItem(
        insert_text=text,
        range=range_of(snapshot.text, span, encoding),
        command=types.Command(title="Accepted", command=ACCEPTED_COMMAND, arguments=[counts]),
    )


def workspace_edit(
    changes: Sequence[Part], snapshot: DocumentSnapshot, encoding: Encoding, client: ClientFeatures, title: str
) -> types.WorkspaceEdit:
    """Return one edit with every change, each as small as can be, so that what stays is not touched.

    It is tied to the version, and annotated with the title, where the client knows of these.
    """
    edits = [edit for change in changes if (edit := _text_edit(change, snapshot, encoding)) is not None]
    if not client.document_changes:
        return types.WorkspaceEdit(changes={snapshot.uri: edits})
    document = types.OptionalVersionedTextDocumentIdentifier(uri=snapshot.uri, version=snapshot.version)
    annotations = None
    annotated: list[types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit] = [*edits]
    if client.annotates_edits:
        annotations = {ANNOTATION: types.ChangeAnnotation(label=title, needs_confirmation=False)}
        annotated = [types.AnnotatedTextEdit(ANNOTATION, edit.range, edit.new_text) for edit in edits]
    changed = types.TextDocumentEdit(text_document=document, edits=annotated)
    return types.WorkspaceEdit(document_changes=[changed], change_annotations=annotations)


def _text_edit(change: Part, snapshot: DocumentSnapshot, encoding: Encoding) -> types.TextEdit | None:
    text = with_line_ends(change.text, line_break_at(snapshot.text, change.span.start, change.span.end))
    span, text = minimal_edit(snapshot.text, change.span, text)
    if not text and span.start == span.end:
        return None
    return types.TextEdit(range=range_of(snapshot.text, span, encoding), new_text=text)


def minimal_edit(source: str, span: Span, text: str, keep: int | None = None) -> tuple[Span, str]:
    """Return the smallest replacement with the same outcome, whose span still holds the offset `keep`."""
    start, end = span.start, span.end
    first_kept = end if keep is None or not start <= keep <= end else keep
    last_kept = start if keep is None or not start <= keep <= end else keep
    head = 0
    while start + head < first_kept and head < len(text) and source[start + head] == text[head]:
        head += 1
    if head and (_splits_line_end(source, start + head) or _splits_line_end(text, head)):
        head -= 1
    start, text = start + head, text[head:]
    last_kept = max(last_kept, start)
    tail = 0
    while end - tail > last_kept and tail < len(text) and source[end - tail - 1] == text[-tail - 1]:
        tail += 1
    if tail and (_splits_line_end(source, end - tail) or _splits_line_end(text, len(text) - tail)):
        tail -= 1
    return Span(start, end - tail), text[: len(text) - tail]


def with_line_ends(text: str, line_end: str) -> str:
    """Return the text with each of its line ends replaced by `line_end`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if line_end == "\n" else text.replace("\n", line_end)


def _splits_line_end(text: str, at: int) -> bool:
    r"""Return True between a `\r` and its `\n`, which no position can name."""
    return 0 < at < len(text) and text[at - 1] == "\r" and text[at] == "\n"
