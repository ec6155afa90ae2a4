"""The values that flow through a fill: plain frozen data, no behaviour beyond a length.

Offsets count characters (Unicode code points) of the text, half-open, from 0. Broken code, a timeout,
a cancel and an unsure model are values here (`NoFill` with a named reason), not exceptions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, Protocol

import msgspec

from infill.reasons import REFUSALS as REFUSALS
from infill.reasons import Reason as Reason
from model.types import CancelToken

HoleKind = Literal["token", "line_end", "block", "between", "selection", "marker"]
Trigger = Literal["automatic", "manual"]
# usual: a type that is frequent in the language; suggested: what was shown before, less what was typed of it
Source = Literal["diffusion", "left_to_right", "nearby", "cut_back", "usual", "suggested", "word"]


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
    """A part of another file of the same language; `path` is relative to the project's folder, as the model sees it."""

    path: Annotated[str, msgspec.Meta(max_length=MAX_PATH_CHARS)]
    text: Annotated[str, msgspec.Meta(max_length=MAX_EXCERPT_CHARS)]
    recent: bool = False  # from a file that the user visited lately; else from one that is imported


_Path = Annotated[str, msgspec.Meta(max_length=MAX_PATH_CHARS)]
_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARS)]


class Context(msgspec.Struct, frozen=True):
    """Other files of the project: `excerpts` for the prompt, and whole `texts` to look for similar lines in.

    Excerpts that change least come first, recent ones last, the newest at the end. `texts` are of the same
    language, with LF for line breaks; `text_paths` are theirs, and `path` is that of the file itself, both below the
    project's folder.
    """

    excerpts: Annotated[tuple[Excerpt, ...], msgspec.Meta(max_length=MAX_EXCERPTS)] = ()
    texts: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=MAX_EXCERPTS)] = ()
    text_paths: Annotated[tuple[_Path, ...], msgspec.Meta(max_length=MAX_EXCERPTS)] = ()
    path: _Path = ""


class _BaseRequest(msgspec.Struct, frozen=True):
    """What both kinds of requests say: the text, what else the model may read, and the limits."""

    text: str
    language: str  # our language id or the protocol's, see infill.syntax.languages
    context: Context = Context()
    instruction: str | None = None  # what to do, for a model that takes instructions
    diagnostics: tuple[str, ...] = ()  # messages about what is replaced, for the same models and for fixes
    candidates: int = 1
    seed: int = 0
    deadline_ms: float | None = None
    max_steps: int | None = None  # denoising steps of a hole; None: the model's own limit
    least_confidence: float = 0.0  # 0..1: a fill below it is not returned


class Dismissed(msgspec.Struct, frozen=True):
    """What was shown where the user wrote something else, and the line as far as it would have been with its first."""

    text: str
    line: str = ""


class FillRequest(_BaseRequest, frozen=True, kw_only=True, tag="fill"):
    """A request for what is to stand at an offset of the text."""

    offset: int
    trigger: Trigger = "manual"
    suggested: str | None = None  # what was last shown for this hole, less what was typed of it since
    dismissed: tuple[Dismissed, ...] = ()  # what was shown above lately
    speculative: bool = False  # nobody waits for the answer: every other request goes first
    only_reads: bool = False  # the model reads what it would read for this request, and writes nothing


class RewriteRequest(_BaseRequest, frozen=True, kw_only=True, tag="rewrite"):
    """A request for another text in place of a selection. Somebody asked for it and waits."""

    selection: Span
    frozen: tuple[Span, ...] = ()  # parts of the selection that may not change
    strength: float | None = None  # refine: the share (0..1) of the selection's tokens to replace by noise
    fixes: bool = False  # fix the diagnostics; a model that reads no instructions then rewrites
    problem: Span | None = None  # where the first diagnostic is
    documents: bool = False  # what may change is all of a docstring or doc comment

    trigger: ClassVar[Trigger] = "manual"
    suggested: ClassVar[str | None] = None
    dismissed: ClassVar[tuple[Dismissed, ...]] = ()
    speculative: ClassVar[bool] = False
    only_reads: ClassVar[bool] = False


Request = FillRequest | RewriteRequest


class Part(msgspec.Struct, frozen=True):
    """One changed segment of a rewrite: replace `span` by `text`. `confidence` (0..1) is that of this segment alone."""

    span: Span
    text: str
    confidence: float = 1.0


class LeftHole(msgspec.Struct, frozen=True):
    """A hole that keeps its placeholder, and why, in words for the user."""

    span: Span
    why: str


class Completion(msgspec.Struct, frozen=True):
    """A fill that passed the parse check: replace `span` by `text`.

    `confidence` (0..1) is the probability that the causal encoder gives the text, or what is new in it where
    there are `parts`; `token_texts` and `token_entropies` (nats) run in parallel. `parts` is the same change segment
    by segment, in order; the text between them does not change. `n_left` holes keep their placeholders; `left` says
    which, in order, and why.
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
    left: tuple[LeftHole, ...] = ()


class Draft(msgspec.Struct, frozen=True):
    """The text in the hole after a denoising step (`step` of at most `max_steps`), frozen parts included."""

    text: str
    step: int
    max_steps: int


class NoFill(msgspec.Struct, frozen=True, tag="no_fill"):
    """The answer when there is nothing to show: the reason, and a detail for the user."""

    reason: Reason
    detail: str = ""
    hole: Hole | None = None
    timings_ms: dict[str, float] = {}
    steps: int = 0  # denoising steps, where they led to a completion
    model: str = ""  # name of the model that was asked, where one was
    unread: int = 0  # tokens of the prompt that were not read ahead


class Filled(msgspec.Struct, frozen=True, tag="filled"):
    """At least one completion, best first."""

    hole: Hole
    completions: tuple[Completion, ...]
    seed: int
    timings_ms: dict[str, float] = {}
    steps: int = 0  # denoising steps, whatever the source of the completions
    model: str = ""  # name of the model that answered
    unread: int = 0  # tokens of the prompt that were not read ahead


OnDraft = Callable[[Draft], None]


class Filler(Protocol):
    """What the server and the command line need of the pipeline. Calls block; one thread at a time."""

    @property
    def model_name(self) -> str: ...

    @property
    def show_threshold(self) -> float:
        """Confidence (0..1) from which a fill is shown automatically."""
        ...

    @property
    def languages(self) -> tuple[str, ...] | None:
        """Language ids, ours and the protocol's, of what the model was trained on; None: any."""
        ...

    @property
    def takes_instructions(self) -> bool:
        """Whether a request's `instruction` means anything to the model."""
        ...

    @property
    def device(self) -> str:
        """The device that the model computes on, by torch's name for it."""
        ...

    @property
    def reads_ahead(self) -> bool:
        """Whether requests that only read are worth it: its prompts take longer to read than a user would wait."""
        ...

    def fill(self, request: Request, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        """Answer one request; `on_draft` is called after every denoising step of a selection or a body."""
        ...
