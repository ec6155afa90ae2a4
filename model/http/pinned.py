"""Holes on vLLM's pinned canvas: the text on both sides is held fixed, as by a model of our own.

The extension is vLLM's pull request 57250, in no release of 2026-11. Its fields travel in `vllm_xargs`:
`diffusion_seed_canvas` (ids to start from), `diffusion_pinned` (positions that stay), `diffusion_canvas_length`,
`diffusion_max_steps`, and `diffusion_read_only` (answer the whole canvas and a log-probability for each position).
Not known without a real server, and not measured: how well the product of these tells good fills from bad ones, and
one length from another.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from model.http.beliefs import Written
from model.http.prompt import Asked, messages, sendable
from model.http.server import Server
from model.http.wire import Chunk

LINE_LENGTHS, BLOCK_LENGTHS = (4, 8, 16), (16, 32, 64)  # tokens that are tried for a hole
MAX_STEPS = 16
N_VOCAB = 262_144  # of DiffusionGemma, the one model that the extension is for: noise is uniform over it
SUFFIX_TOKENS, SUFFIX_CHARS = 16, 128  # pinned behind the hole
PREFILLED_LINES = 8  # of the text before the hole's line, as if the model had begun to write them out
_WANTED = re.compile(r"diffusion_seed_canvas must hold exactly (\d+) ids")
_TOKEN = re.compile(r"token_id:(\d+)")


class PinnedError(Exception):
    """The server does not do it after all."""


class _Tokens(msgspec.Struct):
    tokens: list[int]


class _Prompt(msgspec.Struct):
    prompt: str


async def canvas_width(server: Server, model: str) -> int | None:
    """How many tokens the server's canvas has; None where it pins none.

    A server with the extension must refuse a seed of one id, and says how many it wants. Any other vLLM knows no such
    field, ignores it and answers.
    """
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Hello."}],
        "max_tokens": 1,
        "vllm_xargs": {"diffusion_seed_canvas": [0]},
    }
    response = await server.post("/chat/completions", body)
    wanted = _WANTED.search(response.text) if response.status_code == 400 else None
    return int(wanted[1]) if wanted else None


class Pinned:
    """One model of one server with a canvas of `width` tokens."""

    def __init__(self, server: Server, model: str, width: int) -> None:
        self._server, self._model, self._width = server, model, width
        self._root = server.url.removesuffix("/v1")  # vLLM's own paths are beside the API

    async def written(self, question: Asked, line_chars: int, seed: int) -> list[Written]:
        """A fill of the one hole for each length that fits; raises `PinnedError` where the server refuses."""
        known = question.left.rpartition("\n")[0].rstrip()
        before = await self._ids(question.left[len(known) :].rstrip(" \t"))
        after = (await self._ids(question.right[:SUFFIX_CHARS]))[:SUFFIX_TOKENS]
        is_line = question.n_free[0] <= line_chars
        lengths = LINE_LENGTHS if is_line else BLOCK_LENGTHS
        room = self._width - len(before) - len(after)
        chat = messages(question, line_chars)
        begun = "\n".join(known.split("\n")[-PREFILLED_LINES:])
        chat.append({"role": "assistant", "content": sendable(f"```\n{begun}".rstrip())})
        rows = [self._row(chat, before, n, after, seed + n) for n in lengths if n <= room]
        filled = await asyncio.gather(*rows)
        blanks = question.left[len(question.left.rstrip(" \t")) :]
        return [_tidied(text, blanks, is_line, log_prob) for text, log_prob in filled]

    async def _row(
        self, chat: list[dict[str, str]], before: Sequence[int], n_free: int, after: Sequence[int], seed: int
    ) -> tuple[str, float]:
        """The text of a hole of `n_free` tokens, and its log-probability."""
        draws = random.Random(seed)
        canvas = [*before, *(draws.randrange(N_VOCAB) for _ in range(n_free)), *after]
        free = range(len(before), len(before) + n_free)
        body = {
            "model": self._model,
            "messages": chat,
            "add_generation_prompt": False,
            "continue_final_message": True,
            "max_tokens": len(canvas),
            "seed": seed % 2**31,
            "logprobs": True,
            "return_tokens_as_token_ids": True,
            "chat_template_kwargs": {"enable_thinking": False},
            "vllm_xargs": {
                "diffusion_seed_canvas": canvas,
                "diffusion_pinned": [i for i in range(len(canvas)) if i not in free],
                "diffusion_canvas_length": len(canvas),
                "diffusion_max_steps": MAX_STEPS,
                "diffusion_read_only": True,
            },
        }
        answer = await self._posted("/v1/chat/completions", body, Chunk)
        said = answer.choices[0].logprobs if answer.choices else None
        tokens = (said.content if said else None) or []
        spelled = [_TOKEN.fullmatch(token.token) for token in tokens[free.start : free.stop]]
        ids = [int(found[1]) for found in spelled if found]
        if len(ids) < n_free:
            raise PinnedError
        text = await self._posted("/detokenize", {"model": self._model, "tokens": ids}, _Prompt)
        return text.prompt, sum(tokens[i].logprob for i in free)

    async def _ids(self, text: str) -> list[int]:
        body = {"model": self._model, "prompt": sendable(text), "add_special_tokens": False}
        return (await self._posted("/tokenize", body, _Tokens)).tokens if text else []

    async def _posted(self, path: str, body: dict[str, Any], kind: Any) -> Any:
        response = await self._server.post(self._root + path, body)
        if response.status_code != 200:
            raise PinnedError
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.DecodeError:
            raise PinnedError from None


def _tidied(text: str, blanks: str, is_line: bool, log_prob: float) -> Written:
    """The hole's text without the blanks that stand before it already; what it cost lies on its first character."""
    text = (text.partition("\n")[0] if is_line else text).rstrip()
    while blanks and text.startswith(blanks[0]):
        text, blanks = text[1:], blanks[1:]
    return Written((text,), ((-log_prob, *[0.0] * (len(text) - 1)),) if text else ((),))
