"""The values that flow through a fill: plain frozen data, no behaviour beyond a length.

Offsets count characters (Unicode code points) of the text, half-open, from 0. Broken code, a timeout,
a cancel and an unsure model are values here (`NoFill` with a named reason), not exceptions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Protocol

import msgspec

from model.types import CancelToken

HoleKind = Literal["token", "line_end", "block", "between", "selection", "marker"]
Trigger = Literal["automatic", "manual"]
# usual: a type that often stands there; suggested: what was shown before, as far as it may still be meant
Source = Literal["diffusion", "left_to_right", "nearby", "cut_back", "usual", "suggested", "word"]
Reason = Literal[
    "ignored_file",  # a rule says that it may not be read, see infill.ignore.rules
    "unknown_language",  # no grammar for this file
    "untrained_language",  # the loaded model was not trained on this language
    "in_comment",
    "in_string",
    "word_to_the_right",
    "file_too_large",
    "generated_file",  # mean line length over 240
    "blank_line",  # the model writes there only when it is asked, and the file says nothing
    "selection_too_long",  # for the model, see ModelInfo.max_selection_tokens
    "no_target",  # nothing of the wanted kind is there
    "empty_fill",
    "nothing_better",  # refine: the present text is the most probable
    "breaks_parse",  # no candidate keeps the file parsing
    "not_confident",
    "cancelled",
    "superseded",
    "deadline",
    "model_loading",
    "model_failed",
    "server_failed",  # that the model runs in; the detail names its URL and what to do
]

# Told before the model does anything.
REFUSALS: frozenset[Reason] = frozenset(
    ("ignored_file", "unknown_language", "untrained_language", "in_comment", "in_string", "word_to_the_right",
     "file_too_large", "generated_file", "blank_line", "selection_too_long", "no_target", "model_loading",
     "model_failed")
)  # fmt: skip


MAX_PATH_CHARS = 500
MAX_EXCERPT_CHARS = 3_000
MAX_EXCERPTS = 32
MAX_TEXT_CHARS = 256_000


class InputError(Exception):
    """The user's input cannot be used; the message names the thing and the remedy in one line."""


class Span(msgspec.Struct, frozen=True):
    """Half-open range of character offsets."""

    start: int
    end: int


class Hole(msgspec.Struct, frozen=True):
    """What is to be filled: `span` is replaced (empty at a cursor), `indent` is that of its line.

    `multiline` says whether the fill may contain a line break.
    """

    span: Span
    kind: HoleKind
    indent: str
    multiline: bool


class Excerpt(msgspec.Struct, frozen=True):
    """A piece of another file of the same language; `path` is as the model sees it, from the project's folder on."""

    path: Annotated[str, msgspec.Meta(max_length=MAX_PATH_CHARS)]
    text: Annotated[str, msgspec.Meta(max_length=MAX_EXCERPT_CHARS)]
    recent: bool = False  # where the user was lately, and not what the file imports


_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARS)]


class Context(msgspec.Struct, frozen=True):
    """What other files say: for the prompt in excerpts, for lines like this one whole.

    Those excerpts come first that change least, recent ones last, the newest at the end. `texts` are of the same
    language, with LF for line breaks.
    """

    excerpts: Annotated[tuple[Excerpt, ...], msgspec.Meta(max_length=MAX_EXCERPTS)] = ()
    texts: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=MAX_EXCERPTS)] = ()


class FillRequest(msgspec.Struct, frozen=True):
    """One question: this text, this place, this urgency. Exactly one of offset and selection is set."""

    text: str
    language: str  # our language id or the protocol's, see infill.syntax.languages
    offset: int | None = None
    selection: Span | None = None
    frozen: tuple[Span, ...] = ()  # parts of the selection that come back character for character
    strength: float | None = None  # refine: the share (0..1) of the selection's tokens that is noised anew
    instruction: str | None = None  # for a model that takes instructions
    diagnostics: tuple[str, ...] = ()  # of the selection, for the same
    fixes: bool = False  # what those report: with a model that reads no text of ours a refinement is a rewrite
    context: Context = Context()
    suggested: str | None = None  # what was last shown for this hole, less what the user has typed of it
    trigger: Trigger = "manual"
    candidates: int = 1
    seed: int = 0
    deadline_ms: float | None = None
    max_steps: int | None = None  # of denoising a hole; None: as many as the model takes
    least_confidence: float = 0.0  # 0..1: there is no answer below it
    speculative: bool = False  # nobody waits for the answer: it gives way to every other question


class Part(msgspec.Struct, frozen=True):
    """One segment of a rewrite that came out different: replace `span` by `text`, which is so sure (0..1) by itself."""

    span: Span
    text: str
    confidence: float = 1.0


class Completion(msgspec.Struct, frozen=True):
    """A fill that passed the gate: replace `span` by `text`.

    `confidence` (0..1) is the probability that the causal encoder gives the text, or what is new in it where
    there are `parts`; `token_texts` and `token_entropies` (nats) run in parallel. `parts` say the same segment
    by segment, in order: everything between them is as it was. `n_left` placeholders stay where something was to come.
    """

    span: Span
    text: str
    confidence: float
    token_texts: tuple[str, ...]
    token_entropies: tuple[float, ...]
    steps: int
    stop_reason: str
    source: Source
    parts: tuple[Part, ...] = ()
    n_left: int = 0


class Draft(msgspec.Struct, frozen=True):
    """What stands in the hole after a denoising step (`step` of at most `max_steps`), frozen parts included."""

    text: str
    step: int
    max_steps: int


class NoFill(msgspec.Struct, frozen=True, tag="no_fill"):
    """Nothing to show, and why."""

    reason: Reason
    detail: str = ""
    hole: Hole | None = None
    timings_ms: dict[str, float] = {}
    steps: int = 0  # of denoising, where they led to a completion


class Filled(msgspec.Struct, frozen=True, tag="filled"):
    """At least one completion, best first."""

    hole: Hole
    completions: tuple[Completion, ...]
    seed: int
    timings_ms: dict[str, float] = {}
    steps: int = 0  # of denoising, whatever the completions came from


OnDraft = Callable[[Draft], None]


class Filler(Protocol):
    """What the server and the command line need of the pipeline. Blocking; one thread at a time."""

    @property
    def model_name(self) -> str: ...

    @property
    def show_threshold(self) -> float:
        """Confidence from which a fill is shown unasked."""
        ...

    @property
    def languages(self) -> tuple[str, ...] | None:
        """Language ids, ours and the protocol's, of what the model was trained on; None: any."""
        ...

    @property
    def takes_instructions(self) -> bool:
        """Whether `FillRequest.instruction` means anything to the model."""
        ...

    @property
    def device(self) -> str:
        """Where the model computes, as torch calls it."""
        ...

    def fill(self, request: FillRequest, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        """Answer one request; `on_draft` hears of every denoising step of a selection or a body."""
        ...
