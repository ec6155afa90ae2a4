"""Makes the server of the tests answer as others do: what each takes natively, and how it refuses the rest.

The answers have the form that these servers send; the words of refusals are those that people quote from them.
"""

from __future__ import annotations

from typing import Any

from model.http.marks import FAMILIES
from tests.openai_server import OpenAIServer, Route

QWEN = next(family for family in FAMILIES if family.begun)


def llama_cpp(server: OpenAIServer, *pieces: str, qwen: bool = False, infill: bool = True, slots: int = 2) -> None:
    """llama.cpp, whose answers are these pieces of text."""
    props = {"default_generation_settings": {"n_ctx": 6000}, "total_slots": slots}
    server.models = [{"id": "served", "owned_by": "llamacpp"}]
    server.routes["/props"] = lambda _: (200, props)
    server.routes["/tokenize"] = lambda body: (200, {"tokens": [1] * _n_tokens(body["content"], qwen)})

    def write(body: dict[str, Any]) -> tuple[int, Any]:
        events: list[dict[str, Any]] = []
        for piece in pieces:
            known = [{"token": piece, "bytes": list(piece.encode()), "logprob": -0.25, "top_logprobs": []}]
            events.append({"index": 0, "content": piece, "stop": False, "completion_probabilities": known})
        return 200, [*events, {"index": 0, "content": "", "stop": True, "stop_type": "eos", "id_slot": 1}]

    def infilled(body: dict[str, Any]) -> tuple[int, Any]:
        if not infill:
            return 501, {"error": {"message": "Infill is not supported by this model: prefix token is missing."}}
        if "input_suffix" not in body:
            return 400, {"error": {"message": "key 'input_suffix' not found"}}
        return write(body)

    server.routes["/infill"], server.routes["/completion"] = infilled, write


def with_suffix(server: OpenAIServer, text: str, path: str = "/v1/completions", *, chats: bool = False) -> None:
    """Ollama and DeepSeek; with `chats` as Mistral, whose completions have the form of a chat."""

    def write(body: dict[str, Any]) -> tuple[int, Any]:
        n_read = len((body["prompt"] + body["suffix"]).split())
        if not body.get("stream"):
            return 200, {"choices": [{"index": 0, "text": "x"}], "usage": {"prompt_tokens": n_read}}
        said = {"delta": {"content": text}} if chats else {"text": text}
        return 200, [{"choices": [{"index": 0, **said, "finish_reason": "stop"}]}]

    server.routes[path] = write


def deaf(server: OpenAIServer, text: str = "no") -> None:
    """A server that takes a suffix and does not read it; it counts each word as a token."""
    server.routes["/v1/completions"] = _plain(text, refuses=False, qwen=False)


def vllm(server: OpenAIServer, text: str, *, model: str = "served", qwen: bool = True) -> None:
    """vLLM: refuses a suffix, and takes any prompt."""
    server.models = [{"id": model, "owned_by": "vllm", "max_model_len": 8000}]
    server.routes["/v1/completions"] = _plain(text, refuses=True, qwen=qwen)


def _plain(text: str, *, refuses: bool, qwen: bool) -> Route:
    def write(body: dict[str, Any]) -> tuple[int, Any]:
        if refuses and body.get("suffix") is not None:
            return 400, {"error": {"message": "suffix is not currently supported", "code": 400}}
        if body.get("stream"):
            known = {"tokens": [text], "token_logprobs": [-0.5], "top_logprobs": [{}], "text_offset": [0]}
            return 200, [{"choices": [{"index": 0, "text": text, "logprobs": known, "finish_reason": "stop"}]}]
        return 200, {"choices": [{"text": "x"}], "usage": {"prompt_tokens": _n_tokens(body["prompt"], qwen)}}

    return write


def _n_tokens(text: str, qwen: bool) -> int:
    """How many tokens a text is for a vocabulary that has the marks of Qwen, or none."""
    for mark in QWEN.marks if qwen else ():
        text = text.replace(mark, "\0")
    return len(text.replace(" ", ""))
