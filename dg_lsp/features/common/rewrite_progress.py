"""Shows a rewrite on its way: `$/progress` for everybody, `dgLsp/draft` with the text for our own plugins.

With a token of the client's, progress begins at once and drafts are sent too. Without one, a client that
can show progress is asked for a token only when the rewrite takes long: most are done before anyone looks.
"""

from __future__ import annotations

import asyncio
import uuid

from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.features.loading import accepted
from dg_lsp.session.session import Session
from infill.types import Draft

DRAFT = "dgLsp/draft"
EVERY_S = 0.05  # between two reports; a person sees no more
PATIENCE_S = 0.5  # before a progress of our own is asked for

Token = int | str


class RewriteProgress:
    """The progress of one rewrite; a context manager, whose `show` is called with each draft."""

    def __init__(self, session: Session, title: str, snapshot: DocumentSnapshot, token: Token | None) -> None:
        self._session, self._title, self._snapshot = session, title, snapshot
        self._given, self._token = token, token
        self._range: types.Range | None = None
        self._loop = asyncio.get_running_loop()
        self._last_sent = -EVERY_S
        self._opening: asyncio.Task[None] | None = None
        self._ended = False

    def __enter__(self) -> RewriteProgress:
        if self._given is not None:
            self._begin(self._given)
        elif self._session.client.progress:
            self._opening = self._loop.create_task(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        if self._opening is not None:
            self._opening.cancel()
        if self._token is not None:
            self._session.rewrites.pop(self._token, None)
            self._session.server.send_progress(self._token, types.WorkDoneProgressEnd())

    def replaces(self, text_range: types.Range) -> None:
        """Say what the drafts would replace, for the client."""
        self._range = text_range

    def show(self, draft: Draft) -> None:
        """Report a draft, unless one was reported just now."""
        now = self._loop.time()
        if self._token is None or self._ended or now - self._last_sent < EVERY_S:
            return
        self._last_sent = now
        percentage = min(100, 100 * draft.step // max(draft.max_steps, 1))
        message = f"step {draft.step} of {draft.max_steps}"
        self._session.server.send_progress(
            self._token, types.WorkDoneProgressReport(message=message, percentage=percentage, cancellable=True)
        )
        if self._given is not None and self._range is not None:
            self._session.server.rpc.notify(
                DRAFT,
                {
                    "token": self._given,
                    "text": draft.text,
                    "step": draft.step,
                    "maxSteps": draft.max_steps,
                    "range": self._range,
                },
            )

    def _begin(self, token: Token) -> None:
        self._token = token
        self._session.rewrites[token] = self._snapshot.uri
        self._session.server.send_progress(
            token, types.WorkDoneProgressBegin(title=self._title, cancellable=True, percentage=0)
        )

    async def _open(self) -> None:
        await asyncio.sleep(PATIENCE_S)
        token = f"dg-lsp-rewrite-{uuid.uuid4()}"
        if await accepted(self._session.server.create_progress(token)) and not self._ended:
            self._begin(token)
