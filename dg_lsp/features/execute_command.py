"""`workspace/executeCommand`: rewrites as commands, for editors' plugins.

A command takes one object and returns the edit, or why there is none. With `apply` the server asks the client to
apply the edit. Drafts are reported to the `progressToken`, if there is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams, JsonRpcRequestCancelled

from dg_lsp.features.common.rewrite_progress import Token
from dg_lsp.features.common.rewriting import RewriteCommand, Rewritten, rewrite
from dg_lsp.session.session import Session
from dg_lsp.settings import in_words
from infill.holes.target import TargetKind
from infill.pipeline.refine import STRENGTHS, Strength

COMMAND_OF: dict[TargetKind, str] = {
    "rewrite": "dg-lsp.rewrite",
    "refine": "dg-lsp.refine",
    "holes": "dg-lsp.fillHoles",
    "body": "dg-lsp.fillBody",
    "fix": "dg-lsp.fix",
    "docstring": "dg-lsp.docstring",
    "type_hints": "dg-lsp.typeHints",
}
_TITLES: dict[TargetKind, str] = {
    "rewrite": "Rewrite selection",
    "refine": "Refine selection",
    "holes": "Fill all holes in this function",
    "body": "Fill this body",
    "fix": "Fix this",
    "docstring": "Complete docstring",
    "type_hints": "Complete type hints",
}


class Arguments(msgspec.Struct, frozen=True, rename="camel"):
    """The one argument of every command. Without a version the edit is for the document as it is."""

    uri: str
    range: types.Range
    version: int | None = None
    instruction: str | None = None
    diagnostics: tuple[str, ...] = ()
    strength: Strength | Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    apply: bool = False
    progress_token: Token | None = None


def commands(session: Session) -> dict[str, Callable[..., Awaitable[Any]]]:
    """Return the coroutine function of each command by its name."""
    return {name: _cancellable(partial(_run, session, kind)) for kind, name in COMMAND_OF.items()}


async def _run(session: Session, kind: TargetKind, *given: Any) -> dict[str, Any]:
    try:
        arguments = msgspec.convert(given[0] if given else None, Arguments)
    except msgspec.ValidationError as error:
        raise JsonRpcInvalidParams(f"Invalid Params: {COMMAND_OF[kind]}: {in_words(error)}") from None
    title = title_of(session, kind)
    outcome = Rewritten(None, "failed", "The server could not do it; see its log.")
    with session.request(COMMAND_OF[kind]) as request:
        request.outcome = outcome = await _outcome(session, kind, arguments, title)
        if arguments.apply and outcome.value is not None:
            request.outcome = outcome = await _applied(session, title, outcome)
    edit = None if outcome.value is None else session.server.rpc.to_builtins(outcome.value)
    return {"edit": edit, "reason": outcome.reason, "detail": outcome.detail, "title": title, "ms": outcome.ms}


async def _outcome(session: Session, kind: TargetKind, arguments: Arguments, title: str) -> Rewritten:
    snapshot = session.documents.get(arguments.uri)
    if snapshot is None or arguments.version not in (None, snapshot.version):
        return Rewritten.of("document_closed" if snapshot is None else "document_changed")
    strength = STRENGTHS.get(arguments.strength) if isinstance(arguments.strength, str) else arguments.strength
    strength = strength if kind in ("refine", "fix") else None
    wanted = RewriteCommand(
        kind, arguments.range, title, strength, arguments.instruction, diagnostics=arguments.diagnostics
    )
    return await rewrite(session, snapshot, wanted, arguments.progress_token)


async def _applied(session: Session, title: str, outcome: Rewritten) -> Rewritten:
    """Have the client apply the edit; the answer says when it did not."""
    if not session.client.applies_edits:
        return msgspec.structs.replace(outcome, reason="not_applied", detail="The client cannot apply edits.")
    params = types.ApplyWorkspaceEditParams(edit=outcome.value, label=title)  # pyright: ignore[reportArgumentType]
    try:
        answer = await session.server.rpc.send_request_async(types.WORKSPACE_APPLY_EDIT, params)
        taken = bool(answer.applied)
    except JsonRpcException:
        taken = False
    if taken:
        return outcome
    return msgspec.structs.replace(outcome, reason="not_applied", detail="The client did not apply the edit.")


def title_of(session: Session, kind: TargetKind) -> str:
    """Return what users are told that it does."""
    return "Refill selection" if kind == "rewrite" and not session.dispatcher.takes_instructions else _TITLES[kind]


def _cancellable(run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return the command as pygls can cancel it: a cancelled task would leave its request without an answer."""

    async def command(*arguments: Any) -> Any:
        try:
            return await run(*arguments)
        except asyncio.CancelledError:
            raise JsonRpcRequestCancelled("cancelled") from None

    return command
