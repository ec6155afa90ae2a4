"""What can be done to a selection or at a cursor, before it is an entry of the protocol's list.

An entry is only worth its line where it applies and could help: so a single word is offered no rewrite, and a hint of
a linter that something is unused is offered no fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import span_of
from dg_lsp.features.execute_command import title_of
from dg_lsp.session.session import Session
from infill.holes.stubs import is_stub
from infill.holes.target import TargetKind
from infill.pipeline.refine import STRENGTHS
from infill.types import Span

if TYPE_CHECKING:
    from infill.syntax.tree import Syntax

REWRITE = types.CodeActionKind.RefactorRewrite.value
QUICK_FIX = types.CodeActionKind.QuickFix.value
MAX_FIXES = 3
MAX_MESSAGE = 60  # characters of a diagnostic in a title
REFILL = "Refill selection"

_ONE_WORD = re.compile(r"\s*\w*\s*")
_OF_TREE: tuple[TargetKind, ...] = ("body", "holes", "docstring", "type_hints")


class Offer(msgspec.Struct, frozen=True):
    """One entry of the list; with `asks` the client asks the user for an instruction before it asks for the edit."""

    kind: TargetKind
    action_kind: str
    title: str
    strength: float | None = None
    diagnostic: types.Diagnostic | None = None
    asks: bool = False


async def offers(session: Session, snapshot: DocumentSnapshot, params: types.CodeActionParams) -> list[Offer]:
    """Return what applies and is wanted, in the order of the list; nothing where the text changed meanwhile."""
    encoding = session.documents.encoding
    span = span_of(snapshot.text, params.range, encoding)
    diagnostics = _to_fix(params)
    problems = [span_of(snapshot.text, each.range, encoding) for each in diagnostics]
    of_tree: Sequence[TargetKind] = ()
    fixable: Sequence[bool] = ()
    if diagnostics or any(_is_wanted(params, rewrite_kind(kind)) for kind in _OF_TREE):
        found = await session.syntax_thread.ask(snapshot, partial(_look, span, problems))
        if not session.documents.is_current(snapshot):
            return []
        of_tree, fixable = found or ((), ())
    if is_stub(snapshot.uri):
        of_tree = [kind for kind in of_tree if kind not in ("body", "holes")]
    fixes = [each for each, can in zip(diagnostics, fixable, strict=False) if can]
    every = [
        *(Offer(kind, rewrite_kind(kind), title_of(session, kind)) for kind in of_tree),
        *_of_selection(session, snapshot.text[span.start : span.end]),
        *(Offer("fix", QUICK_FIX, _title_of_fix(session, each), diagnostic=each) for each in fixes[:MAX_FIXES]),
    ]
    return [offer for offer in every if _is_wanted(params, offer.action_kind)]


def _of_selection(session: Session, selected: str) -> Iterator[Offer]:
    if _ONE_WORD.fullmatch(selected):
        return
    asks = session.dispatcher.takes_instructions and session.client.asks_how
    title = f"{title_of(session, 'rewrite')}…" if asks else REFILL
    yield Offer("rewrite", rewrite_kind("rewrite"), title, asks=asks)
    for name, strength in STRENGTHS.items():
        yield Offer("refine", f"{rewrite_kind('refine')}.{name}", f"{title_of(session, 'refine')} ({name})", strength)


def _to_fix(params: types.CodeActionParams) -> list[types.Diagnostic]:
    """Return the diagnostics that report a fault, each message at a place once: two servers may report the same."""
    if not _is_wanted(params, QUICK_FIX):
        return []
    by_place: dict[tuple[str, int, int], types.Diagnostic] = {}
    for each in params.context.diagnostics:
        if each.severity != types.DiagnosticSeverity.Hint:
            start = each.range.start
            by_place.setdefault((in_one_line(each), start.line, start.character), each)
    return list(by_place.values())


def _title_of_fix(session: Session, diagnostic: types.Diagnostic) -> str:
    message = in_one_line(diagnostic)
    short = message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1].rstrip() + "…"
    return f"{title_of(session, 'fix')}: {short}"


def in_one_line(diagnostic: types.Diagnostic) -> str:
    """Return the message of a diagnostic without line breaks."""
    return " ".join(str(diagnostic.message).split())


def rewrite_kind(kind: TargetKind) -> str:
    """Return the code action kind of a target's kind."""
    return f"{REWRITE}.dg-lsp.{kind}"


def _look(span: Span, problems: Sequence[Span], syntax: Syntax) -> tuple[list[TargetKind], list[bool]]:
    """Find what applies, and which problems have a statement to fix; for the syntax thread."""
    from infill.holes.offered import is_fixable, offered

    return offered(syntax, span), [is_fixable(syntax, span, problem) for problem in problems]


def _is_wanted(params: types.CodeActionParams, kind: str) -> bool:
    """Whether the client asked for this kind, for one above it, or for anything."""
    wanted = params.context.only
    if wanted is None:
        return True
    names = (only.value if isinstance(only, types.CodeActionKind) else only for only in wanted)
    return any(f"{kind}.".startswith(f"{name}.") for name in names)
