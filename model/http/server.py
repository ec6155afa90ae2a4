"""Talks to an OpenAI-compatible server: which models it has, and answers as they are written.

Only what may pass by itself is tried again (no connection, 429, 5xx), and nothing once an answer has begun.
Every other failure is a `ServerError` that names the URL and what to do. The key never leaves the header.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import Callable, Sequence
from typing import Any

import httpx2
import msgspec

from model.http.answer import Answer
from model.http.url import KEY_VARIABLE, OWN_HOSTS, checked_url, root_of
from model.http.ways import Request
from model.http.wire import Chunk, Found, Model, Models
from model.types import ServerError

# What not every server knows, and how one complains of it: then it is asked without.
OPTIONAL = {
    "chat_template_kwargs": re.compile(r"\bchat_template_kwargs\b"),
    "logprobs": re.compile(r"\blogprobs\b"),
    "seed": re.compile(r"\bseed\b"),
    "n": re.compile(r"\bn\b|\bcompletion choice\b"),
    "skip_special_tokens": re.compile(r"\bskip_special_tokens\b"),
    "grammar": re.compile(r"\bgrammar\b"),
    "id_slot": re.compile(r"\bid_slot\b"),
}
_PAUSES_S = (0.25, 1.0)  # before the second and the third try
_LONGEST_PAUSE_S = 10.0  # that a server may ask for
_TIMEOUT = httpx2.Timeout(120.0, connect=5.0)  # seconds without a byte: a cold server may read a prompt for long
_PROBE_TIMEOUT_S = 60.0  # for one token
_EVENTS_LEFT = 4  # that usually end an answer which has all that is wanted
_SHOWN_CHARS = 200  # of the server's own words
_BUSY = frozenset((429, 500, 502, 503, 504))


class _TryAgain(Exception):
    """A failure that may pass; `pause_s` is what the server asks for."""

    def __init__(self, error: ServerError, pause_s: float = 0.0) -> None:
        super().__init__(str(error))
        self.error, self.pause_s = error, pause_s


class Server:
    """One server by the URL of its API, which usually ends in /v1. For one event loop."""

    def __init__(self, url: str) -> None:
        self.url = checked_url(url)
        self.root, self.host = root_of(self.url), httpx2.URL(self.url).host
        key = os.environ.get(KEY_VARIABLE, "").strip()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # Loading certificates takes 0.2 s; without them every TLS connection, as of a proxy, is refused.
        certificates = self.url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            self._client = httpx2.AsyncClient(
                headers=headers,
                timeout=_TIMEOUT,
                verify=certificates,
                trust_env=self.host not in OWN_HOSTS,  # no proxy between this machine and itself
            )
        except UnicodeEncodeError:
            raise ServerError(f"{self.url}: {KEY_VARIABLE} contains characters that cannot be part of a key") from None
        self._has_key = bool(key)
        self._unknown: set[str] = set()  # of OPTIONAL, to this server
        self.slot = -1  # of llama.cpp, where it has kept what it read the last time
        self.trouble: ServerError | None = None  # why the last attempt failed, while there are more to come

    async def models(self) -> list[Model] | None:
        """The models it has; None from a server that does not say."""
        response = await self._tried(lambda: self._get("/models"))
        if response.status_code in (404, 405, 501):
            return None
        self._check(response, "")
        try:
            return msgspec.json.decode(response.content, type=Models).data
        except msgspec.DecodeError:
            raise ServerError(f"{self.url}/models: is not a list of models; does the URL end in /v1?") from None

    async def probe(self, url: str, body: dict[str, Any] | None = None) -> Found | None:
        """Ask once for something that not every server has; None where there is no answer."""
        try:
            if body is None:
                response = await self._client.get(url, timeout=_PROBE_TIMEOUT_S)
            else:
                response = await self._client.post(url, json=body, timeout=_PROBE_TIMEOUT_S)
        except httpx2.TransportError:
            return None
        return Found(response.status_code, response.text)

    async def answer(self, request: Request, answers: Sequence[Answer], on_news: Callable[[], None]) -> None:
        """Have the server write the `answers` to a request; `on_news` hears of each piece."""

        async def attempt() -> None:
            try:
                while await self._stream(request, answers, on_news):
                    pass
            except _TryAgain as again:
                if any(answer.heard for answer in answers):
                    raise again.error from None
                raise

        await self._tried(attempt)

    async def _get(self, path: str) -> httpx2.Response:
        """The server's answer, whatever its status; the path is below the API's."""
        try:
            response = await self._client.get(self.url + path)
        except httpx2.TransportError as error:
            raise _TryAgain(self._no_connection(error)) from None
        if response.status_code in _BUSY:
            raise _TryAgain(self._busy(response), _pause_of(response))
        return response

    async def _tried(self, attempt: Callable[[], Any]) -> Any:
        self.trouble = None
        for pause_s in (*_PAUSES_S, None):
            try:
                return await attempt()
            except _TryAgain as again:
                self.trouble = again.error
                if pause_s is None:
                    raise again.error from None
                await asyncio.sleep(min(max(pause_s, again.pause_s), _LONGEST_PAUSE_S))
        raise AssertionError("unreachable")

    async def _stream(self, request: Request, answers: Sequence[Answer], on_news: Callable[[], None]) -> bool:
        """Take the answers; True to ask once more, because the server does not know what it need not know."""
        sent = {key: value for key, value in request.body.items() if key not in self._unknown} | {"stream": True}
        model, left = str(request.body.get("model", "")), _EVENTS_LEFT
        try:
            async with self._client.sse(request.url, method="POST", json=sent) as events:
                response = events.response
                if response.status_code != 200:
                    await response.aread()
                    if self._learned(response, sent):
                        return True
                    if response.status_code == 404:
                        raise await self._no_model(model, request.url)
                    self._check(response, model)
                if not response.headers.get("content-type", "").startswith("text/event-stream"):
                    self._take(await response.aread(), answers)  # it does not stream
                    on_news()
                    return False
                async for event in events:
                    if event.data == "[DONE]":
                        return False
                    self._take(event.data.encode(), answers)
                    on_news()
                    left -= all(answer.is_whole for answer in answers)
                    if not left:
                        return False
        except httpx2.TransportError as error:
            raise _TryAgain(self._no_connection(error)) from None
        if not any(answer.finished for answer in answers):
            raise _TryAgain(ServerError(f"{self.url}: the answer broke off; see the server's log"))
        return False

    def _take(self, data: bytes, answers: Sequence[Answer]) -> None:
        try:
            chunk = msgspec.json.decode(data, type=Chunk)
        except msgspec.DecodeError:
            raise ServerError(
                f"{self.url}: sent something that is not a chat completion; is it an OpenAI-compatible API?"
            ) from None
        if chunk.error is not None:
            raise ServerError(f"{self.url}: failed while it answered: {_words(data)}")
        if chunk.id_slot >= 0:
            self.slot = chunk.id_slot
        for choice in chunk.pieces():
            if 0 <= choice.index < len(answers):
                answers[choice.index].add(choice)

    def _learned(self, response: httpx2.Response, sent: dict[str, Any]) -> bool:
        """Whether the server complains of something that it can be asked without."""
        if response.status_code not in (400, 422):
            return False
        named = {key for key, complaint in OPTIONAL.items() if key in sent and complaint.search(response.text)}
        self._unknown |= named
        return bool(named)

    def _check(self, response: httpx2.Response, model: str) -> None:
        """Raise what a status means."""
        status = response.status_code
        if status in _BUSY:
            raise _TryAgain(self._busy(response), _pause_of(response))
        if status in (401, 403):
            remedy = f"is the key in {KEY_VARIABLE} right?" if self._has_key else f"put the key into {KEY_VARIABLE}"
            raise ServerError(f"{self.url}: refused the request ({status}); {remedy}")
        if status != 200:
            about = f" for model {model!r}" if model else ""
            raise ServerError(f"{self.url}: answered {status}{about}: {_words(response.content)}")

    def knows(self, key: str) -> bool:
        """Whether the server has not complained of this part of a request."""
        return key not in self._unknown

    def _busy(self, response: httpx2.Response) -> ServerError:
        if response.status_code == 429:
            return ServerError(f"{self.url}: has too many requests (429); try again later")
        return ServerError(f"{self.url}: failed ({response.status_code}); see the server's log")

    async def _no_model(self, model: str, url: str) -> ServerError:
        known = [found.id for found in await self.models() or ()]
        if not model or model in known or not known:
            return ServerError(f"{self.url}: has no {url.removeprefix(self.url)} (404); does the URL end in /v1?")
        return ServerError(f"{self.url}: has no model {model!r}; --model takes one of {', '.join(known)}")

    def _no_connection(self, error: httpx2.TransportError) -> ServerError:
        if isinstance(error, httpx2.TimeoutException) and not isinstance(error, httpx2.ConnectTimeout):
            return ServerError(f"{self.url}: sent nothing for {_TIMEOUT.read:.0f} s; see the server's log")
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            return ServerError(f"{self.url}: no server answers there; start it, or check the URL")
        return ServerError(f"{self.url}: the connection broke off; see the server's log")


def served(url: str) -> list[str]:
    """The names of the models that a server has; raises `CheckpointError` where it does not answer."""
    return [model.id for model in asyncio.run(Server(url).models()) or ()]


def _pause_of(response: httpx2.Response) -> float:
    """Seconds that the server wants to be left alone."""
    asked = response.headers.get("retry-after", "")
    return float(asked) if asked.isdigit() else 0.0


def _words(content: bytes) -> str:
    """What the server says of an error, on one line."""
    return " ".join(content.decode("utf-8", "replace").split())[:_SHOWN_CHARS]
