"""Finds out, once, how a server can be asked: by asking it.

llama.cpp says what it is and has; of others, a completion with a suffix is asked for. Some take a `suffix` and do
not read it, so what counts is how many tokens were read. Every request asks for one token at most. What fails is not
known, and a chat is what always remains.
"""

from __future__ import annotations

import secrets

import msgspec

from model.http.marks import FAMILIES, Family
from model.http.server import Server
from model.http.ways import Chat, Completions, LlamaCpp, Way
from model.http.wire import Chunk, Model, Props, Tokens

_N_SUFFIX = 40  # tokens at least of what is sent as a suffix
_SUFFIX = "\n" + "".join(f"value_{n} = {n}\n" for n in range(_N_SUFFIX // 2))
_CONTINUES = {  # the servers that go on with an answer that is begun, by the owner that they name, and what they need
    "llamacpp": {},
    "library": {},
    "vllm": {"continue_final_message": True, "add_generation_prompt": False},
    "sglang": {"continue_final_message": True},
}


class Known(msgspec.Struct, frozen=True):
    """What a server can do: the ways to ask it, best first, and how many tokens a prompt and its answer may have."""

    ways: tuple[Way, ...]
    n_tokens: int | None


async def discover(server: Server, model: Model) -> Known:
    """What a server can do with a model; asks it, and never fails."""
    denoises = "diffusion" in model.id.lower()  # such a model fills no hole left to right
    owner = model.owned_by or ""
    props = None if owner in ("library", "vllm", "sglang") else await _props(server)
    owner = "llamacpp" if props else owner
    continues = owner in _CONTINUES and not denoises
    extra = _CONTINUES.get(owner, {}) if continues else {}
    chat = Chat(server.url, model.id, plain=not denoises, continues=continues, extra=extra)
    if denoises:
        return Known((chat,), model.max_model_len)
    if props is not None:
        chat = msgspec.structs.replace(chat, most_answers=1, extra={"cache_prompt": True})
        n_tokens = props.default_generation_settings.n_ctx or model.max_model_len
        return Known((*await _llama_cpp(server), chat), n_tokens)
    native = await _completions(server, model, owner)
    return Known((*native, chat), model.max_model_len)


async def _props(server: Server) -> Props | None:
    """What llama.cpp says of itself; None from others."""
    found = await server.probe(f"{server.root}/props")
    return None if found is None or found.status != 200 else found.read(Props)


async def _llama_cpp(server: Server) -> list[Way]:
    """The native ways of llama.cpp with the model that it has."""
    ways: list[Way] = []
    for family in FAMILIES:
        if family.begun and await _is_family(server, family):
            ways.append(LlamaCpp(server.root, family))
            break
    found = await server.probe(f"{server.root}/infill", {})  # it looks at the model's marks before the texts
    if found is not None and found.status == 400 and ("input_prefix" in found.text or "input_suffix" in found.text):
        ways.append(LlamaCpp(server.root))
    return ways


async def _is_family(server: Server, family: Family) -> bool:
    """Whether each of the marks is one token."""
    found = await server.probe(f"{server.root}/tokenize", {"content": "".join(family.marks), "parse_special": True})
    tokens = found.read(Tokens) if found is not None and found.status == 200 else None
    return tokens is not None and len(tokens.tokens) == len(family.marks)


async def _completions(server: Server, model: Model, owner: str) -> list[Way]:
    """The native ways of another server: with a suffix, else with marks."""
    urls = [f"{server.url}/completions", f"{server.url}/fim/completions"]  # the second is Mistral's and Inception's
    if server.host.endswith("deepseek.com"):
        urls.insert(0, f"{server.root}/beta/completions")
    takes_prompts = ""
    for url in urls:
        prompt = f"value_{secrets.randbelow(10**9)} = "  # some servers do not count what they have read before
        body = {"model": model.id, "prompt": prompt, "suffix": _SUFFIX, "max_tokens": 1}
        found = await server.probe(url, body)
        if found is None:
            continue
        read = found.read(Chunk) if found.status == 200 else None
        if read is not None and read.usage is not None and read.usage.prompt_tokens >= _N_SUFFIX:
            return [Completions(url, model.id)]
        if read is not None or "suffix" in found.text:
            takes_prompts = takes_prompts or url
    if not takes_prompts or owner == "library":  # Ollama lays out every prompt itself
        return []
    named = [family for family in FAMILIES if family.name.search(model.id)]
    for family in named or FAMILIES:
        body = {"model": model.id, "prompt": "".join(family.marks), "max_tokens": 1}
        found = await server.probe(takes_prompts, body)
        read = found.read(Chunk) if found is not None and found.status == 200 else None
        if read is not None and read.usage is not None and 0 < read.usage.prompt_tokens <= len(family.marks) + 2:
            return [Completions(takes_prompts, model.id, family)]
    return []
