"""`Engine` over a server: holes are asked for natively or in words, and the answers cut to fit.

Such servers take text and give text: no ids, no clamped canvas, no causal pass over a text of ours. So ids are code
points and all lengths count characters; a canvas becomes a question (model.http.prompt), what comes back is aligned
with the text around (model.http.align), `draft` proposes nothing, and `score` knows what the last answers say
(model.http.answer_scores). One thread at a time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, TypeVar

from model.http.answer_scores import AnswerScores
from model.http.code_points import N_IDS, CodePointTokenizer
from model.http.discover import Known, discover
from model.http.fills import Reading, fill, shower
from model.http.prompt import BLOCK_CHARS, LINE_CHARS, Asked, asked
from model.http.server import Server
from model.http.ways import N_ANSWERS, LlamaCpp
from model.http.wire import Model
from model.types import Budget, CancelToken, Canvas, CheckpointError, Fill, ModelInfo, OnStep, Score, Stop, StopReason

PROMPT_CHARS = 24_000
CHARS_PER_TOKEN = 2.5  # of code, at the least: what a server's limit in tokens holds
MODEL_TOKENS = 32_768  # of a prompt and its answer, where the server does not say

T = TypeVar("T")


def open_http_engine(url: str, model: str | None = None) -> HttpEngine:
    """The engine for a model of a server, by default its first; raises `CheckpointError` where that cannot be."""
    loop, server = LoopThread(), Server(url)
    known = loop.run(server.models())
    if model is not None:
        chosen = next((found for found in known or () if found.id == model), Model(model))
    elif known:
        chosen = known[0]
    else:
        raise CheckpointError(f"{server.url}: lists no models; name one with --model")
    return HttpEngine(loop, server, chosen.id, loop.run(discover(server, chosen)))


class LoopThread:
    """An event loop that always runs, so that connections are closed when they are done with."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="dg-lsp-http", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What came of the work; waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class HttpEngine:
    """One model of one server."""

    def __init__(self, loop: LoopThread, server: Server, model: str, known: Known) -> None:
        self._loop, self._server, self._ways = loop, server, known.ways
        self._answer_scores: AnswerScores | None = None
        self.tokenizer = CodePointTokenizer()
        n_tokens = known.n_tokens or MODEL_TOKENS
        self._most_tokens = n_tokens // 3
        most = min(PROMPT_CHARS, max(int(n_tokens * CHARS_PER_TOKEN / 2), 1000))
        self.info = ModelInfo(
            name=model,
            n_parameters=0,
            vocab_size=N_IDS,
            device=server.url,
            dtype="",
            languages=None,
            max_prompt_tokens=most,
            far_suffix_tokens=most // 4,
            near_suffix_tokens=200,
            line_lengths=(LINE_CHARS,) * N_ANSWERS,
            block_lengths=(BLOCK_CHARS,) * N_ANSWERS,
            line_steps=1,
            block_steps=1,
            pad_ends_hole=False,
            show_threshold=0.3,
            max_selection_tokens=most // 3,
            takes_instructions=True,
            context_tokens=most // 4,
            ends_holes=True,
            reads_texts=False,
            is_causal=True,
            denoise_share=0.95,
        )

    @property
    def ways(self) -> tuple[str, ...]:
        """How the server can be asked, best first."""
        return tuple(way.name for way in self._ways)

    def denoise(
        self,
        prompt_ids: Sequence[int],
        canvases: Sequence[Canvas],
        budget: Budget,
        cancel: CancelToken,
        seed: int,
        on_draft: OnStep | None = None,
    ) -> list[Fill]:
        """Ask once for all canvases, which differ in their lengths alone; raises `ServerError`.

        Drafts and what is there at a deadline are whole lines.
        """
        if cancel.cancelled or not canvases:
            return [Fill((), (), 0, "cancelled") for _ in canvases]
        question = asked(prompt_ids, canvases[0], self.tokenizer)
        reading = self._reading(question, len(canvases), seed)
        answers = reading.answers(reading.request.body.get("n", 1))
        show = shower(reading, canvases, answers, on_draft) if on_draft else lambda: None
        ask = partial(self._server.answer, reading.request, answers, show)
        reason = self._loop.run(self._within(ask, budget.deadline_ms, cancel))
        if reason == "cancelled":
            return [Fill((), (), 0, reason) for _ in canvases]
        found = [reading.written(a, a.is_whole or a.finished == "stop") for a in answers]
        self._answer_scores = AnswerScores(prompt_ids, question, [w for w in found if w is not None])
        in_turn = zip_longest(canvases, found[: len(canvases)])
        return [fill(canvas, w, reason) for canvas, w in in_turn]

    def draft(
        self,
        prompt_ids: Sequence[int],
        max_tokens: int,
        cancel: CancelToken,
        starts_with: str = "",
        stop: Stop | None = None,
        never: Sequence[str] = (),
    ) -> list[int]:
        """Nothing: a server is asked once, and all candidates come of that."""
        return []

    def score(
        self, prompt_ids: Sequence[int], continuations: Sequence[Sequence[int]], cancel: CancelToken
    ) -> list[Score]:
        """What the answers to the last question make of each continuation; nothing for another prompt."""
        scores = self._answer_scores
        if cancel.cancelled or scores is None or scores.prompt_ids != tuple(prompt_ids):
            return [Score((), ()) for _ in continuations]
        return [scores.score(self.tokenizer.decode(c)) for c in continuations]

    def _reading(self, question: Asked, n_canvases: int, seed: int) -> Reading:
        """The question in the first way that takes it."""
        way = next(way for way in self._ways if way.takes(question))
        if isinstance(way, LlamaCpp):
            way.slot = self._server.slot
        n_answers = min(n_canvases, N_ANSWERS) if self._server.knows("n") else 1
        request = way.request(question, n_answers, self._most_tokens, seed)
        return Reading(question, way, request)

    async def _within(
        self, ask: Callable[[], Coroutine[Any, Any, None]], deadline_ms: float | None, cancel: CancelToken
    ) -> StopReason:
        """Ask, and say why it ended: cancelling and the deadline close the connection."""
        asking = asyncio.ensure_future(ask())
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(asking.cancel)

        cancel.on_cancel(stop)
        try:
            async with asyncio.timeout(None if deadline_ms is None else deadline_ms / 1000):
                await asking
                return "converged"
        except TimeoutError:
            if self._server.trouble is not None:
                raise self._server.trouble from None
            return "deadline"
        except asyncio.CancelledError:
            if not cancel.cancelled:
                raise
            return "cancelled"
