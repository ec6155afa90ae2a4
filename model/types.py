"""Values that cross the face of the engine: plain ids and numbers, no tensors.

`infill` sees this file and `load_engine`, never torch. Token ids are ints, probabilities are floats,
times are milliseconds, log-probabilities are natural logarithms.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Annotated, Literal, Protocol

import msgspec

from model.prompt_parts import Asked, PromptFile

StopReason = Literal["converged", "step_budget", "deadline", "cancelled", "pruned"]
# Tokens of its own for the parts, bare text, turns of a chat, or the marks of a causal code model, suffix first.
PromptKind = Literal["infill", "plain", "chat", "suffix_first"]
OnStep = Callable[[int, list[list[int]]], None]  # steps taken and the ids of every canvas, of none that was given up
Stop = Callable[[str, float], bool]  # whether a draft ends with this text, what is new having this log-probability
OnBytes = Callable[[int, int], None]  # bytes of the weights that are in place, and of all of them
Quant = Literal["int4", "fp8", "int8", "bf16"]  # formats of weights; bf16: as they are


class ModelSpec(msgspec.Struct, frozen=True):
    """Which model is wanted, in which form, and where it runs; all that its loader is told, and nothing else.

    Two specs that are equal open the same model, as long as the files of its checkpoint are the same.
    """

    model: str | None = None  # folder, name or hub id, or its name in the server at `url`; None: the default
    quant: Quant | None = None  # format of the weights in torch; None: the least lossy that fits
    device: str | None = None  # torch device; None: ONNX Runtime where there are graphs for it, else a GPU if any
    engine: Literal["local", "http"] = "local"  # http: in an OpenAI-compatible server
    url: str | None = None  # of that server's API, for the engine http
    threads: int | None = None  # on the CPU; None: one core is left to the user
    niceness: int = 0  # 0 to 19, of the thread that runs the model


class CheckpointError(Exception):
    """A checkpoint cannot be used; the message names the file and the remedy."""


class ServerError(CheckpointError):
    """The server in which the model runs cannot be used; the message names its URL and the remedy."""


class CancelToken:
    """A flag that one thread sets; the denoise loop polls it between steps, who cannot poll is called."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Ask the work to stop; it does so within one denoising step."""
        with self._lock:
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call back once, on the thread that cancels and so without blocking; at once if that is past."""
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return
        callback()

    @property
    def cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self._event.is_set()


class Canvas(msgspec.Struct, frozen=True):
    """A block of tokens to denoise: clamped where `hole_mask` is False, free where it is True.

    `canvas_ids` holds the fixed ids of the clamped positions. At free positions it is ignored (they
    start as random tokens) unless `warm`, when it is the draft to start from; an engine that is asked in words
    may read there what the new text is to replace. With `pad_ends_hole`
    the pad token may be predicted in free positions and means that the hole ends before it.
    """

    canvas_ids: tuple[int, ...]
    hole_mask: tuple[bool, ...]
    warm: bool = False
    pad_ends_hole: bool = False

    def __post_init__(self) -> None:
        if len(self.canvas_ids) != len(self.hole_mask):
            raise ValueError(f"{len(self.canvas_ids)} canvas ids but {len(self.hole_mask)} mask flags")


class Budget(msgspec.Struct, frozen=True):
    """How much work a fill may be: a number of steps, and optionally a wall-clock limit in milliseconds.

    `keep_best` is how many hole lengths go on after the first step, where the model knows what is usual for each.
    """

    max_denoising_steps: int = 8
    deadline_ms: float | None = None
    keep_best: int | None = None  # None: all


class Fill(msgspec.Struct, frozen=True):
    """What the denoise loop made of one canvas: the draft at its free positions, in order.

    `token_entropies` are in nats, one per free position, from the last step. Tokens from the first
    pad on are already removed when the canvas had `pad_ends_hole`.
    """

    token_ids: tuple[int, ...]
    token_entropies: tuple[float, ...]
    steps: int
    stop_reason: StopReason


class Score(msgspec.Struct, frozen=True):
    """What the causal encoder thinks of a continuation, token by token; entropies (nats) of where each came from."""

    log_probs: tuple[float, ...]
    entropies: tuple[float, ...]


class InfillConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a checkpoint says of itself in `infill.json`; the defaults are for one that says nothing."""

    name: str = ""
    languages: tuple[str, ...] | None = None  # None: any
    max_prompt_tokens: int = 768
    far_suffix_tokens: int = 192
    near_suffix_tokens: int = 16  # clamped in the canvas after the hole
    line_lengths: tuple[int, ...] = (2, 4, 8, 16, 24)  # hole lengths tried for one line, in tokens
    block_lengths: tuple[int, ...] = (8, 16, 32, 64)
    keep_best: Annotated[int, msgspec.Meta(ge=1)] | None = None  # lengths that go on after the first step; None: all
    line_steps: int = 8  # denoising steps for one line
    block_steps: int = 16
    pad_ends_hole: bool = False  # trained to fill a longer hole with <pad>
    show_threshold: float = 0.3  # confidence (0 to 1) from which a fill is shown unasked
    language_thresholds: dict[str, float] = {}  # the same for some languages, by our id
    manual_languages: tuple[str, ...] = ()  # by our id: there it writes only when asked, too much would be wrong
    max_selection_tokens: int = 512  # of a rewrite: all of the selection is in the canvas
    speaks_on_blank_lines: bool = True  # unasked; False: only what the file says elsewhere, its own is often wrong
    takes_instructions: bool = False  # trained to follow them
    drafts_left_to_right: bool = True  # as candidates for a hole; else that is too slow
    thinks: bool = False  # before a rewrite with an instruction, where the chat template can be told so
    prompt: PromptKind | None = None  # how it is laid out; None: as the tokens and the chat template say
    denoises: bool = True  # False: a causal model, which only drafts from left to right
    takes_evidence: bool = True  # how often the code base has a text counts too; fitted for the embedded model
    suffix_from_hole: bool = False  # what follows the hole is in the prompt from its first character on
    draft_tokens: tuple[int, int] = (16, 64)  # at most, of a left-to-right line and of a block
    least_line: float = 0.02  # probability (0..1) below which the draft of a line is given up
    similar_windows: int = 0  # windows of similar lines of the project in the prompt, at most
    typed_tokens: int = 0  # of the prompt, free where the prefix is cut anew: what is typed next does not cut it again
    brief_tokens: int = 0  # of a prompt for a place where the usual one is still to be read; 0: it is read fast
    canvas_drafts: Literal["auto", "on", "off"] = "auto"  # by masks; auto: where it pays
    context_tokens: int = 192  # of the prompt, for excerpts of other files, at most half with the far suffix; 0: none

    def threshold(self, language: str) -> float:
        """The confidence (0..1) from which a fill is shown unasked in a language, by our id."""
        return self.language_thresholds.get(language, self.show_threshold)


class ModelInfo(InfillConfig, frozen=True, kw_only=True):
    """A model that is open: what its checkpoint says of itself, and what the engine knows besides."""

    n_parameters: int
    vocab_size: int
    device: str
    dtype: str
    ends_holes: bool = False  # writes as much as it likes: a canvas's length is only the most that fits
    denoise_share: float = 0.6  # of a deadline; the rest is for the draft, the reranker and the checks
    reads_texts: bool = True  # scores any; False: only what it has just written
    is_causal: bool = False  # writes left to right, token after token; False: denoises all of a canvas at once


class Tokenizer(Protocol):
    """Text to ids and back; special ids are attributes, looked up by name when it was loaded."""

    @property
    def pad_id(self) -> int: ...

    @property
    def special_ids(self) -> frozenset[int]: ...

    def encode(self, text: str) -> list[int]: ...

    def decode(self, token_ids: Sequence[int]) -> str: ...

    def split_tail(self, prefix: str) -> tuple[str, str]:
        """Cut a prefix before its last, maybe unfinished word: (stable part, tail)."""
        ...

    def prompt(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked = ...) -> list[int]:
        """Ids of the prompt: stable parts first (files of the context, far suffix), then the prefix."""
        ...

    def thinking(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        """Ids of a prompt after which the model thinks, up to a special token; none where it does not."""
        ...

    def end(self, after: str, asked: Asked = ...) -> list[int]:
        """Ids of `after`, with which the file ends, and of what then ends the model's answer, if anything does."""
        ...


class Engine(Protocol):
    """The only face that `infill` sees. One thread at a time; every call polls `cancel`."""

    @property
    def info(self) -> ModelInfo: ...

    @property
    def tokenizer(self) -> Tokenizer: ...

    def denoise(
        self,
        prompt_ids: Sequence[int],
        canvases: Sequence[Canvas],
        budget: Budget,
        cancel: CancelToken,
        seed: int,
        on_draft: OnStep | None = None,
    ) -> list[Fill]:
        """Denoise a batch of canvases over one encoded prompt; one `Fill` per canvas, in order."""
        ...

    def draft(
        self,
        prompt_ids: Sequence[int],
        max_tokens: int,
        cancel: CancelToken,
        starts_with: str = "",
        stop: Stop | None = None,
        never: Sequence[str] = (),
    ) -> list[int]:
        """The causal encoder's greedy draft: begins with `starts_with`, what follows with none of the texts `never`."""
        ...

    def score(
        self, prompt_ids: Sequence[int], continuations: Sequence[Sequence[int]], cancel: CancelToken
    ) -> list[Score]:
        """What the causal encoder thinks of each continuation of the prompt; empty when cancelled."""
        ...
