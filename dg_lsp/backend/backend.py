"""What the server needs of whatever answers: a model in this process, the shared engine, or one behind another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

import msgspec

from dg_lsp.backend.question import Question
from infill.types import Filler

Substitute = Literal["model_loading", "model_failed"]


class ModelFacts(msgspec.Struct, frozen=True):
    """What is known of a model that is open; the same as a `Filler` says."""

    name: str
    device: str
    show_threshold: float  # confidence (0..1) from which a fill is shown that nobody asked for
    takes_instructions: bool
    languages: tuple[str, ...] | None  # ids of those that it was trained on; None: any
    reads_ahead: bool = False  # its prompts are worth reading before a question


class BackendState(msgspec.Struct, frozen=True):
    """What a backend is doing now."""

    loading: bool = False  # the model that answers is on its way, again after it was unloaded
    failure: str | None = None  # why the chosen model does not answer
    unloaded: bool = False  # its memory was given back; the next question loads it again
    substitute: Substitute | None = None  # why the embedded model answers in place of the chosen one
    has_smaller: bool = False  # `prefer_smaller` makes a difference
    shared: bool = False  # the model is in an engine that other windows use too
    clients: int | None = None  # how many windows use the engine; None while there is none
    memory_bytes: int | None = None  # resident, of the engine's process; None for a model in this process


class Backend(Protocol):
    """Answers questions. For the event loop's thread; nothing here blocks, but for `ended`."""

    @property
    def answering(self) -> ModelFacts:
        """Of the model that answers automatic requests now."""
        ...

    @property
    def rewriting(self) -> ModelFacts:
        """Of the model that rewrites now."""
        ...

    @property
    def state(self) -> BackendState: ...

    def submit(self, question: Question) -> None:
        """See to it that the question is answered, once."""
        ...

    def watch(self, on_change: Callable[[], None]) -> None:
        """Have it called when `state` or a model may be another."""
        ...

    def prefer_smaller(self, smaller: bool) -> None:
        """Have the smaller model answer automatic requests, where there is one."""
        ...

    def close(self) -> None:
        """Take no more questions and let go of the model."""
        ...

    def ended(self, grace_s: float) -> bool:
        """Return whether the model's thread has ended, after waiting for it at most `grace_s`. Blocks."""
        ...


OpenBackend = Callable[[], Awaitable[Backend]]


def facts_of(filler: Filler) -> ModelFacts:
    """Return what a filler says of its model."""
    return ModelFacts(
        filler.model_name,
        filler.device,
        filler.show_threshold,
        filler.takes_instructions,
        filler.languages,
        filler.reads_ahead,
    )
