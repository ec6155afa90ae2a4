"""A chosen model with the embedded one behind it, which answers while the chosen one cannot.

That is while it loads, when it does not open, and, of automatic requests, while it is too slow (`prefer_smaller`) and
where it would first have to read for too long.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from dg_lsp.backend.backend import Backend, BackendState, ModelFacts, OpenBackend, Substitute
from dg_lsp.backend.question import Answer, Question
from infill.types import NoFill

log = logging.getLogger(__name__)

PATIENCE_S = 2.0  # a model that opens within it needs nobody in its place


class FallbackBackend:
    """A `Backend` over two others; make it with `open_with_fallback`."""

    def __init__(
        self, chosen: asyncio.Task[Backend], open_embedded: OpenBackend, languages: Sequence[str] = ()
    ) -> None:
        self._chosen = chosen
        self._open_embedded, self._languages = open_embedded, languages
        self._opening: asyncio.Task[Backend] | None = None  # of the embedded one
        self._smaller = False
        self._on_change: Callable[[], None] = lambda: None
        chosen.add_done_callback(self._chosen_settled)

    @property
    def answering(self) -> ModelFacts:
        """Of the model that answers automatic requests now."""
        return self._current.answering

    @property
    def rewriting(self) -> ModelFacts:
        """Of the chosen model once it is open."""
        return (self._ready() or self._current).rewriting

    @property
    def state(self) -> BackendState:
        """Of the model that answers now, and why it is not the chosen one."""
        substitute: Substitute | None = None
        if (failure := self._failure()) is not None:
            substitute = "model_failed"
        elif self._ready() is None:
            substitute = "model_loading"
        now = self._current.state
        return msgspec.structs.replace(
            now, substitute=substitute, failure=failure or now.failure, has_smaller=self._ready() is not None
        )

    def submit(self, question: Question) -> None:
        """Have the model answer whose turn it is."""
        chosen, request = self._ready(), question.request
        if request.only_reads:
            if self._knows(request.language):
                self.open_embedded()  # who types before all is read need not wait for it
            _submit_read(chosen, question)
        elif chosen is None or (self._smaller and request.trigger == "automatic" and self._knows(request.language)):
            self._submit_to_embedded(question)
        elif not chosen.answering.reads_ahead:
            if not self._smaller:
                self._leave_embedded()
            chosen.submit(question)
        elif request.trigger == "manual" or request.speculative or not self._knows(request.language):
            chosen.submit(question)
        else:
            self._submit_unless_it_reads(chosen, question)

    def _knows(self, language: str) -> bool:
        """Whether the embedded model can answer in a language: slow answers are better than none."""
        return language in self._languages

    def _submit_to_embedded(self, question: Question) -> None:
        if (embedded := self._embedded()) is not None:
            embedded.submit(question)
        else:
            opening = self.open_embedded()
            opening.add_done_callback(lambda opened: _submit_to(opened, question))

    def _submit_unless_it_reads(self, chosen: Backend, question: Question) -> None:
        """Have the chosen model answer, and the embedded one where that still reads; it knows at once if it does."""
        asked = Question(question.request, question.on_draft, question.owner)
        asked.deadline = question.deadline

        def still_reads(answer: Answer) -> bool:
            return isinstance(answer, NoFill) and answer.reason == "reading"

        def note(answer: Answer) -> None:
            if not still_reads(answer):
                question.on_result(answer)

        def answered(answer: asyncio.Future[Answer]) -> None:
            if still_reads(answer.result()) and not question.token.cancelled:
                self._submit_to_embedded(question)
            else:
                question.resolve(answer.result())

        asked.on_result = note
        asked.answer.add_done_callback(answered)
        question.token.on_cancel(asked.withdraw)
        chosen.submit(asked)

    def watch(self, on_change: Callable[[], None]) -> None:
        """Have it called when something about the models has changed."""
        self._on_change = on_change
        for backend in (_result(self._chosen), self._embedded()):
            if backend is not None:
                backend.watch(self._changed)

    def prefer_smaller(self, smaller: bool) -> None:
        """Have the embedded model answer automatic requests."""
        self._smaller = smaller

    def close(self) -> None:
        """Let go of both, and of a model that still opens when it has."""
        self._on_change = lambda: None
        for opening in (self._opening, self._chosen):
            if opening is not None:
                opening.add_done_callback(_close)

    def ended(self, grace_s: float) -> bool:
        """Return whether the thread of the chosen model has ended. Blocks for at most `grace_s`."""
        chosen = _result(self._chosen)
        return chosen is None or chosen.ended(grace_s)

    def open_embedded(self) -> asyncio.Task[Backend]:
        """Open the embedded model, unless it is on its way."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(_opened(self._open_embedded))
            self._opening.add_done_callback(self._embedded_settled)
        return self._opening

    def _changed(self) -> None:
        self._on_change()

    @property
    def _current(self) -> Backend:
        chosen = self._ready()
        found = self._embedded() if self._smaller or chosen is None else chosen
        return found or self._chosen.result()

    def _failure(self) -> str | None:
        """Why the chosen model did not open."""
        over = self._chosen.done() and not self._chosen.cancelled()
        error = self._chosen.exception() if over else None
        return None if error is None else f"{error}" or type(error).__name__

    def _ready(self) -> Backend | None:
        """The chosen model's backend, if it is open."""
        chosen = _result(self._chosen)
        return None if chosen is None or chosen.state.loading else chosen

    def _embedded(self) -> Backend | None:
        return None if self._opening is None else _result(self._opening)

    def _leave_embedded(self) -> None:
        """Give its memory back."""
        if self._opening is not None:
            self._opening.add_done_callback(_close)
        self._opening = None

    def _chosen_settled(self, chosen: asyncio.Task[Backend]) -> None:
        if (backend := _result(chosen)) is not None:
            backend.watch(self._changed)
        self._on_change()

    def _embedded_settled(self, opening: asyncio.Task[Backend]) -> None:
        if (backend := _result(opening)) is not None:
            backend.watch(self._changed)
        self._on_change()


async def open_with_fallback(
    open_chosen: OpenBackend,
    open_embedded: OpenBackend,
    patience_s: float = PATIENCE_S,
    languages: Sequence[str] = (),
) -> FallbackBackend:
    """Wait a moment for the chosen model; raises what its opening raised when the embedded one fails too.

    `languages` are ids of those in which the embedded one answers where the chosen one still reads.
    """
    chosen = asyncio.ensure_future(_opened(open_chosen))
    backend = FallbackBackend(chosen, open_embedded, languages)
    await asyncio.wait({chosen}, timeout=patience_s)
    if not chosen.done():
        log.info("the model takes long to load")
    if backend._ready() is None:  # pyright: ignore[reportPrivateUsage]
        opening = backend.open_embedded()
        await asyncio.wait({opening})
        if (error := opening.exception()) is not None:
            log.warning("the embedded model does not open: %s", type(error).__name__)
            await chosen
    return backend


async def _opened(open_backend: OpenBackend) -> Backend:
    return await open_backend()


def _result(opening: asyncio.Task[Backend]) -> Backend | None:
    """What was opened, if it was."""
    done = opening.done() and not opening.cancelled() and opening.exception() is None
    return opening.result() if done else None


def _close(opening: asyncio.Task[Backend]) -> None:
    if (backend := _result(opening)) is not None:
        backend.close()


def _submit_read(chosen: Backend | None, question: Question) -> None:
    """Only the chosen model reads ahead."""
    if chosen is not None and chosen.answering.reads_ahead:
        chosen.submit(question)
    else:
        question.resolve(NoFill("model_loading"))


def _submit_to(opening: asyncio.Task[Backend], question: Question) -> None:
    if (backend := _result(opening)) is not None:
        backend.submit(question)
    else:
        question.resolve(NoFill("model_failed", "the embedded model does not open"))
