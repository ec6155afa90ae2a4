"""Puts the server together: `create_server` registers the handlers; nothing happens at import time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from dg_lsp import __version__, handlers
from dg_lsp.loading import load_model
from dg_lsp.protocol import Protocol
from dg_lsp.session import OpenFiller, Session
from dg_lsp.translate import ACCEPTED_COMMAND

log = logging.getLogger(__name__)

STATUS = "dgLsp/status"

WorkDoneProgress = types.WorkDoneProgressBegin | types.WorkDoneProgressReport | types.WorkDoneProgressEnd


class Server(LanguageServer):
    """pygls's server with our protocol and without its pop-ups."""

    session: Session

    @property
    def rpc(self) -> Protocol:
        """The protocol object, as the class that it is."""
        return cast(Protocol, self.protocol)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log the kind of error; the client learns of it from the answer, the user from the log."""
        log.error("%s", type(error).__name__)

    def create_progress(self, token: str) -> asyncio.Future[None]:
        """Ask the client for a progress token; pygls's own helper keeps each token for good."""
        params = types.WorkDoneProgressCreateParams(token=token)
        return self.rpc.send_request_async(types.WINDOW_WORK_DONE_PROGRESS_CREATE, params)

    def send_progress(self, token: str, value: WorkDoneProgress) -> None:
        """Send one progress value."""
        self.rpc.notify(types.PROGRESS, types.ProgressParams(token=token, value=value))


def create_server(open_filler: OpenFiller, model: str | None = None) -> Server:
    """Return a server that calls `open_filler(model)` on its own thread, after `initialized`."""
    server = Server("dg-lsp", __version__, protocol_cls=Protocol)
    server.session = session = Session(server, open_filler, model)
    actions = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.RefactorRewrite], resolve_provider=True)
    inline = types.InlineCompletionOptions()  # without options pygls does not advertise the feature
    _register(server, types.INITIALIZE, partial(handlers.initialize, session))
    _register(server, types.INITIALIZED, partial(_initialized, session))
    _register(server, types.SHUTDOWN, partial(_shutdown, session))
    _register(server, types.TEXT_DOCUMENT_DID_OPEN, partial(handlers.did_open, session))
    _register(server, types.TEXT_DOCUMENT_DID_CHANGE, partial(handlers.did_change, session))
    _register(server, types.TEXT_DOCUMENT_DID_CLOSE, partial(handlers.did_close, session))
    _register(server, types.TEXT_DOCUMENT_DID_SAVE, partial(handlers.did_save, session))
    _register(server, types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, partial(handlers.did_change_folders, session))
    completion = partial(handlers.inline_completion, session)
    _register(server, types.TEXT_DOCUMENT_INLINE_COMPLETION, completion, inline)
    _register(server, types.TEXT_DOCUMENT_CODE_ACTION, partial(handlers.code_action, session), actions)
    _register(server, types.CODE_ACTION_RESOLVE, partial(handlers.resolve_code_action, session))
    _register(server, STATUS, partial(handlers.status, session))
    cast(Any, server.command(ACCEPTED_COMMAND))(handlers.accepted)
    return server


def _register(server: Server, method: str, handler: Callable[..., Any], options: object = None) -> None:
    cast(Any, server.feature(method, options))(handler)


def _initialized(session: Session, params: object) -> None:
    if session.loading is not None:
        return
    task = asyncio.get_running_loop().create_task(load_model(session))
    task.add_done_callback(_log_failure)
    session.loading = task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("loading the model ended with %s", type(error).__name__, exc_info=error)


def _shutdown(session: Session, *_: object) -> None:
    session.scheduler.close()
