"""What servers send, as far as it is read here: chats, completions, and llama.cpp's own. Unknown fields are ignored."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")


class TokenLogProb(msgspec.Struct, frozen=True):
    """One token of an answer, and what else could have stood there; `bytes` is its text where that is no character."""

    token: str = ""
    logprob: float = 0.0
    bytes: list[int] | None = None
    top_logprobs: list[TokenLogProb] | None = None

    @property
    def spelled(self) -> bytes:
        """Its text."""
        return self.token.encode("utf-8", "replace") if self.bytes is None else bytes(self.bytes)


class LogProbs(msgspec.Struct, frozen=True):
    """The tokens of one chunk: of a chat in `content`, of a completion in two lists."""

    content: list[TokenLogProb] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None


class Message(msgspec.Struct, frozen=True):
    """What was said; thoughts travel in other fields."""

    content: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """A piece of one answer, or with `message` all of it; `text` is of a completion, which is no chat."""

    index: int = 0
    delta: Message | None = None
    message: Message | None = None
    text: str | None = None
    logprobs: LogProbs | None = None
    finish_reason: str | None = None

    @property
    def said(self) -> str:
        """Its text."""
        message = self.delta or self.message
        return (message.content if message else self.text) or ""

    @property
    def tokens(self) -> list[TokenLogProb]:
        """Its tokens, where their log-probabilities are known."""
        known = self.logprobs
        if known is None:
            return []
        if known.content is not None:
            return known.content
        pairs = zip(known.tokens or (), known.token_logprobs or (), strict=False)
        return [TokenLogProb(token, log_prob or 0.0) for token, log_prob in pairs]


class Usage(msgspec.Struct, frozen=True):
    """How many tokens the model read."""

    prompt_tokens: int = 0


class Chunk(msgspec.Struct, frozen=True):
    """One event of a stream, or a whole completion; what follows `usage` is of llama.cpp's own answers."""

    choices: list[Choice] = []
    error: Any = None
    usage: Usage | None = None
    content: str | None = None
    completion_probabilities: list[TokenLogProb] | None = None
    stop: bool = False
    stop_type: str | None = None
    id_slot: int = -1

    def pieces(self) -> list[Choice]:
        """The pieces of answers, whoever sent them."""
        if self.content is None:
            return self.choices
        ended = ("length" if self.stop_type == "limit" else "stop") if self.stop else None
        return [Choice(text=self.content, logprobs=LogProbs(self.completion_probabilities), finish_reason=ended)]


class Model(msgspec.Struct, frozen=True):
    """A model that the server has; `max_model_len` (tokens) is vLLM's and SGLang's, `owned_by` names some servers."""

    id: str
    max_model_len: int | None = None
    owned_by: str | None = None


class Models(msgspec.Struct, frozen=True):
    """The answer to `/models`."""

    data: list[Model] = []


class Settings(msgspec.Struct, frozen=True):
    """What llama.cpp generates with; `n_ctx` is tokens of one slot."""

    n_ctx: int = 0


class Props(msgspec.Struct, frozen=True):
    """The answer to llama.cpp's `/props`."""

    default_generation_settings: Settings
    total_slots: int = 1


class Tokens(msgspec.Struct, frozen=True):
    """The answer to llama.cpp's `/tokenize`."""

    tokens: list[int] = []


class Found(NamedTuple):
    """What a server answered to a probe."""

    status: int
    text: str

    def read(self, kind: type[T]) -> T | None:
        """The answer as JSON of this kind; None where it is not."""
        try:
            return msgspec.json.decode(self.text, type=kind)
        except msgspec.DecodeError:
            return None
