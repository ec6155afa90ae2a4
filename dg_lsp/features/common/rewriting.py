"""One rewrite, for code actions and commands: find the target, ask the model, turn the answer into an edit.

What prevents an edit is a reason with a sentence for the user. An edit fits the version that was asked about.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import range_of, span_of
from dg_lsp.features.asking import ask, refusal
from dg_lsp.features.common.left_holes import left_detail
from dg_lsp.features.common.lsp_values import with_line_ends, workspace_edit
from dg_lsp.features.common.rewrite_progress import RewriteProgress, Token
from dg_lsp.session.outcome import Outcome
from dg_lsp.session.session import Session
from dg_lsp.session.why import why
from infill.holes.target import SelectionTarget, Target, TargetKind
from infill.pipeline.action_request import Asking, action_request
from infill.syntax.line_breaks import line_break_at
from infill.types import NoFill, Part, Request, Span
from model.config import DEFAULT_NAME

if TYPE_CHECKING:
    from infill.syntax.tree import Syntax

NOT_FOLLOWED = (
    "The model follows no instructions, so yours was not used; "
    f"`infill model fetch {DEFAULT_NAME}` in a terminal gets one that does."
)
_TRIED = frozenset({"nothing_better", "breaks_parse", "empty_fill", "not_confident"})
DOCUMENTED = 4  # times the deadline of an action: a docstring with sections is as long as several answers
_WITHOUT_MESSAGE = frozenset({"cancelled", "filled"})  # the user sees it anyway


class RewriteCommand(msgspec.Struct, frozen=True):
    """What to do with which range; `problem` is the range of the diagnostic that a fix is about."""

    kind: TargetKind
    range: types.Range
    title: str
    strength: float | None = None
    instruction: str | None = None
    problem: types.Range | None = None
    diagnostics: tuple[str, ...] = ()


class Rewritten(Outcome[types.WorkspaceEdit | None], frozen=True):
    """The edit, or why there is none; `detail` is a sentence for the user. It took `ms` milliseconds."""

    ms: float = 0.0

    @classmethod
    def of(cls, reason: str) -> Rewritten:
        """Make one for a reason that came before the model."""
        return cls(None, reason, why(reason))

    @property
    def is_silent(self) -> bool:
        """Whether the user needs no message about it."""
        return self.reason in _WITHOUT_MESSAGE


async def rewrite(
    session: Session, snapshot: DocumentSnapshot, wanted: RewriteCommand, token: Token | None = None
) -> Rewritten:
    """Return the edit, or why there is none; `token` is a progress token of the client's."""
    started = time.perf_counter()
    with RewriteProgress(session, wanted.title, snapshot, token) as progress:
        outcome = refusal(session, snapshot) or await _edit(session, snapshot, wanted, progress)
    detail = _detail(session, wanted, outcome)
    if outcome.value is not None or outcome.reason not in _WITHOUT_MESSAGE:
        session.last_why = None if outcome.value is not None else detail
    ms = round((time.perf_counter() - started) * 1000, 1)
    return Rewritten(outcome.value, outcome.reason, detail, outcome.ignored, outcome.counts, ms)


async def _edit(
    session: Session, snapshot: DocumentSnapshot, wanted: RewriteCommand, progress: RewriteProgress
) -> Outcome[types.WorkspaceEdit | None]:
    encoding = session.documents.encoding
    span = span_of(snapshot.text, wanted.range, encoding)
    problem = span_of(snapshot.text, wanted.problem or wanted.range, encoding)
    found = await session.syntax_thread.ask(snapshot, partial(_target, wanted.kind, span, problem))
    if found is None:
        found = _without_tree(wanted.kind, span, snapshot)
    if not session.documents.is_current(snapshot):
        return Outcome(None, "document_changed")
    if isinstance(found, NoFill):
        return Outcome(None, found.reason, found.detail)
    progress.replaces(range_of(snapshot.text, found.replaced, encoding))
    request = _request(session, snapshot, wanted, found)
    asked = await ask(session, snapshot, "rewrite", request, progress.show)
    if asked.value is None:
        return asked.with_value(None)
    best = asked.value.completions[0]
    changes = found.changes(best)
    if isinstance(found, SelectionTarget) and not best.parts:
        changes = _by_lines(snapshot.text, changes)
    if wanted.kind in ("holes", "type_hints") and isinstance(found, SelectionTarget):
        asked = msgspec.structs.replace(asked, detail=left_detail(snapshot.text, found.left_by(best)))
    return asked.with_value(workspace_edit(changes, snapshot, encoding, session.client, wanted.title))


def _by_lines(text: str, changes: Sequence[Part]) -> tuple[Part, ...]:
    """Return the changes as runs of whole lines, which a client can let its user take one by one."""
    from infill.pipeline.hunks import hunks  # brings tree-sitter

    found: list[Part] = []
    for each in changes:
        new = with_line_ends(each.text, line_break_at(text, each.span.start, each.span.end))
        found += hunks(text, each.span, new, each.confidence)
    return tuple(found)


def _request(session: Session, snapshot: DocumentSnapshot, wanted: RewriteCommand, target: Target) -> Request:
    asking = Asking(wanted.kind, wanted.strength, wanted.instruction, wanted.diagnostics)
    return msgspec.structs.replace(
        action_request(target, snapshot.language_id, asking, session.dispatcher.takes_instructions),
        context=session.context.of(snapshot.uri),
        deadline_ms=session.settings.manual_deadline_ms * (DOCUMENTED if wanted.kind == "docstring" else 1),
    )


def _target(kind: TargetKind, span: Span, problem: Span, syntax: Syntax) -> Target | NoFill:
    """Find what to rewrite; for the syntax thread."""
    from infill.holes.find_target import find_target

    return find_target(syntax, kind, span, problem)


def _without_tree(kind: TargetKind, span: Span, snapshot: DocumentSnapshot) -> Target | NoFill:
    """A selection needs no tree to be found; whether the language is known is for the filler to say."""
    if kind in ("rewrite", "refine") and snapshot.text[span.start : span.end].strip():
        return SelectionTarget(snapshot.text, selection=span)
    return NoFill("no_target", "the text is too long, or its language has no grammar here")


def _detail(session: Session, wanted: RewriteCommand, outcome: Outcome[object]) -> str:
    refilled = wanted.kind == "rewrite" and not session.dispatcher.takes_instructions
    if outcome.reason == "filled":
        return NOT_FOLLOWED if refilled else outcome.detail
    said = why(outcome.reason, outcome.detail, outcome.ignored)
    return f"{said} {NOT_FOLLOWED}" if refilled and wanted.instruction and outcome.reason in _TRIED else said
