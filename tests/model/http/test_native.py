"""A server is asked natively for a hole where it can do that, and in a chat where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from model.http.code_points import CodePointTokenizer
from model.http.engine import HttpEngine, open_http_engine
from model.prompt_parts import Asked, PromptFile
from model.types import Budget, CancelToken, Canvas
from tests.native_servers import QWEN, deaf, llama_cpp, vllm, with_suffix
from tests.openai_server import OpenAIServer, Reply, filling, serving

TOKENIZER = CodePointTokenizer()
BEFORE, AFTER = "def area(w, h):\n    return w * ", "\nprint(1)\n"
OTHERS = "# shapes.py\ndef square(): ..."


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as started:
        started.answer = filling("chat")
        yield started


def row(before: str, n_free: int, after: str) -> Canvas:
    ids = (*TOKENIZER.encode(before), *[0] * n_free, *TOKENIZER.encode(after))
    mask = (*[False] * len(before), *[True] * n_free, *[False] * len(after))
    return Canvas(ids, mask)


def line(engine: HttpEngine, before: str = BEFORE, after: str = AFTER, context: str = OTHERS, n_free: int = 80) -> str:
    prompt = TOKENIZER.prompt([PromptFile("", context)] if context else (), "", before)
    (fill,) = engine.denoise(prompt, [row("", n_free, after)], Budget(1, None), CancelToken(), 7)
    return TOKENIZER.decode(fill.token_ids)


def last(server: OpenAIServer) -> tuple[str, dict[str, Any]]:
    return server.asked[-1]


def test_llama_cpp_is_asked_to_infill(server: OpenAIServer) -> None:
    llama_cpp(server, " ", "h")
    engine = open_http_engine(server.url)
    assert line(engine) == "h"
    path, body = last(server)
    assert (path, body["input_prefix"], body["input_suffix"]) == ("/infill", BEFORE[:-1], AFTER)
    assert body["input_extra"] == [{"filename": "others", "text": OTHERS}]
    assert (body["temperature"], body["stop"], body["cache_prompt"], body["id_slot"]) == (0, ["\n"], True, -1)
    assert not server.bodies  # no chat
    assert engine.info.max_prompt_tokens == 7500  # of the slot's 6000 tokens


def test_llama_cpp_is_asked_for_the_slot_that_has_read_the_prompt(server: OpenAIServer) -> None:
    llama_cpp(server, " h")
    engine = open_http_engine(server.url)
    line(engine)
    line(engine)
    assert [body["id_slot"] for path, body in server.asked if "id_slot" in body] == [-1, 1]


def test_qwen_is_asked_suffix_first_with_the_prefix_begun(server: OpenAIServer) -> None:
    llama_cpp(server, " ", "h", qwen=True)
    assert line(open_http_engine(server.url)) == "h"
    path, body = last(server)
    begun = f"<|fim_prefix|><|fim_suffix|>{AFTER}<|fim_middle|>{BEFORE[:-1]}"
    assert (path, body["prompt"]) == ("/completion", f"<|file_sep|>others\n{OTHERS}\n<|file_sep|>this\n{begun}")


@pytest.mark.parametrize(
    ("before", "given", "pieces", "written"),
    [
        ("if os.path.is", r'"\U0000002Eis" .*', (".isdir", "(p)"), "dir(p)"),
        ("    ", r'"\U00000020\U00000020\U00000020\U00000020" .*', ("   ", " return"), "return"),
        ("x = f(", r'"\U00000028" .*', ("(", "y"), "y"),
        ("x = y\n", None, ("z = 1",), "z = 1"),
    ],
)
def test_what_a_token_boundary_would_split_is_spelled_again(
    server: OpenAIServer, before: str, given: str | None, pieces: tuple[str, ...], written: str
) -> None:
    llama_cpp(server, *pieces)
    assert line(open_http_engine(server.url), before) == written
    assert last(server)[1].get("grammar") == (given and f"root ::= {given}")


def test_a_token_that_begins_before_the_hole_counts(server: OpenAIServer) -> None:
    llama_cpp(server, ".isdir", "(p)")
    engine = open_http_engine(server.url)
    before = "if os.path.is"
    line(engine, before)
    prompt = TOKENIZER.prompt([PromptFile("", OTHERS)], "", before)
    (score,) = engine.score(prompt, [TOKENIZER.encode("dir(p)" + AFTER)], CancelToken())
    assert sum(score.log_probs) == pytest.approx(-0.5)


def test_a_block_ends_where_its_indentation_does(server: OpenAIServer) -> None:
    pieces = (
        "    total = 0\n",
        "    for x in xs:\n        total += x\n",
        "    return total\n",
        "\n\ndef other",
        "(): 1\n",
    )
    llama_cpp(server, *pieces)
    text = line(open_http_engine(server.url), "def add(xs):\n", n_free=900)
    assert text == "    total = 0\n    for x in xs:\n        total += x\n    return total"
    assert last(server)[1]["stop"] == []


def test_what_follows_is_not_written_twice(server: OpenAIServer) -> None:
    llama_cpp(server, "    a = 1\n    print(a, end_of_it)\n")
    text = line(open_http_engine(server.url), "def f():\n", "\n    print(a, end_of_it)\n", n_free=900)
    assert text == "    a = 1"


def test_a_text_with_the_models_marks_is_asked_about_otherwise(server: OpenAIServer) -> None:
    llama_cpp(server, " h", qwen=True)
    line(open_http_engine(server.url), f'mark = "{QWEN.middle}"\nx = ')
    assert last(server)[0] == "/infill"


def test_a_model_without_marks_is_asked_in_a_chat(server: OpenAIServer) -> None:
    llama_cpp(server, infill=False)
    assert line(open_http_engine(server.url)) == "chat"
    (body,) = server.bodies
    assert (body["cache_prompt"], body["n"], body["temperature"]) == (True, 1, 0)
    assert body["messages"][-1] == {"role": "assistant", "content": "```\n"}


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/fim/completions"])
def test_a_server_that_takes_a_suffix(server: OpenAIServer, path: str) -> None:
    with_suffix(server, " h + 1", path, chats="fim" in path)
    assert line(open_http_engine(server.url)) == "h + 1"
    asked, body = last(server)
    assert (asked, body["prompt"], body["suffix"]) == (path, f"{OTHERS}\n\n{BEFORE[:-1]}", AFTER)
    assert not server.bodies


def test_a_suffix_that_is_taken_but_not_read_does_not_count(server: OpenAIServer) -> None:
    deaf(server)
    assert line(open_http_engine(server.url)) == "chat"


@pytest.mark.parametrize("model", ["Qwen/Qwen2.5-Coder-7B", "served"])
def test_a_server_that_refuses_a_suffix_is_sent_the_models_marks(server: OpenAIServer, model: str) -> None:
    vllm(server, " h", model=model)
    engine = open_http_engine(server.url)
    assert line(engine, context="") == "h"
    path, body = last(server)
    assert (path, body["prompt"]) == ("/v1/completions", QWEN.prompt("", BEFORE[:-1], AFTER))
    assert (body["n"], body["logprobs"], body["skip_special_tokens"]) == (1, 1, False)
    prompt = TOKENIZER.prompt((), "", BEFORE)
    (score,) = engine.score(prompt, [TOKENIZER.encode("h" + AFTER)], CancelToken())
    assert sum(score.log_probs) == pytest.approx(-0.5)


def test_marks_that_the_vocabulary_has_not_are_not_sent(server: OpenAIServer) -> None:
    vllm(server, "no", model="qwen-like", qwen=False)
    assert line(open_http_engine(server.url)) == "chat"


def test_a_diffusion_model_is_asked_in_a_chat(server: OpenAIServer) -> None:
    vllm(server, "no", model="google/diffusiongemma")
    assert line(open_http_engine(server.url)) == "chat"
    assert server.bodies[0]["messages"][-1]["role"] == "user" and not server.asked


def test_an_instruction_is_asked_for_in_plain_form(server: OpenAIServer) -> None:
    llama_cpp(server, "no")
    server.answer = lambda _: Reply(('    return f"Hello {name}"\n```\nThat is all.',))
    engine = open_http_engine(server.url)
    text, present = 'def greet(name):\n    return "Hello " + name\n', 'return "Hello " + name'
    before, after = text.split(present)
    prompt = TOKENIZER.prompt((), "", before, Asked(instruction="Use an f-string.", language="python"))
    ids = (*TOKENIZER.encode(present), *[0] * 90, *TOKENIZER.encode(after))
    mask = (*[True] * (len(present) + 90), *[False] * len(after))
    (fill,) = engine.denoise(prompt, [Canvas(ids, mask)], Budget(1, None), CancelToken(), 0)
    assert TOKENIZER.decode(fill.token_ids) == 'return f"Hello {name}"'
    (body,) = server.bodies
    user, begun = body["messages"][-2:]
    assert user["content"] == '```python\n    return "Hello " + name\n```\n\nUse an f-string.'
    assert begun == {"role": "assistant", "content": "```python\n"}


def test_an_answer_that_goes_on_with_the_file_is_cut_there(server: OpenAIServer) -> None:
    llama_cpp(server, "no")
    answer = (
        "def f(n):\n    return abs(n)\n\n\ndef greet(name):\n    return name\n\n\ndef more():\n" + "    pass\n" * 200
    )
    server.answer = lambda _: Reply((answer,), pieces=8)
    engine = open_http_engine(server.url)
    present, after = "def f(n):\n    return n", "\n\n\ndef greet(name):\n    return name\n"
    prompt = TOKENIZER.prompt((), "", "", Asked(instruction="Take the absolute value.", language="python"))
    ids = (*TOKENIZER.encode(present), *[0] * 90, *TOKENIZER.encode(after))
    mask = (*[True] * (len(present) + 90), *[False] * len(after))
    (fill,) = engine.denoise(prompt, [Canvas(ids, mask)], Budget(1, None), CancelToken(), 0)
    assert TOKENIZER.decode(fill.token_ids) == "def f(n):\n    return abs(n)"


@pytest.mark.parametrize(
    ("pieces", "after", "written"),
    [
        (
            ("    for x in xs:\n        use(x)\n    done()\n",),
            "\n        print(x)\n",
            "    for x in xs:\n        use(x)",
        ),
        (("    if a:\n", "    done()\n"), "\n        print(x)\n", "    if a:"),
        (("    a()\n    b()\n",), "\n    print(x)\n", "    a()\n    b()"),
        (("    a()\n    b()\n",), "\n", "    a()\n    b()"),
    ],
)
def test_a_block_ends_above_a_line_that_is_indented(
    server: OpenAIServer, pieces: tuple[str, ...], after: str, written: str
) -> None:
    llama_cpp(server, *pieces)
    assert line(open_http_engine(server.url), "def f(a, xs):\n", after, n_free=900) == written


def test_one_answer_is_the_most_probable_one(server: OpenAIServer) -> None:
    def refusing(body: dict[str, Any]) -> tuple[int, Any]:
        return (422, {"detail": [{"loc": ["body", "n"]}]}) if "n" in body else known(body)

    with_suffix(server, "h")
    known = server.routes["/v1/completions"]
    server.routes["/v1/completions"] = refusing
    engine = open_http_engine(server.url)
    assert [line(engine, context=""), line(engine, context="")] == ["h", "h"]
    assert (last(server)[1]["temperature"], "n" in last(server)[1]) == (0, False)
