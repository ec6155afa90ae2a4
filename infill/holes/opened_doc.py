"""Documentation that somebody has just opened: quotes or a comment mark alone on a line, and nothing in it yet."""

from __future__ import annotations

import re

import msgspec

from infill.holes.doc_target import doc_target
from infill.holes.target import SelectionTarget
from infill.syntax.doc_comments import DOC_SYNTAX
from infill.syntax.language_table import Language
from infill.syntax.tree import parse
from infill.types import Completion, FillRequest, RewriteRequest, Span

_STRING = re.compile(r"[rRuU]?(\"\"\"|''')[ \t]*")
_COMMENT = re.compile(r"/\*\*[ \t]*")


class OpenedDoc(msgspec.Struct, frozen=True):
    """What was opened, as a request for all of it; `replaced` and `closing` turn an answer into text at the cursor."""

    request: RewriteRequest
    replaced: Span  # of the document, from the cursor on
    closing: str  # what is not there yet
    n_typed: int  # blanks before the cursor, inside

    def at_cursor(self, completion: Completion) -> Completion:
        """Return the answer as what is to be inserted at the cursor."""
        text = completion.parts[0].text
        text = text[1:] if self.n_typed and text.startswith(" ") else text
        return msgspec.structs.replace(completion, span=self.replaced, text=text + self.closing, parts=())


def opened_doc(request: FillRequest, language: Language) -> OpenedDoc | None:
    """Return what the cursor is in, where that is documentation just opened below or above what it describes."""
    text, offset = request.text, request.offset
    if language.id not in DOC_SYNTAX or not 0 <= offset <= len(text):
        return None
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    end = re.compile(r"[\r\n]|\Z").search(text, offset)
    left, right = text[start:offset].lstrip(), text[offset : end.start() if end else None].strip()
    string = _STRING.fullmatch(left) if language.id == "python" else None
    comment = _COMMENT.fullmatch(left) if language.id != "python" and DOC_SYNTAX[language.id].closing else None
    closing = string[1] if string else "*/" if comment else ""
    if not closing or right not in ("", closing):
        return None
    n_typed = len(left) - len(left.rstrip())
    n_blanks = len(text[offset:]) - len(text[offset:].lstrip(" \t")) if right else 0
    at, inside = offset - n_typed, " " if comment else ""  # a comment without a blank would be none
    target = doc_target(
        parse(language, f"{text[:at]}{inside}{'' if right else closing}{text[offset + n_blanks :]}"), at
    )
    if not isinstance(target, SelectionTarget):
        return None
    if target.in_document(target.selection.end) != at + len(inside + closing):
        return None  # it belongs to other documentation, which these quotes close
    asked = RewriteRequest(
        target.text,
        request.language,
        selection=target.selection,
        frozen=target.frozen,
        documents=True,
        context=request.context,
        seed=request.seed,
        candidates=request.candidates,
        deadline_ms=request.deadline_ms,
        least_confidence=request.least_confidence,
    )
    return OpenedDoc(asked, Span(offset, offset + n_blanks), "" if right else closing, n_typed)
