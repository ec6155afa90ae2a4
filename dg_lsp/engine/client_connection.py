"""A server that is connected to the engine, as the engine sees it."""

from __future__ import annotations

import asyncio
import contextlib

from dg_lsp.backend.question import Answer, Question
from dg_lsp.engine.messages import Answered, Drafted, FromEngine, MessageError, pack
from infill.types import Draft, NoFill

FULL_BYTES = 1 << 16  # one with so much unread gets no drafts


class ClientConnection:
    """Its open questions by their numbers, and the way to tell it things."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.questions: dict[int, Question] = {}
        self.unload_after_s: float | None = None

    def send(self, message: FromEngine) -> None:
        """Send unless the connection is going down; raises `MessageError` for what cannot travel."""
        if not self.writer.is_closing():
            self.writer.write(pack(message))

    def answer(self, number: int, answer: Answer) -> None:
        """Send an answer, or why it cannot be sent."""
        try:
            self.send(Answered(number, answer))
        except MessageError as error:
            self.send(Answered(number, NoFill("model_failed", str(error))))

    def show(self, number: int, draft: Draft) -> None:
        """Send a draft, unless there is enough to read or it cannot travel, as the answer will say."""
        if number in self.questions and self.writer.transport.get_write_buffer_size() < FULL_BYTES:
            with contextlib.suppress(MessageError):
                self.send(Drafted(number, draft))
