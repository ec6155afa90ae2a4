"""One request on its way to a model and back: its one deadline, its cancel, its one answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable

from infill.types import Draft, Filled, NoFill, OnDraft, Reason, Request
from model.types import CancelToken

Answer = Filled | NoFill


class Question:
    """For the event loop's thread, but for `token`, which any thread may look at.

    `deadline` is a time of `time.monotonic`, fixed here from the request's milliseconds. `owner` is who asks, for a
    queue that serves several in turn.
    """

    def __init__(self, request: Request, on_draft: OnDraft | None = None, owner: Hashable = None) -> None:
        self.request = request
        self.owner = owner
        self.deadline = None if request.deadline_ms is None else time.monotonic() + request.deadline_ms / 1000
        self.token = CancelToken()
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.on_draft = on_draft
        self.on_result: Callable[[Answer], None] = lambda _answer: None  # of the model's work, even when unwanted

    def left_ms(self) -> float | None:
        """Return the milliseconds until the deadline, None without one."""
        return None if self.deadline is None else (self.deadline - time.monotonic()) * 1000

    def resolve(self, answer: Answer) -> None:
        """Answer it; the first answer is the one that counts."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def withdraw(self, reason: Reason = "cancelled") -> None:
        """Answer it with the reason, at once, and have the model stop within one step."""
        if not self.answer.done() or self.answer.cancelled():
            self.resolve(NoFill(reason))
            self.token.cancel()

    def show(self, draft: Draft) -> None:
        """Pass a draft on; none comes after the answer."""
        if self.on_draft is not None and not self.answer.done():
            self.on_draft(draft)
