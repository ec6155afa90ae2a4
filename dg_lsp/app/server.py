"""Puts the server together: `create_server` registers the handlers; nothing happens at import time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from dg_lsp import __version__
from dg_lsp.features import code_action as actions
from dg_lsp.features import completion as completion_list
from dg_lsp.features import completion_events as events
from dg_lsp.features import configuration, text_sync
from dg_lsp.features import notebook_sync as notebook_events
from dg_lsp.features.common.lsp_values import ACCEPTED_COMMAND
from dg_lsp.features.common.read_ahead import DID_MOVE_CURSOR, did_move_cursor, gathered
from dg_lsp.features.execute_command import commands
from dg_lsp.features.fetch_model import fetch_commands
from dg_lsp.features.initialize import initialize
from dg_lsp.features.inline_completion import inline_completion
from dg_lsp.features.offer_model import watch_default_model
from dg_lsp.features.progress_cancel import cancel_progress
from dg_lsp.features.status import status
from dg_lsp.features.status_news import StatusNews
from dg_lsp.features.workspace_folders import did_change_workspace_folders
from dg_lsp.rpc.client import WorkDoneProgress
from dg_lsp.rpc.protocol import Protocol
from dg_lsp.session.session import OpenModel, Session

log = logging.getLogger(__name__)

STATUS = "dgLsp/status"


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

    def send_progress(self, token: int | str, value: WorkDoneProgress) -> None:
        """Send one progress value."""
        self.rpc.notify(types.PROGRESS, types.ProgressParams(token=token, value=value))


def create_server(
    open_model: OpenModel,
    given: Mapping[str, object] | None = None,
    fetch_command: Sequence[str] | None = None,
) -> Server:
    """Return a server that calls `open_model` after `initialized`.

    `given` are settings of the command line, which win over the editor's; `fetch_command` fetches the default model.
    """
    notebooks = notebook_events.sync_options()
    server = Server("dg-lsp", __version__, protocol_cls=Protocol, notebook_document_sync=notebooks)
    server.session = session = Session(server, open_model, given, fetch_command)
    session.changed = session.dispatcher.on_change = StatusNews(session).changed
    session.context.on_gathered = partial(gathered, session)
    kinds = [types.CodeActionKind.RefactorRewrite, types.CodeActionKind.QuickFix]
    offered = types.CodeActionOptions(code_action_kinds=kinds, resolve_provider=True)
    inline = types.InlineCompletionOptions()  # without options pygls does not advertise the feature
    _register(server, types.INITIALIZE, partial(_initialize, server))
    _register(server, types.INITIALIZED, partial(_initialized, session))
    _register(server, types.SHUTDOWN, partial(_shutdown, session))
    _register(server, types.TEXT_DOCUMENT_DID_OPEN, partial(text_sync.did_open, session))
    _register(server, types.TEXT_DOCUMENT_DID_CHANGE, partial(text_sync.did_change, session))
    _register(server, types.TEXT_DOCUMENT_DID_CLOSE, partial(text_sync.did_close, session))
    _register(server, types.TEXT_DOCUMENT_DID_SAVE, partial(text_sync.did_save, session))
    _register(server, types.NOTEBOOK_DOCUMENT_DID_OPEN, partial(notebook_events.did_open, session))
    _register(server, types.NOTEBOOK_DOCUMENT_DID_CHANGE, partial(notebook_events.did_change, session))
    _register(server, types.NOTEBOOK_DOCUMENT_DID_CLOSE, partial(notebook_events.did_close, session))
    _register(server, types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, partial(did_change_workspace_folders, session))
    changed = partial(configuration.did_change_configuration, session)
    _register(server, types.WORKSPACE_DID_CHANGE_CONFIGURATION, changed)
    completion = partial(inline_completion, session)
    _register(server, types.TEXT_DOCUMENT_INLINE_COMPLETION, completion, inline)
    _register(server, types.TEXT_DOCUMENT_CODE_ACTION, partial(actions.code_action, session), offered)
    _register(server, types.CODE_ACTION_RESOLVE, partial(actions.resolve_code_action, session))
    _register(server, STATUS, partial(status, session))
    _register(server, DID_MOVE_CURSOR, partial(did_move_cursor, session))
    _register(server, events.DID_SHOW, partial(events.did_show, session))
    _register(server, events.DID_PARTIALLY_ACCEPT, partial(events.did_partially_accept, session))
    _register(server, types.WINDOW_WORK_DONE_PROGRESS_CANCEL, partial(cancel_progress, session))
    all_commands = {ACCEPTED_COMMAND: events.accepted(session)} | commands(session) | fetch_commands(session)
    for name, command in all_commands.items():
        cast(Any, server.command(name))(command)
    return server


def _register(server: Server, method: str, handler: Callable[..., Any], options: object = None) -> None:
    cast(Any, server.feature(method, options))(handler)


def _initialize(server: Server, params: types.InitializeParams) -> None:
    """Settle the session; what a setting switches on is advertised only then."""
    session = server.session
    initialize(session, params)
    if not session.client.inline_completion:
        offered = types.CompletionOptions()
        _register(server, types.TEXT_DOCUMENT_COMPLETION, partial(completion_list.completion, session), offered)


def _initialized(session: Session, params: object) -> None:
    if session.loading is not None:
        return
    loop = asyncio.get_running_loop()
    session.loading = loop.create_task(configuration.begin(session))
    session.hold(session.loading)
    if session.default_model.is_missing:
        session.hold(loop.create_task(watch_default_model(session)))


def _shutdown(session: Session, *_: object) -> None:
    session.end()
    session.syntax_thread.close()
