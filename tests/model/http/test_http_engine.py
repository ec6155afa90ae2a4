"""The engine against a real server on this machine: what is asked, what comes of the answers, what goes wrong."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Iterator

import pytest

from model.http.answer_scores import UNCONFIRMED
from model.http.code_points import PAD, CodePointTokenizer
from model.http.engine import HttpEngine, open_http_engine
from model.http.url import KEY_VARIABLE
from model.prompt_parts import PromptFile
from model.types import Budget, CancelToken, Canvas, CheckpointError, Engine, Fill, ServerError
from tests.openai_server import LIMIT_S, Answering, OpenAIServer, Reply, filling, serving

TOKENIZER = CodePointTokenizer()
BEFORE, AFTER = "def area(w, h):\n    return w * ", "\nprint(1)\n"
PROMPT = TOKENIZER.prompt((), "print(1)\n", BEFORE)
SECOND = Budget(1, None)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as started:
        yield started


@pytest.fixture
def engine(server: OpenAIServer) -> HttpEngine:
    return open_http_engine(server.url)


def canvas(*pieces: str | int) -> Canvas:
    """Fixed text, and numbers of free positions."""
    ids: list[int] = []
    mask: list[bool] = []
    for piece in pieces:
        own = [0] * piece if isinstance(piece, int) else TOKENIZER.encode(piece)
        ids += own
        mask += [isinstance(piece, int)] * len(own)
    return Canvas(tuple(ids), tuple(mask))


def asked(engine: Engine, n_answers: int = 1, cancel: CancelToken | None = None, budget: Budget = SECOND) -> list[Fill]:
    return engine.denoise(PROMPT, [canvas(40, AFTER)] * n_answers, budget, cancel or CancelToken(), 7)


def text(fill: Fill) -> str:
    return TOKENIZER.decode(fill.token_ids)


def score(engine: Engine, *texts: str) -> list[float]:
    rows = [TOKENIZER.encode(t + AFTER[:4]) for t in texts]
    return [sum(s.log_probs) for s in engine.score(PROMPT, rows, CancelToken())]


def test_one_request_gives_all_answers(server: OpenAIServer, engine: HttpEngine) -> None:
    server.answer = filling("h", "height", "h")
    assert [text(f) for f in asked(engine, 4)] == ["h", "height", "h", ""]
    (body,) = server.bodies
    assert (body["model"], body["n"], body["seed"], body["stream"]) == ("served", 3, 7, True)
    assert f"{BEFORE}<hole1/>{AFTER}" in server.prompts[0]


def test_the_first_model_is_taken_unless_one_is_named(server: OpenAIServer) -> None:
    server.models = [{"id": "one", "max_model_len": 2000}, {"id": "two"}]
    engines = [open_http_engine(server.url), open_http_engine(server.url, "two")]
    assert [e.info.name for e in engines] == ["one", "two"]
    assert engines[0].info.max_prompt_tokens == 2500 < engines[1].info.max_prompt_tokens


def test_log_probabilities_are_the_confidence(server: OpenAIServer, engine: HttpEngine) -> None:
    server.answer = filling("h + 1", "w", log_probs={"h": -0.5, " + 1": -0.25, "    return w *": -9.0})
    first, _ = asked(engine, 2)
    assert first.token_entropies == (0.5, 0.25, 0.0, 0.0, 0.0)
    whole, beginning, longer, other = score(engine, "h + 1", "h", "h + 12", "zzz")
    assert (whole, beginning) == (-0.75, -0.5)
    assert longer == pytest.approx(-0.75 + math.log(0.5))
    assert other < UNCONFIRMED


def test_without_log_probabilities_agreement_is_the_confidence(server: OpenAIServer, engine: HttpEngine) -> None:
    server.answer = filling("h", "w", "h")
    asked(engine, 3)
    confirmed, alone, unknown = score(engine, "h", "w", "z")
    assert confirmed == pytest.approx(math.log(1 / 3))
    assert alone == UNCONFIRMED > unknown
    server.answer = filling("h")
    asked(engine, 1)
    assert score(engine, "h") == [UNCONFIRMED]  # one answer alone says nothing of how sure it is


def test_tokens_that_do_not_spell_the_answer_are_not_believed(server: OpenAIServer, engine: HttpEngine) -> None:
    event = (
        b'data: {"choices": [{"index": 0, "delta": {"content": "```\\nh\\n```"}, "finish_reason": "stop",'
        b' "logprobs": {"content": [{"token": "?", "logprob": 0.0}]}}]}\n\n'
    )
    server.answer = lambda _: Reply(raw=event)
    assert text(asked(engine)[0]) == "h"
    assert score(engine, "h") == [UNCONFIRMED]


def test_any_text_is_asked_about_and_answered(server: OpenAIServer, engine: HttpEngine) -> None:
    server.answer = filling('"😋é"', log_probs={"😋": -0.5, "é": -0.25})
    prompt = TOKENIZER.prompt((), "", 'odd = "\ud800 \x00 😋"\nx = ')
    (fill,) = engine.denoise(prompt, [canvas(40, "\n")], SECOND, CancelToken(), 0)
    assert (text(fill), fill.token_entropies) == ('"😋é"', (0.0, 0.5, 0.25, 0.0))
    assert 'odd = "? \x00 😋"' in server.prompts[0]


def test_another_prompt_has_no_score(server: OpenAIServer, engine: HttpEngine) -> None:
    server.answer = filling("h")
    asked(engine)
    assert engine.score(PROMPT[:-1], [[104]], CancelToken())[0].log_probs == ()


def test_several_holes_are_one_question(server: OpenAIServer, engine: HttpEngine) -> None:
    server.answer = lambda _: Reply(("```\ndef add(a: int, b: float) -> int:\n```",))
    prompt = TOKENIZER.prompt((), "", "")
    row = canvas("def add(a: ", 8, ", b: ", 8, ") -> int:", "\n    return a + b\n")
    (fill,) = engine.denoise(prompt, [row], SECOND, CancelToken(), 0)
    assert fill.token_ids == (*TOKENIZER.encode("int"), *[PAD] * 5, *TOKENIZER.encode("float"))
    assert "def add(a: <hole1/>, b: <hole2/>) -> int:\n    return a + b" in server.prompts[0]


def test_what_is_replaced_and_what_is_asked_for_are_in_the_prompt(server: OpenAIServer, engine: HttpEngine) -> None:
    ids = (*TOKENIZER.encode("return w"), *[0] * 20, *TOKENIZER.encode("\n"))
    row = Canvas(ids, (*[True] * 28, False))
    engine.denoise(TOKENIZER.prompt((PromptFile("", "Add the height."),), "", "    "), [row], SECOND, CancelToken(), 0)
    assert "    <hole1>return w</hole1>\n" in server.prompts[0]
    assert "Add the height." in server.prompts[0]


def test_an_answer_that_does_not_fit_is_none(server: OpenAIServer, engine: HttpEngine) -> None:
    server.answer = filling("h" * 41)
    assert asked(engine) == [Fill((), (), 0, "converged")]


def test_drafts_are_what_is_there_so_far(server: OpenAIServer, engine: HttpEngine) -> None:
    server.answer = lambda _: Reply(("```\n    one()\n    two()\n    three()\n```",))
    seen: list[str] = []
    row = canvas(400)
    prompt = TOKENIZER.prompt((), "", "def f():\n")

    def on_draft(step: int, rows: list[list[int]]) -> None:
        assert [len(ids) for ids in rows] == [400]
        seen.append(TOKENIZER.decode(rows[0]))

    engine.denoise(prompt, [row], SECOND, CancelToken(), 0, on_draft)
    assert list(dict.fromkeys(seen)) == ["    one()", "    one()\n    two()", "    one()\n    two()\n    three()"]


@pytest.mark.parametrize("held_at", [0, 3])
def test_a_cancel_closes_the_connection(server: OpenAIServer, engine: HttpEngine, held_at: int) -> None:
    server.answer = filling("h", held_at=held_at)
    cancel = CancelToken()

    def cancel_when_held() -> None:
        assert server.held.wait(LIMIT_S)
        cancel.cancel()

    threading.Thread(target=cancel_when_held).start()
    assert asked(engine, cancel=cancel) == [Fill((), (), 0, "cancelled")]
    assert server.closed.wait(LIMIT_S)
    server.answer = filling("h")
    assert text(asked(engine)[0]) == "h"


def test_a_deadline_closes_the_connection_and_whole_lines_count(server: OpenAIServer, engine: HttpEngine) -> None:
    server.answer = lambda _: Reply(("```\n    one()\n    two()\n",), pieces=20, held_at=1)
    prompt, row = TOKENIZER.prompt((), "", "def f():\n"), canvas(400)
    (fill,) = engine.denoise(prompt, [row], Budget(1, 500), CancelToken(), 0)
    assert (text(fill), fill.stop_reason) == ("    one()", "deadline")
    assert server.closed.wait(LIMIT_S)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(server: OpenAIServer, engine: HttpEngine, status: int) -> None:
    replies = iter([Reply(status=status, body="{}", headers=(("Retry-After", "0"),)), None])
    server.answer = lambda body: next(replies) or filling("h")(body)
    assert text(asked(engine)[0]) == "h"
    assert len(server.bodies) == 2


def test_an_answer_that_does_not_begin_is_tried_again(server: OpenAIServer, engine: HttpEngine) -> None:
    replies = iter([filling("h", dropped_at=0), filling("h")])
    server.answer = lambda body: next(replies)(body)
    assert text(asked(engine)[0]) == "h"


def test_what_a_server_does_not_know_it_is_asked_without(server: OpenAIServer, engine: HttpEngine) -> None:
    def answer(body: dict[str, object]) -> Reply:
        unknown = [key for key in ("chat_template_kwargs", "logprobs") if key in body]
        if unknown:
            return Reply(status=400, body=f'{{"error": {{"message": "Unrecognized argument: {unknown[0]}"}}}}')
        return filling("h")(body)

    server.answer = answer
    assert [text(asked(engine)[0]) for _ in range(2)] == ["h", "h"]
    assert len(server.bodies) == 4  # it is told twice, and remembered


@pytest.mark.parametrize("complaint", ["Only one completion choice is allowed", "'n' must be 1"])
def test_a_server_that_gives_one_answer_only(server: OpenAIServer, engine: HttpEngine, complaint: str) -> None:
    server.answer = lambda body: Reply(status=400, body=complaint) if "n" in body else filling("h")(body)
    assert [text(f) for f in asked(engine, 3)] == ["h", "", ""]
    assert score(engine, "h") == [UNCONFIRMED]


def test_a_proxy_does_not_come_between(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.answer = filling("h")
    assert text(asked(open_http_engine(server.url))[0]) == "h"


def test_a_server_that_does_not_stream(server: OpenAIServer, engine: HttpEngine) -> None:
    server.answer = filling("h", whole=True)
    assert text(asked(engine)[0]) == "h"


FAILURES: list[tuple[Answering, str]] = [
    (lambda _: Reply(status=400, body='{"error": {"message": "too\\nlong"}}'), "answered 400 for model 'served': "),
    (lambda _: Reply(status=404, body="{}"), "has no /chat/completions"),
    (lambda _: Reply(status=500, body="{}"), "failed (500); see the server's log"),
    (lambda _: Reply(status=429, body="{}"), "too many requests"),
    (lambda _: Reply(raw=b"data: {nonsense\n\n"), "not a chat completion"),
    (lambda _: Reply(raw=b'data: {"choices": 5}\n\n'), "not a chat completion"),
    (lambda _: Reply(raw=b'data: {"error": {"message": "out of memory"}}\n\n'), "out of memory"),
    (lambda _: Reply(whole=True, body="<html>"), "not a chat completion"),
    (filling("h", dropped_at=3), "broke off"),
]


@pytest.mark.parametrize(("answer", "words"), FAILURES, ids=[words for _, words in FAILURES])
def test_failures_name_the_url_and_what_to_do(
    server: OpenAIServer, engine: HttpEngine, monkeypatch: pytest.MonkeyPatch, answer: Answering, words: str
) -> None:
    monkeypatch.setattr("model.http.server._PAUSES_S", (0.0, 0.0))
    server.answer = answer
    with pytest.raises(ServerError) as failure:
        asked(engine)
    assert server.url in str(failure.value) and words in str(failure.value)
    assert "\n" not in str(failure.value)
    server.answer = filling("h")
    assert text(asked(engine)[0]) == "h"


def test_a_model_that_the_server_has_not_is_told_with_those_it_has(server: OpenAIServer) -> None:
    server.answer = lambda _: Reply(status=404, body='{"error": {"message": "The model does not exist"}}')
    with pytest.raises(ServerError, match="has no model 'mine'; --model takes one of served"):
        asked(open_http_engine(server.url, "mine"))


def test_the_key_comes_from_the_environment(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.key, server.answer = "secret-of-a-test", filling("h")
    with pytest.raises(ServerError, match=f"refused the request \\(401\\); put the key into {KEY_VARIABLE}"):
        open_http_engine(server.url)
    monkeypatch.setenv(KEY_VARIABLE, "wrong-one")
    with pytest.raises(ServerError, match=f"is the key in {KEY_VARIABLE} right") as failure:
        open_http_engine(server.url)
    assert "wrong-one" not in str(failure.value)
    monkeypatch.setenv(KEY_VARIABLE, server.key)
    assert text(asked(open_http_engine(server.url))[0]) == "h"


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000/v1", "ftp://host/v1", "http://", "http://me:secret@host/v1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(CheckpointError, match="--url must be") as failure:
        open_http_engine(url)
    assert "secret" not in str(failure.value)


def test_no_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.http.server._PAUSES_S", (0.0, 0.0))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    with pytest.raises(ServerError, match=f"{url}: no server answers there; start it, or check the URL"):
        open_http_engine(url)


def test_within_a_deadline_a_server_that_went_away_is_told(server: OpenAIServer, engine: HttpEngine) -> None:
    server.close()
    with pytest.raises(ServerError, match="no server answers there"):
        asked(engine, budget=Budget(1, 100))


def test_a_server_without_a_list_of_models_needs_a_name(server: OpenAIServer) -> None:
    server.models, server.answer = [], filling("h")
    with pytest.raises(CheckpointError, match="lists no models; name one with --model"):
        open_http_engine(server.url)
    assert text(asked(open_http_engine(server.url, "mine"))[0]) == "h"
    assert server.bodies[-1]["model"] == "mine"
    with pytest.raises(CheckpointError, match="lists no models"):
        open_http_engine(f"http://127.0.0.1:{server.port}/elsewhere")
