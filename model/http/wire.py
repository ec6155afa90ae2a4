"""What OpenAI-compatible servers send, as far as it is read here; unknown fields are ignored."""

from __future__ import annotations

from typing import Any

import msgspec


class TokenLogProb(msgspec.Struct, frozen=True):
    """One token of an answer; `bytes` is its text where that is no whole character."""

    token: str = ""
    logprob: float = 0.0
    bytes: list[int] | None = None


class LogProbs(msgspec.Struct, frozen=True):
    """The tokens of one chunk."""

    content: list[TokenLogProb] | None = None


class Message(msgspec.Struct, frozen=True):
    """What was said; thoughts travel in other fields."""

    content: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """A piece of one answer, or with `message` all of it."""

    index: int = 0
    delta: Message | None = None
    message: Message | None = None
    logprobs: LogProbs | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct, frozen=True):
    """One event of a stream, or a whole completion."""

    choices: list[Choice] = []
    error: Any = None


class Model(msgspec.Struct, frozen=True):
    """A model that the server has; `max_model_len` (tokens) is vLLM's and SGLang's."""

    id: str
    max_model_len: int | None = None


class Models(msgspec.Struct, frozen=True):
    """The answer to `/models`."""

    data: list[Model] = []


class Answer:
    """One answer on its way: its text, and the tokens where the server says their log-probabilities."""

    def __init__(self) -> None:
        self.text = ""
        self.tokens: list[tuple[bytes, float]] = []
        self.finished: str | None = None  # why it ended: "stop" is the model's own end, "length" a limit

    def add(self, choice: Choice) -> None:
        """Take the next piece."""
        said = choice.delta or choice.message
        self.text += (said.content if said else None) or ""
        for token in (choice.logprobs.content if choice.logprobs else None) or ():
            spelled = token.token.encode("utf-8", "replace") if token.bytes is None else bytes(token.bytes)
            self.tokens.append((spelled, token.logprob))
        self.finished = choice.finish_reason or self.finished

    def surprisals(self) -> list[float] | None:
        """For each character minus the log-probability (nats) of the token that begins with it, 0 for others.

        None where the tokens do not spell the text: then it is not known what they are of.
        """
        text = self.text.encode("utf-8", "replace")
        if not self.tokens or not b"".join(spelled for spelled, _ in self.tokens).startswith(text):
            return None
        by_byte = [0.0] * (len(text) + 1)
        at = 0
        for spelled, log_prob in self.tokens:
            by_byte[min(at, len(text))] -= log_prob
            at += len(spelled)
        found = [0.0] * len(self.text)
        at = 0
        for i, char in enumerate(self.text):
            n = len(char.encode("utf-8", "replace"))
            found[i] = sum(by_byte[at : at + n])
            at += n
        return found
