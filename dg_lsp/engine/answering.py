"""One question put to a filler on the model's thread, in the server's process or in the shared engine's."""

from __future__ import annotations

import logging
import time

import msgspec

from infill.types import Filled, Filler, FillRequest, NoFill, OnDraft
from model.types import CancelToken

Answer = Filled | NoFill

log = logging.getLogger(__name__)


def answer(
    filler: Filler, request: FillRequest, asked_at: float, token: CancelToken, on_draft: OnDraft | None
) -> Answer:
    """Return the filler's answer within what the wait since `asked_at` left of the deadline.

    `asked_at` is a time of `time.monotonic`. The filler's errors become a value.
    """
    if request.deadline_ms is not None:
        left_ms = request.deadline_ms - (time.monotonic() - asked_at) * 1000
        if left_ms <= 0:
            return NoFill("deadline", "the time ran out while waiting for the model")
        request = msgspec.structs.replace(request, deadline_ms=left_ms)
    try:
        return filler.fill(request, token, on_draft)
    except Exception as error:
        log.error("the fill failed with %s; --log-level debug shows where", type(error).__name__)
        log.debug("the fill failed", exc_info=True)  # may quote the user's text
        return NoFill("model_failed", type(error).__name__)
