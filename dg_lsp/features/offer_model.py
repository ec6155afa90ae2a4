"""Asks the user once, with size and licence, whether to fetch the default model; and uses it when it appears.

The question is the protocol's own `window/showMessageRequest`, so that every editor can show it. It uses no network.
Who answers "Not now" is asked again after a week at the earliest, who answers "Never" not at all.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dg_lsp.features.fetch_model import TERMS, keep_answer, start_fetch
from dg_lsp.features.loading import reopen_model
from dg_lsp.fetching.answers import Answer, claim
from dg_lsp.fetching.default_model import ENTRY, ON_DISK_BYTES, has_room
from dg_lsp.session.session import Session
from infill.cli.sizes import size

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
AFTER_S = 60.0  # since the embedded model answers: first see what there is, then be asked
REST_S = 5.0  # without a key: some editors put the question where the next key would answer it
TRY_EVERY_S = 3600.0  # another window may have asked, or the week is not over

FETCH, NOT_NOW, NEVER = f"Fetch ({TERMS})", "Not now", "Never"
QUESTION = (
    f"dg-lsp: the small model that is part of the package answers, in Python only. {ENTRY.name} knows twelve languages "
    f"and writes better code, on this machine too. Fetch it? The download has {size(ENTRY.n_bytes)}; it takes up to "
    f"{size(ON_DISK_BYTES)} of the disk. Licence: {ENTRY.license}."
)
_ANSWERS: dict[str, Answer] = {FETCH: "fetch", NOT_NOW: "not_now", NEVER: "never"}
_NO_PERSON = ("CI",)  # set where programs drive editors
_NO_NETWORK = ("HF_HUB_OFFLINE",)  # whoever sets it wants nothing fetched


async def watch_default_model(session: Session) -> None:
    """Look now and then whether the default model has come, by whatever way, and whether to ask for it."""
    ready_at: float | None = None
    next_try = 0.0
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if session.loading is None or not session.loading.done():
            continue
        now = time.monotonic()
        if session.opened_for is not None and session.opened_for != session.engine:
            reopen_model(session)
            continue
        ready_at = ready_at if ready_at is not None else now
        if now >= max(next_try, ready_at + AFTER_S) and may_offer(session):
            next_try = now + TRY_EVERY_S
            session.hold(asyncio.get_running_loop().create_task(_offer(session)))


def may_offer(session: Session) -> bool:
    """Return whether now is a moment to ask; what was answered before is looked at later, and on disk."""
    spec = session.engine.spec
    names_none = spec.engine == "local" and spec.model is None and spec.quant is None
    wanted = session.settings.offer_model and session.settings.trusted and names_none
    there = session.client.asks_the_user and not any(map(os.environ.get, (*_NO_PERSON, *_NO_NETWORK)))
    answers = session.dispatcher.backend is not None and session.dispatcher.state == "ready"
    missing = session.default_model.is_missing and not session.default_model.is_being_fetched
    return wanted and there and answers and missing and session.debounce.rests(REST_S)


async def _offer(session: Session) -> None:
    """Ask, unless another window did or the disk is too full, and do as the user says."""
    try:
        asks = await asyncio.to_thread(has_room) and await asyncio.to_thread(claim, time.time())
    except OSError as error:  # nothing could be kept: he would be asked again and again
        log.debug("not asked about %s: %s", ENTRY.name, error)
        return
    if not asks:
        return
    actions = [types.MessageActionItem(title=title) for title in (FETCH, NOT_NOW, NEVER)]
    params = types.ShowMessageRequestParams(type=types.MessageType.Info, message=QUESTION, actions=actions)
    try:
        answer: object = await session.server.rpc.send_request_async(types.WINDOW_SHOW_MESSAGE_REQUEST, params)
    except JsonRpcException:
        log.debug("the client does not ask its user")
        return
    answered = _ANSWERS.get(_title(answer), "not_now")
    log.info("asked about %s: %s", ENTRY.name, answered)
    if answered == "fetch":
        start_fetch(session)
    else:
        await keep_answer(answered)


def _title(answer: object) -> str:
    """Return the title of the chosen action: clients send the action, lsp-mode its title, and null for no choice."""
    if isinstance(answer, dict):
        return str(cast("dict[str, object]", answer).get("title"))
    return answer if isinstance(answer, str) else str(getattr(answer, "title", None))
