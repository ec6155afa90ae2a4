"""What one client's session holds, shared by the handlers; and the one log line per request.

The log line carries counts, times and reasons. The user's text never goes above DEBUG.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dg_lsp.backend.backend import Backend
from dg_lsp.backend.dispatcher import Dispatcher
from dg_lsp.backend.load_shedding import LoadShedder
from dg_lsp.documents.documents import Documents, DocumentSnapshot
from dg_lsp.documents.notebooks import ModelText, Notebooks, text_with_cells
from dg_lsp.fetching.default_model import DefaultModel
from dg_lsp.session.client_features import ClientFeatures
from dg_lsp.session.cursors import Cursors
from dg_lsp.session.debounce import Debounce
from dg_lsp.session.outcome import OpenRequest
from dg_lsp.session.related_files import RelatedFiles
from dg_lsp.session.suggestions import SuggestionCache, typed_on
from dg_lsp.session.syntax_thread import SyntaxThread
from dg_lsp.session.trust import judge_cell, judge_document
from dg_lsp.settings import EngineChoice, Settings, engine_choice
from dg_lsp.stats.counting import UsageStats
from infill.ignore.rules import IgnoreRules, Verdict
from infill.types import Filled, NoFill
from model.config import EMBEDDED, folder_of
from model.types import OnBytes

if TYPE_CHECKING:
    from dg_lsp.rpc.client import Client

log = logging.getLogger(__name__)

OpenModel = Callable[[EngineChoice, OnBytes], Awaitable[Backend]]


class OpenFill(msgspec.Struct, frozen=True):
    """A question on its way that nobody asked for by hand: its text, the cursor, and what will be the answer."""

    text: str
    offset: int
    answer: asyncio.Task[Filled | NoFill]
    asked_at: float  # of time.monotonic()

    def may_fit(self, text: str, offset: int) -> bool:
        """Whether what was typed since could be the beginning of the answer."""
        return typed_on(self.text, self.offset, text, offset)


class Session:
    """Documents, settings, the dispatcher and what was last said to the user."""

    def __init__(
        self,
        server: Client,
        open_model: OpenModel,
        given: Mapping[str, object] | None = None,
        fetch_command: Sequence[str] | None = None,
    ) -> None:
        self.server = server
        self.default_model = DefaultModel(fetch_command)
        self.fetch_token: str | None = None  # of the progress of its fetch
        self.documents = Documents()
        self.notebooks = Notebooks()
        self.dispatcher = Dispatcher()
        self.syntax_thread = SyntaxThread()
        self.context = RelatedFiles(self.documents, self.syntax_thread)
        self.debounce = Debounce()
        self.suggestions = SuggestionCache()
        self.cursors = Cursors()
        self.usage = UsageStats()
        self.load_shedder = LoadShedder()
        self.warned_too_slow = False
        self.changed: Callable[[], None] = lambda: None  # what a status bar shows may be another
        self.open_fills: dict[str, OpenFill] = {}  # by document: the question that typing asked
        self.rewrites: dict[int | str, str] = {}  # by progress token, the document that is being rewritten
        self.settings = Settings()
        self.options: object = None  # initializationOptions
        self.setting_problems: list[str] = []
        self.n_pulls = self.newest_pull = 0  # of the configuration: asked for, taken
        self.folders: list[str] = []  # of the workspace
        self.rules = IgnoreRules()
        self.client = ClientFeatures(types.ClientCapabilities())
        self.client_process_id: int | None = None  # only when it can be seen to run from here
        self.loading: asyncio.Task[None] | None = None
        self.opened_for: EngineChoice | None = None  # what `engine` was then
        self.bytes_loaded: tuple[int, int] | None = None  # of the model that loads or last did: in place, and all
        self.last_reason: str | None = None
        self.last_silence: str | None = None  # why ghost text was last not shown
        self.last_why: str | None = None  # a sentence about the last request, where it got nothing
        self.last_model: str | None = None  # name of the model that last answered
        self.last_ms: float | None = None
        self.last_ignored: Verdict | None = None
        self._named: set[str] = set()  # problems that the user was told of
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly
        self._open_model = open_model
        self._given = given  # on the command line, by a setting's name

    @property
    def engine(self) -> EngineChoice:
        """The model that the command line and the settings ask for."""
        choice = engine_choice(self.settings, self._given)
        names_none = choice.spec.model is None and choice.spec.engine == "local"
        return msgspec.structs.replace(choice, fetched=names_none and folder_of(choice.spec) != EMBEDDED)

    async def open_backend(self) -> Backend:
        """Open the model that the settings ask for."""
        self.bytes_loaded = None
        return await self._open_model(self.engine, self._on_bytes)

    def _on_bytes(self, done: int, total: int) -> None:
        self.bytes_loaded = done, total  # at once, for whatever thread looks

    def leave_model(self) -> Dispatcher:
        """Answer what is open and forget what the model said; return its dispatcher, whose thread ends soon."""
        left, self.dispatcher = self.dispatcher, Dispatcher()
        self.dispatcher.n_asked, self.dispatcher.n_speculative = left.n_asked, left.n_speculative
        self.dispatcher.on_change, self.load_shedder = left.on_change, LoadShedder()
        self.suggestions = SuggestionCache()
        left.close()
        return left

    def end(self) -> None:
        """Answer what is open, and end what runs for this session alone."""
        self.dispatcher.close()
        self.default_model.cancel()

    def set_folders(self, folders: list[str]) -> None:
        """Take the workspace's folders, for the rules and for what may be read as context."""
        self.folders = folders
        self.context.set_folders(folders, self.settings.trusted, self.settings.context)
        self.rules = IgnoreRules(folders, trusted=self.settings.trusted)

    def judge(self, uri: str) -> Verdict:
        """Return whether the text of a document may be used."""
        notebook = self.notebooks.notebook_of(uri)
        return judge_document(uri, self.rules) if notebook is None else judge_cell(uri, notebook, self.rules)

    def model_text(self, snapshot: DocumentSnapshot) -> ModelText:
        """Return what the model reads of a document: its text, for a notebook's cell with the cells around it."""
        if self.notebooks.notebook_of(snapshot.uri) is None:
            return ModelText("", snapshot.text, "")
        notebook_path = snapshot.uri.partition("#")[0]

        def other_cell(uri: str) -> DocumentSnapshot | None:
            is_near = uri.partition("#")[0] == notebook_path  # the same verdict
            return self.documents.get(uri) if is_near or self.judge(uri).allowed else None

        return text_with_cells(snapshot, self.notebooks.around(snapshot.uri), other_cell)

    def hold(self, task: asyncio.Task[None]) -> None:
        """Hold a task that nobody awaits until it is done; log it when it fails."""
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task ended with %s; --log-level debug shows where", type(error).__name__)
            log.debug("a task failed", exc_info=error)  # may quote the user's text

    async def register(self, method: str, options: object) -> None:
        """Have the client send a method's messages, which it says it can be asked for while it runs."""
        registration = types.Registration(id=f"dg-lsp-{uuid.uuid4()}", method=method, register_options=options)
        params = types.RegistrationParams(registrations=[registration])
        with suppress(JsonRpcException):
            await self.server.rpc.send_request_async(types.CLIENT_REGISTER_CAPABILITY, params)

    def name_problems(self) -> None:
        """Tell the user of the problems with settings that he was not told of before."""
        new = [problem for problem in self.setting_problems if problem not in self._named]
        self._named |= set(new)
        if new:
            self.tell(types.MessageType.Warning, "dg-lsp: " + "; ".join(new))

    def tell_once(self, problem: str) -> None:
        """Show one warning to the user, unless he was told the same before."""
        if problem not in self._named:
            self._named.add(problem)
            self.tell(types.MessageType.Warning, f"dg-lsp: {problem}")

    def tell(self, kind: types.MessageType, message: str) -> None:
        """Show one message to the user."""
        self.server.window_show_message(types.ShowMessageParams(type=kind, message=message))

    @contextmanager
    def request(self, name: str) -> Generator[OpenRequest]:
        """Log one line about a request when it ends; our own errors end here, the caller answers nothing."""
        request = OpenRequest()
        started = time.perf_counter()
        try:
            yield request
        except Exception as error:
            request.end(f"internal_error {type(error).__name__}")
            log.error("%s: %s; --log-level debug shows where", name, request.outcome.reason)
            log.debug("%s failed", name, exc_info=True)  # may quote the user's text
        except BaseException:
            request.end("cancelled")
            raise
        finally:
            outcome = request.outcome
            self.last_reason, self.last_ignored = outcome.reason, outcome.ignored
            self.last_ms = round((time.perf_counter() - started) * 1000, 1)
            counts = " ".join(f"{key}={value}" for key, value in {**request.counts, **outcome.counts}.items())
            log.info("%s ms=%.1f reason=%s %s", name, self.last_ms, outcome.reason, counts)
