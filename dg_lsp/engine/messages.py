"""What a server and the engine say to each other: tagged structs as msgpack, each behind its length.

Knows nothing of sockets. A message that cannot be read ends the connection, it is never guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, Literal, TypeVar

import msgspec

from dg_lsp.backend.question import Answer
from dg_lsp.engine.identity import Identity
from dg_lsp.engine.idle_timer import Ending
from infill.types import Draft, Request

MAX_BYTES = 1 << 26  # of one message; a document that is worth filling has a sixtieth of that
_LENGTH_BYTES = 4

EngineState = Literal["loading", "ready", "busy", "failed"]
T = TypeVar("T")


class MessageError(Exception):
    """The other side does not speak our language; the message says what is wrong with its bytes."""


class Facts(msgspec.Struct, frozen=True):
    """What an engine says of itself. Memory is resident, in MiB."""

    process_id: int
    state: EngineState
    model: str | None  # None while it loads
    show_threshold: float
    takes_instructions: bool
    clients: int
    queued: int
    resident_mib: float
    device: str | None  # None while it loads
    uptime_s: float
    failure: str | None = None  # why the model could not be opened
    languages: tuple[str, ...] | None = None  # ids of those that the model was trained on; None: any
    bytes_loaded: tuple[int, int] | None = None  # of a model that loads: in place, and all
    reads_ahead: bool = False  # its prompts are worth reading before a question


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """A server's first message: the engine that it means to have found, and how long that should keep the model."""

    identity: Identity
    unload_after_s: float | None  # without a request; None: never


class Peek(msgspec.Struct, frozen=True, tag="peek"):
    """Ask for the facts; a first message too, from people's tools, which are no clients."""


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Ask the engine to end; a first message. The connection ends with the process."""


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """One question. Its text travels as bytes: MessagePack has no lone surrogates, documents may have."""

    id: int
    text: bytes
    request: Request  # with an empty text
    patient: bool  # waits for a model that loads, within its deadline
    drafts: bool


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """The answer to this question is not wanted any more."""

    id: int


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The answer to `Hello`."""

    facts: Facts


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Not this engine, not this language: why, and the remedy. The connection ends."""

    message: str


class News(msgspec.Struct, frozen=True, tag="news"):
    """The facts, because they changed or because somebody asked."""

    facts: Facts


class Drafted(msgspec.Struct, frozen=True, tag="drafted"):
    """What the answer would be if the model stopped now."""

    id: int
    draft: Draft


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """The one answer to a question."""

    id: int
    answer: Answer


class Goodbye(msgspec.Struct, frozen=True, tag="goodbye"):
    """The engine ends on purpose; the next request may start another."""

    why: Ending


FromServer = Hello | Peek | Stop | Ask | Cancel
FromEngine = Welcome | Refused | News | Drafted | Answered | Goodbye

_encoder = msgspec.msgpack.Encoder()


def pack(message: FromServer | FromEngine) -> bytes:
    """Return the bytes of a message; raises `MessageError` for one that cannot be sent."""
    try:
        body = _encoder.encode(message)
    except UnicodeEncodeError as error:
        raise MessageError("a text has a lone surrogate") from error
    if len(body) > MAX_BYTES:
        raise MessageError(f"a message of {len(body)} bytes is too long")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def ask(number: int, request: Request, left_ms: float | None, patient: bool, drafts: bool) -> Ask:
    """Return the message that carries a request; its deadline travels as the milliseconds that are left."""
    text = request.text.encode("utf-8", "surrogatepass")
    return Ask(number, text, msgspec.structs.replace(request, text="", deadline_ms=left_ms), patient, drafts)


def request_of(message: Ask) -> Request:
    """Return the request that a message carries."""
    return msgspec.structs.replace(message.request, text=message.text.decode("utf-8", "surrogatepass"))


class Reader(Generic[T]):
    """Cuts a stream of bytes into messages of one direction."""

    def __init__(self, expected: Any) -> None:
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(expected)
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[T]:
        """Yield the messages that are whole now; raises `MessageError` for what is none."""
        self._held += data
        while len(self._held) >= _LENGTH_BYTES:
            length = int.from_bytes(self._held[:_LENGTH_BYTES], "big")
            if length > MAX_BYTES:
                raise MessageError("a message is too long")
            end = _LENGTH_BYTES + length
            if len(self._held) < end:
                return
            body = bytes(self._held[_LENGTH_BYTES:end])
            del self._held[:end]
            try:
                yield self._decoder.decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise MessageError("a message is none of ours") from error
