"""How a server can be asked for what stands in a hole: natively, or in a chat.

A way makes the request for a question, and finds in the answer's text what belongs into each hole. A native one takes
one hole, and nothing that is told in words.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Protocol

import msgspec

from model.http.align import Slice, above, align, between, block_end, closed_at, repeat_at
from model.http.marks import Family
from model.http.prompt import Asked, messages, plain_messages, sendable

TEMPERATURE = 0.4  # what DiffusionGemma ends at; answers must be able to differ, or their agreement says nothing
N_ANSWERS = 3  # to one question, in one request
MIN_TOKENS = 256  # of a chat's answer: a canvas of DiffusionGemma, and room for the lines around a hole
NATIVE_TOKENS = 512  # of an answer that is the hole's text alone, at most
N_PROBS = 12  # tokens that llama.cpp tells the probabilities of, at each place
_WORDS_END = re.compile(r"[ \t]+\Z|[^\w\n]?\w+\Z|[ \t]?[^\w\s]+\Z")  # where a token may begin that goes on behind it
_BLANK_END = re.compile(r"(?<=\S)[ \t]+\Z")


class Request(NamedTuple):
    """What is sent where; `begun` is what the answer begins with, which the server spells again if `respelled`."""

    url: str
    body: dict[str, Any]
    begun: str = ""
    respelled: bool = False


class Way(Protocol):
    """One way to ask. `name` is for people."""

    @property
    def name(self) -> str: ...

    def takes(self, question: Asked) -> bool:
        """Whether the question can be asked so."""
        ...

    def request(self, question: Asked, n_answers: int, most_tokens: int, seed: int) -> Request:
        """What to send for `n_answers` at most, each of `most_tokens` at most."""
        ...

    def slices(self, answer: str, begun: str, question: Asked, complete: bool) -> list[Slice] | None:
        """Where the text of each hole is in the answer; None where that cannot be told."""
        ...

    def end(self, answer: str, question: Asked) -> int | None:
        """Where the answer has all that is wanted of it; None where there may be more to come."""
        ...


class Native:
    """What the ways that know of a hole share: the answer is its text."""

    def takes(self, question: Asked) -> bool:
        """One hole, for whose text nothing is asked in words."""
        return len(question.present) == 1 and not question.told

    def slices(self, answer: str, begun: str, question: Asked, complete: bool) -> list[Slice] | None:
        """All of it but what repeats the text around; a line that is not complete is left out."""
        start = len(begun) if answer.startswith(begun) else 0
        blanks = begun if not begun.strip() else ""
        while start < min(len(blanks), len(answer)) and answer[start] == blanks[start]:
            start += 1
        end = len(answer)
        if not complete and not question.is_line:
            end = max(answer.rfind("\n"), start)
        (piece,) = between(answer, Slice(start, end), question.right)
        return [piece if question.is_line or question.present[0] else above(answer, piece, question.right)]

    def end(self, answer: str, question: Asked) -> int | None:
        """Behind the line, or before the line that belongs to an outer block."""
        if question.is_line:
            end = answer.find("\n", len(answer) - len(answer.lstrip("\n")))
            return None if end < 0 else end
        ends = (block_end(answer, question.left), repeat_at(answer, question.present[0], question.right))
        return min((end for end in ends if end is not None), default=None)

    def n_tokens(self, question: Asked, most_tokens: int) -> int:
        """Of an answer."""
        return min(16 + question.n_free[0] // 2, NATIVE_TOKENS, most_tokens)


class LlamaCpp(Native, msgspec.Struct):
    """llama.cpp: its `/infill`, or the marks of a family whose prompt is measured better begun otherwise.

    It keeps what it has read in a slot: the same one is asked each time. What a token boundary would split is spelled
    again, and a grammar sees to that.
    """

    root: str
    family: Family | None = None
    slot: int = -1

    @property
    def name(self) -> str:
        """The endpoint."""
        return "infill" if self.family is None else "completion, suffix first"

    def takes(self, question: Asked) -> bool:
        """Not what contains the family's marks: there they would be no text."""
        return Native.takes(self, question) and not (self.family and _has_marks(question, self.family))

    def request(self, question: Asked, n_answers: int, most_tokens: int, seed: int) -> Request:
        """One answer, of the most probable tokens."""
        before, begun = _cut(question.left, _WORDS_END)
        body: dict[str, Any] = {
            "n_predict": self.n_tokens(question, most_tokens),
            "temperature": 0,
            "seed": seed % 2**31,
            "n_probs": N_PROBS,
            "cache_prompt": True,
            "id_slot": self.slot,
            "stop": ["\n"] if question.is_line else [],
        }
        if begun:
            body["grammar"] = f"root ::= {_quoted(begun)} .*"
        if self.family is None:
            files = [{"filename": "others", "text": sendable(question.context)}] if question.context else []
            texts = {"input_prefix": sendable(before), "input_suffix": sendable(question.right), "input_extra": files}
            return Request(f"{self.root}/infill", body | texts, begun, True)
        prompt = self.family.prompt(question.context, before, question.right)
        return Request(f"{self.root}/completion", body | {"prompt": sendable(prompt)}, begun, True)


class Completions(Native, msgspec.Struct, frozen=True):
    """A completion with a `suffix`, or with the marks of a family where the server takes none."""

    url: str
    model: str
    family: Family | None = None

    @property
    def name(self) -> str:
        """What is sent."""
        return "completion with suffix" if self.family is None else "completion with the model's marks"

    def takes(self, question: Asked) -> bool:
        """Not what contains the family's marks: there they would be no text."""
        return Native.takes(self, question) and not (self.family and _has_marks(question, self.family))

    def request(self, question: Asked, n_answers: int, most_tokens: int, seed: int) -> Request:
        """Several answers, as in a chat; blanks before the hole are left to the model, whose tokens begin with them."""
        before, begun = _cut(question.left, _BLANK_END)
        body: dict[str, Any] = {
            "model": self.model,
            "n": n_answers,
            "max_tokens": self.n_tokens(question, most_tokens),
            "temperature": TEMPERATURE if n_answers > 1 else 0,
            "seed": seed % 2**31,
            "logprobs": 1,
            "stop": ["\n"] if question.is_line else [],
        }
        if self.family is None:
            before = f"{question.context}\n\n{before}" if question.context else before
            return Request(self.url, body | _texts(before, question.right), begun, True)
        body["stop"] = [*body["stop"], *self.family.ends][:4]
        body["skip_special_tokens"] = False
        prompt = self.family.prompt(question.context, before, question.right)
        return Request(self.url, body | {"prompt": sendable(prompt)}, begun, True)


class Chat(msgspec.Struct, frozen=True):
    """A chat: for what is asked in words, for several holes at once, and of servers that know nothing else.

    `plain`: lines that are to be changed are shown without marks; a model that denoises is better told more.
    `continues`: the answer's fence is begun, which the server is known to go on with; `extra` asks it to.
    """

    url: str
    model: str
    plain: bool = True
    continues: bool = False
    most_answers: int = N_ANSWERS
    extra: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The endpoint."""
        return "chat"

    def takes(self, question: Asked) -> bool:
        """Anything."""
        return True

    def request(self, question: Asked, n_answers: int, most_tokens: int, seed: int) -> Request:
        """Several answers, with the lines around the holes."""
        n_chars = sum(question.n_free) + sum(map(len, question.fixed[1:-1]))
        plain = self.plain and question.told and len(question.present) == 1 and question.present[0]
        told, begun = (plain_messages if plain else messages)(question), ""
        if self.continues:
            begun = f"{question.fence}\n"
            told.append({"role": "assistant", "content": begun})
        body: dict[str, Any] = {
            "model": self.model,
            "messages": told,
            "n": min(n_answers, self.most_answers),
            "max_tokens": min(MIN_TOKENS + n_chars // 2, most_tokens),
            "temperature": 0 if self.most_answers == 1 else TEMPERATURE,
            "seed": seed % 2**31,  # some servers' are 32 bits wide
            "logprobs": True,
            "chat_template_kwargs": {"enable_thinking": False},
        }
        return Request(f"{self.url}/chat/completions", body | self.extra, begun)

    def slices(self, answer: str, begun: str, question: Asked, complete: bool) -> list[Slice] | None:
        """Aligned with the text around the holes."""
        return align(answer, question, complete)

    def end(self, answer: str, question: Asked) -> int | None:
        """Behind its first fenced block, or before the line below the holes."""
        closed = closed_at(answer)
        return repeat_at(answer, "\n".join(question.present), question.right) if closed is None else closed


def _texts(before: str, after: str) -> dict[str, str]:
    return {"prompt": sendable(before), "suffix": sendable(after)}


def _cut(text: str, end: re.Pattern[str]) -> tuple[str, str]:
    """The text before what the pattern finds at its end, and that."""
    found = end.search(text, max(text.rfind("\n") + 1, len(text) - 200))
    return (text[: found.start()], found[0]) if found else (text, "")


def _has_marks(question: Asked, family: Family) -> bool:
    return any(mark in text for mark in family.marks for text in (question.context, question.left, question.right))


def _quoted(text: str) -> str:
    """The text as a literal of a grammar."""
    return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08X}" for c in sendable(text)) + '"'
