"""A `Filler` whose model is in the engine, for command lines that have no event loop of their own."""

from __future__ import annotations

import asyncio
import contextlib

from dg_lsp.backend.question import Answer, Question
from dg_lsp.engine.client import EngineClient
from dg_lsp.engine.identity import Identity
from infill.types import OnDraft, Request
from model.types import CancelToken


class BlockingEngine:
    """Finds or starts the engine; a context manager that leaves it. Raises what `EngineClient.open` raises."""

    def __init__(self, identity: Identity) -> None:
        self._runner = asyncio.Runner()
        try:
            self._client = self._runner.run(_opened(identity))
        except BaseException:
            self._runner.close()
            raise
        model = self._client.answering
        self.model_name, self.device, self.languages = model.name, model.device, model.languages
        self.show_threshold, self.takes_instructions = model.show_threshold, model.takes_instructions
        self.reads_ahead = model.reads_ahead

    def __enter__(self) -> BlockingEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fill(self, request: Request, cancel: CancelToken, on_draft: OnDraft | None = None) -> Answer:
        """Answer one request as the engine's filler does."""

        async def asked() -> Answer:
            question, loop = Question(request, on_draft), asyncio.get_running_loop()

            def withdraw() -> None:
                with contextlib.suppress(RuntimeError):  # the loop has closed
                    loop.call_soon_threadsafe(question.withdraw)

            self._client.submit(question)
            cancel.on_cancel(withdraw)
            return await question.answer

        return self._runner.run(asked())

    def close(self) -> None:
        """Leave the engine."""
        self._client.close()
        self._runner.close()


async def _opened(identity: Identity) -> EngineClient:
    return await EngineClient(identity, unload_after_s=None).open()
