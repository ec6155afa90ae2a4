"""The pipeline with the embedded model: slow to load, so one filler for all tests."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from infill.pipeline.filler import ModelFiller, open_filler
from infill.types import Dismissed, Filled, FillRequest, NoFill, RewriteRequest, Span
from model.config import EMBEDDED
from model.tokenize.tokenizer import SPECIAL_TOKENS
from model.types import CancelToken, Fill
from tests.model.train.test_train import SOURCE

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(not (EMBEDDED / "model.safetensors").exists(), reason="no embedded weights in this checkout"),
]


@pytest.fixture(scope="module")
def filler() -> ModelFiller:
    return open_filler()


def ask(filler: ModelFiller, text: str, offset: int, **options: object) -> Filled | NoFill:
    return filler.fill(FillRequest(text=text, language="python", offset=offset, **options), CancelToken())


def line_ends(n: int) -> list[tuple[str, int]]:
    """The source with the end of a line cut off, and where."""
    words = [m.start() for m in re.finditer(r"(?<=[ (.])\w", SOURCE) if '"""' not in SOURCE[: m.start()][-40:]]
    cuts = sorted(random.Random(0).sample(words, n))
    return [(SOURCE[:at] + SOURCE[SOURCE.index("\n", at) :], at) for at in cuts]


@pytest.mark.parametrize("text,offset", line_ends(8))
def test_what_is_shown_can_stand_there(filler: ModelFiller, text: str, offset: int) -> None:
    result = ask(filler, text, offset, candidates=4)
    if isinstance(result, NoFill):
        assert result.reason in ("breaks_parse", "empty_fill") and result.hole is not None
        return
    shown = [c.text for c in result.completions]
    assert len(set(shown)) == len(shown)
    below = [line.strip() for line in text[offset:].split("\n")[1:] if line.strip()]
    for completion in result.completions:
        filled = text[: completion.span.start] + completion.text + text[completion.span.end :]
        compile(filled, "filled", "exec")
        assert not any(token in completion.text for token in SPECIAL_TOKENS) and "\ufffd" not in completion.text
        assert not below or not completion.text.strip().endswith(below[0]) or len(below[0]) < 4
        assert 0 <= completion.confidence <= 1
        assert len(completion.token_texts) == len(completion.token_entropies)


def test_same_request_same_answer_whatever_came_between(filler: ModelFiller) -> None:
    (text, offset), (other, elsewhere) = line_ends(2)
    first = ask(filler, text, offset, seed=7)
    ask(filler, other, elsewhere, seed=1)
    again = ask(filler, text, offset, seed=7)
    assert type(first) is type(again)
    if isinstance(first, Filled) and isinstance(again, Filled):
        assert first.completions == again.completions


def test_a_deadline_is_kept_roughly_and_still_answers(filler: ModelFiller, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[int, str]] = []
    denoise = filler._engine.denoise

    def seen(*arguments: Any, **named: Any) -> list[Fill]:
        fills = denoise(*arguments, **named)
        steps.append((max(f.steps for f in fills), fills[0].stop_reason))
        return fills

    monkeypatch.setattr(filler._engine, "denoise", seen)
    text = "def area(w, h):\n    \n"
    ask(filler, text, len(text) - 1)
    hasty = ask(filler, text, len(text) - 1, deadline_ms=1.0)
    assert steps == [(filler._engine.info.block_steps, "step_budget"), (1, "deadline")]
    assert isinstance(hasty, Filled) or hasty.reason in ("breaks_parse", "empty_fill")


def test_a_body_and_a_selection(filler: ModelFiller) -> None:
    text = "def area(w, h):\n    \n\n\ndef other():\n    return area(1, 2)\n"
    at = SOURCE.index("dict(")
    for result in (
        ask(filler, text, text.index("\n\n\ndef")),
        filler.fill(RewriteRequest(text=SOURCE, language="python", selection=Span(at, at + 4)), CancelToken()),
    ):
        if isinstance(result, Filled):
            span, fill = result.completions[0].span, result.completions[0].text
            whole = text if result.hole.kind == "block" else SOURCE
            compile(whole[: span.start] + fill + whole[span.end :], "filled", "exec")
        else:
            assert result.reason in ("breaks_parse", "empty_fill", "nothing_better")


@pytest.mark.parametrize("language", ["rust", "html", "typescriptreact"])
def test_silent_where_it_was_not_trained(filler: ModelFiller, language: str) -> None:
    result = filler.fill(FillRequest(text="x\n", language=language, offset=1), CancelToken())
    assert isinstance(result, NoFill) and result.reason == "untrained_language" and "python" in result.detail


@pytest.mark.parametrize(
    "text,expected",
    [
        ("def f(queue):\n    while Tr", "ue:"),
        ("class A:\n    @prop", "erty"),
        ("import re\n\nWORD = re.comp", "ile"),
        ("def f(config):\n    load(config.retries)\n    save(config.ret", "ries)"),  # as the file has it
    ],
)
def test_a_word_half_typed_is_finished_unasked(filler: ModelFiller, text: str, expected: str) -> None:
    result = ask(filler, text + "\n", len(text), trigger="automatic")
    assert isinstance(result, Filled) and result.completions[0].text == expected
    assert result.completions[0].confidence >= filler.show_threshold


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("try:\n    main()\nexcept Keyb", "oardInterrupt"),  # a name that every file knows
        ("from helpers import load_settings\n\nprint(load_", "settings"),
        ("def f(x):\n    raise NotImpl", "ementedError"),
    ],
)
def test_a_word_is_finished_where_the_line_is_not_sure(filler: ModelFiller, text: str, expected: str) -> None:
    result = ask(filler, text + "\n", len(text), trigger="automatic")
    assert isinstance(result, Filled) and result.completions[0].text.startswith(expected)


def test_no_word_is_shown_that_is_less_sure_than_asked(filler: ModelFiller) -> None:
    text = "try:\n    main()\nexcept Keyb"
    result = ask(filler, text + "\n", len(text), trigger="automatic")
    assert isinstance(result, Filled) and result.completions[0].source == "word"
    assert 0.7 <= result.completions[0].confidence < 1
    surer = ask(filler, text + "\n", len(text), trigger="automatic", least_confidence=0.9999)
    assert isinstance(surer, NoFill) and surer.reason == "not_confident"


def test_a_word_that_was_just_dismissed_is_not_finished_again(filler: ModelFiller) -> None:
    text = "try:\n    main()\nexcept Keyb"
    result = ask(filler, text + "\n", len(text), trigger="automatic", dismissed=(Dismissed("oardInterrupt"),))
    assert isinstance(result, NoFill) or "oardInterrupt" not in [c.text for c in result.completions]


def test_a_word_that_goes_on_is_not_finished_again(filler: ModelFiller) -> None:
    text = "for i in range(5):\n    pass\n"
    result = ask(filler, text, text.index("nge"), candidates=3)
    assert isinstance(result, NoFill) or "word" not in [completion.source for completion in result.completions]


def test_what_is_no_word_yet_is_not_gone_on_from(filler: ModelFiller) -> None:
    """`qu` stands nowhere else: `for x in qu:` is not what anybody is about to write."""
    text = "def f(queue):\n    total = 0\n    for x in qu\n"
    result = ask(filler, text, text.index("qu\n") + 2, trigger="automatic")
    assert isinstance(result, NoFill) or result.completions[0].text.startswith("eue")
