"""JSON-RPC as the specification has it, over pygls: every request answered once, whatever arrives.

pygls 2.1 leaves requests with bad parameters, and requests after `shutdown`, without an answer, keeps
a finished future for each notification, parses nested objects as messages and runs its own copy of
the documents. This class decides for each message what it is before pygls sees it.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeGuard, cast

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.uris import from_fs_path

Message = dict[str, Any]
RequestId = int | str

log = logging.getLogger(__name__)

_WITHOUT_PARAMS = {types.INITIALIZED, types.SHUTDOWN, types.EXIT}  # clients send {}, null or nothing
_OUR_STATE = (
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS,
    types.WINDOW_WORK_DONE_PROGRESS_CANCEL,
)


class Protocol(LanguageServerProtocol):
    """Takes whole message bodies; `on_exit` is called with the exit code that the client asks for."""

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self.on_exit: Callable[[int], None] = lambda _code: None
        self.folder_uris: list[str] = []  # of the workspace, as `initialize` named them
        self._initialized = False
        self._inner: dict[object, asyncio.Task[Any]] = {}  # by a request's id, the command that it waits for
        self._builtin: dict[str, Any] = cast(Any, self.fm).builtin_features
        self._features: dict[str, Any] = cast(Any, self.fm).features
        for method in _OUR_STATE:  # our handlers alone keep the text and the folders
            self._builtin.pop(method, None)

    def receive(self, body: bytes) -> None:
        """Handle one message; anything but a well-formed one costs its sender an error, never the server."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            self._refuse(None, JsonRpcParseError())
            return
        if not isinstance(message, dict):
            self._refuse(None, JsonRpcInvalidRequest("Invalid Request: one object per message, no batches"))
            return
        contextvars.copy_context().run(self._dispatch, cast(Message, message))

    def _dispatch(self, message: Message) -> None:
        msg_id, method = message.get("id"), message.get("method")
        if "method" not in message and ("result" in message or "error" in message):
            self._take_answer(msg_id, message)
        elif not isinstance(method, str) or message.get("jsonrpc") != "2.0":
            self._refuse(msg_id, JsonRpcInvalidRequest())
        elif "id" not in message:
            self._notified(method, message)
        elif not _is_id(msg_id):
            self._refuse(None, JsonRpcInvalidRequest("Invalid Request: no integer or string as id"))
        else:
            self._requested(msg_id, method, message)

    def _requested(self, msg_id: RequestId, method: str, message: Message) -> None:
        try:
            if self._shutdown:
                raise JsonRpcInvalidRequest("Invalid Request: the server is shutting down")
            if not self._initialized and method != types.INITIALIZE:
                raise JsonRpcServerNotInitialized()
            if self._initialized and method == types.INITIALIZE:
                raise JsonRpcInvalidRequest("Invalid Request: initialize was already sent")
            if msg_id in self._request_futures:
                raise JsonRpcInvalidRequest("Invalid Request: a request with this id is still open")
            handler = self._handler(method)
            params = self._params(method, message)
        except JsonRpcException as error:
            self._refuse(msg_id, error)
            return
        self._initialized = True
        self._ctx_msg_id.set(msg_id)
        self._execute_handler(msg_id, handler, partial(self._send_handler_result, msg_id=msg_id), (params,))

    def _notified(self, method: str, message: Message) -> None:
        if method != types.EXIT and (self._shutdown or not self._initialized):
            return
        try:
            params = self._params(method, message)
            if method == types.CANCEL_REQUEST:
                self._cancel(params.id)
            else:
                handler = self._handler(method)
                self._execute_handler(str(uuid.uuid4()), handler, self._check_handler_result, (params,))
        except JsonRpcMethodNotFound:
            log.debug("ignored notification %s", method)
        except JsonRpcInvalidParams as error:
            log.warning("ignored notification %s: %s", method, error.message)

    def _take_answer(self, msg_id: object, message: Message) -> None:
        """Hand the client's answer to whoever asked; late or unknown ones are nothing."""
        future = self._request_futures.get(msg_id) if _is_id(msg_id) else None
        if not _is_id(msg_id) or not isinstance(future, Future):  # ours are futures, theirs are tasks
            return
        del self._request_futures[msg_id]
        self._result_types.pop(msg_id, None)
        if future.cancelled():
            return
        if message.get("error") is not None:
            future.set_exception(JsonRpcException("the client refused"))
        else:
            future.set_result(message.get("result"))

    def _cancel(self, msg_id: RequestId) -> None:
        future = self._inner.get(msg_id) or self._request_futures.get(msg_id)
        if isinstance(future, asyncio.Task):  # not one of ours
            future.cancel()

    def _handler(self, method: str) -> Callable[..., Any]:
        if method.startswith("$/") and method not in self._builtin:
            raise JsonRpcMethodNotFound.of(method)
        return self._get_handler(method)

    def _params(self, method: str, message: Message) -> Any:
        """Return the parameters as the protocol's type; raw for a method that is not in the protocol."""
        if method in _WITHOUT_PARAMS:
            return None
        message_type = self.get_message_type(method)
        if message_type is None:
            return message.get("params")
        try:
            return self._converter.structure(_mended(message), message_type).params
        except Exception as error:  # cattrs and lsprotocol raise many kinds
            log.debug("bad parameters for %s", method, exc_info=True)  # may quote the user's text
            raise JsonRpcInvalidParams(f"Invalid Params: {method}") from error

    def _refuse(self, msg_id: object, error: JsonRpcException) -> None:
        """Answer with an error; the id is null where the sender's cannot be used."""
        log.debug("refused a message: %s", error.message)
        body = {"code": error.code, "message": error.message}
        self._send_data({"jsonrpc": "2.0", "id": msg_id if _is_id(msg_id) else None, "error": body})

    def _execute_handler(
        self,
        msg_id: RequestId,
        handler: Any,
        callback: Any,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """As pygls, but forgets the future when it is done; pygls keeps those of notifications for good."""
        super()._execute_handler(msg_id, handler, callback, args, kwargs)
        future = self._request_futures.get(msg_id)
        if future is not None:
            future.add_done_callback(partial(self._forget, msg_id))
        request = self._ctx_msg_id.get(None)
        if isinstance(future, asyncio.Task) and request is not None and request != msg_id:
            self._inner[request] = future
            future.add_done_callback(lambda _: self._inner.pop(request, None))

    def to_builtins(self, value: Any) -> Any:
        """Return a value of the protocol's types as plain objects."""
        return self._converter.unstructure(value)

    def _forget(self, msg_id: RequestId, future: Future[Any]) -> None:
        if self._request_futures.get(msg_id) is future:
            del self._request_futures[msg_id]

    def _send_handler_result(self, future: Future[Any], *, msg_id: RequestId) -> None:
        """As pygls, but an unforeseen error does not quote our source or the user's text to the client."""
        error = None if future.cancelled() else future.exception()
        if error is None:
            super()._send_handler_result(future, msg_id=msg_id)
            return
        self._forget(msg_id, future)
        if not isinstance(error, JsonRpcException):
            log.error("a request failed with %s; --log-level debug shows where", type(error).__name__)
            log.debug("a request failed", exc_info=error)
            error = JsonRpcInternalError(f"Internal Error: {type(error).__name__}")
        self._refuse(msg_id, error)

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Any:
        """Build the capabilities without the workspace's folders: pygls fails on a URI it cannot parse."""
        root = params.root_uri or (from_fs_path(params.root_path) if params.root_path else None)
        self.folder_uris = [folder.uri for folder in params.workspace_folders or []] or ([root] if root else [])
        params.root_uri = params.root_path = params.workspace_folders = None
        return (yield from super().lsp_initialize(params))

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Any:
        """Cancel what is open; pygls changes the table of futures while it walks over it."""
        if (handler := self._features.get(types.SHUTDOWN)) is not None:
            yield handler, args, None
        for msg_id, future in list(self._request_futures.items()):
            if msg_id != self.msg_id:
                future.cancel()
        self._shutdown = True

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Any:
        """End the process, with code 0 only after `shutdown`."""
        self.on_exit(0 if self._shutdown else 1)


def _mended(message: Message) -> Message:
    """The message with inline completion known where it was named: lsp-mode writes an empty object as null."""
    if message["method"] == types.INITIALIZE:
        document = message["params"]["capabilities"].get("textDocument")
        if document and "inlineCompletion" in document and document["inlineCompletion"] is None:
            document["inlineCompletion"] = {}
    return message


def _is_id(msg_id: object) -> TypeGuard[RequestId]:
    return isinstance(msg_id, int | str) and not isinstance(msg_id, bool)
