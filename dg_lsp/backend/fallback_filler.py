"""A filler for a chosen model with the embedded one behind it, which answers while the chosen one cannot.

That is while it loads, when it does not open, and, of automatic requests, while it is too slow (`smaller`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from dg_lsp.engine.client import SharedFiller
from infill.types import Filled, Filler, FillRequest, NoFill, OnDraft
from model.types import CancelToken

log = logging.getLogger(__name__)

PATIENCE_S = 2.0  # a model that opens within it needs nobody in its place

Open = Callable[[], Filler]


class StandIn:
    """A `Filler` for one thread, which makes it; the chosen model opens on a thread of its own."""

    def __init__(self, open_chosen: Open, open_embedded: Open, patience_s: float = PATIENCE_S) -> None:
        """Wait a moment for the chosen model; raises what its opening raised when the embedded one fails too."""
        self.smaller = False  # may be set from any thread
        self._chosen: Future[Filler] = Future()
        self._open_embedded = open_embedded
        self._embedded: Filler | None = None
        self._on_news: Callable[[], None] = lambda: None
        threading.Thread(target=self._open, args=(open_chosen,), name="dg-lsp-opening", daemon=True).start()
        try:
            self._chosen.exception(patience_s)
        except TimeoutError:
            log.info("the model takes long to load")
        if self._ready() is None:
            try:
                self._embedded = open_embedded()
            except Exception as error:
                log.warning("the embedded model does not open: %s", type(error).__name__)
                self._chosen.result()

    @property
    def loading(self) -> bool:
        """Whether the chosen model is on its way, for the first time or after it was unloaded."""
        return self.failure is None and self._ready() is None

    @property
    def chosen_is_open(self) -> bool:
        """Whether there is a choice between the two."""
        return self._ready() is not None

    @property
    def failure(self) -> str | None:
        """Why the chosen model did not open."""
        error = self._chosen.exception() if self._chosen.done() else None
        return None if error is None else f"{error}" or type(error).__name__

    @property
    def current(self) -> Filler:
        """The filler that answers automatic requests now."""
        chosen = self._ready()
        found = self._embedded if self.smaller or chosen is None else chosen
        return found or self._chosen.result()

    @property
    def model_name(self) -> str:
        """Of the model that answers now."""
        return self.current.model_name

    @property
    def show_threshold(self) -> float:
        """Of the model that answers now."""
        return self.current.show_threshold

    @property
    def takes_instructions(self) -> bool:
        """Of the model that rewrites now: the chosen one once it is open."""
        return (self._ready() or self.current).takes_instructions

    @property
    def device(self) -> str:
        """Of the model that answers now."""
        return self.current.device

    @property
    def languages(self) -> tuple[str, ...] | None:
        """Of the model that rewrites now."""
        return (self._ready() or self.current).languages

    def watch(self, on_news: Callable[[], None]) -> None:
        """Have it called, on any thread, when something about the models has changed."""
        self._on_news = on_news
        self._chosen.add_done_callback(lambda _: on_news())
        for filler in (self._ready(), self._embedded):
            self._watch(filler)

    def fill(self, request: FillRequest, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        """Answer one request with the model whose turn it is."""
        return self._whose(request).fill(request, cancel, on_draft)

    def _whose(self, request: FillRequest) -> Filler:
        chosen = self._ready()
        if chosen is not None and not (self.smaller and request.trigger == "automatic"):
            if not self.smaller:
                self._leave_embedded()
            return chosen
        if self._embedded is None:
            self._embedded = self._open_embedded()
            self._watch(self._embedded)
            self._on_news()
        return self._embedded

    def close(self) -> None:
        """Leave the engines of both, that of a model that still opens when it has."""
        self._leave_embedded()
        self._chosen.add_done_callback(lambda opened: None if opened.exception() else _close(opened.result()))

    def _leave_embedded(self) -> None:
        """Give its memory back."""
        if self._embedded is not None:
            _close(self._embedded)
        self._embedded = None

    def _ready(self) -> Filler | None:
        """The chosen model's filler, if it is open."""
        if not self._chosen.done() or self._chosen.exception() is not None:
            return None
        chosen = self._chosen.result()
        return None if isinstance(chosen, SharedFiller) and chosen.loading else chosen

    def _watch(self, filler: Filler | None) -> None:
        if isinstance(filler, SharedFiller):
            filler.watch(lambda: self._on_news())

    def _open(self, open_chosen: Open) -> None:
        try:
            filler = open_chosen()
        except (Exception, SystemExit) as error:
            log.debug("opening the model failed", exc_info=True)
            self._chosen.set_exception(error)
        else:
            self._watch(filler)
            self._chosen.set_result(filler)


def _close(filler: Filler) -> None:
    if isinstance(filler, SharedFiller):
        filler.close()
