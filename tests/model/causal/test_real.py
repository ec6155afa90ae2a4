"""The real model, converted, where it is on this machine. Held-out loss is in tests/bench/bench_causal.py."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from model.causal.engine import CausalEngine
from model.causal.load import load_causal_engine
from model.config import CausalInfillConfig
from model.types import CancelToken, ModelSpec

BEFORE = 'def fibonacci(n):\n    """Return the n-th Fibonacci number."""\n    if n < 2:\n        return n\n    '
AFTER = "\n\n\nprint(fibonacci(10))\n"


@pytest.fixture(scope="module")
def engine(real_folder: Path) -> CausalEngine:
    return load_causal_engine(real_folder, ModelSpec(threads=1))


def test_it_knows_code(engine: CausalEngine) -> None:
    prompt = engine.tokenizer.prompt((), AFTER, BEFORE)
    ids = engine.draft(prompt, 24, CancelToken(), starts_with="ret", stop=lambda text, _: "\n" in text)
    assert engine.tokenizer.decode(ids).strip() == "return fibonacci(n-1) + fibonacci(n-2)"


def test_it_knows_what_is_likely(engine: CausalEngine) -> None:
    prompt = engine.tokenizer.prompt((), AFTER, BEFORE)
    good, bad = (engine.tokenizer.encode(text) for text in ("return fibonacci", "return open"))
    scores = engine.score(prompt, [good, bad], CancelToken())
    assert sum(scores[0].log_probs) > sum(scores[1].log_probs) + 5


def test_what_is_kept_equals_a_fresh_read(engine: CausalEngine) -> None:
    network, prompt = engine.network, engine.tokenizer.prompt((), AFTER, BEFORE)
    log_probs = []
    for fresh in (False, True):
        network.forget()
        if not fresh:
            network.prefill([*prompt[:40], 7, 8, 9])
        network.prefill(prompt)
        log_probs.append(network.reading().log_probs([-1])[0])
    likely = log_probs[1] > np.log(0.01)
    assert log_probs[0][likely] == pytest.approx(log_probs[1][likely], abs=0.1)


def test_its_tokenizer_gives_back_any_text(engine: CausalEngine) -> None:
    text = "e\u0301 漢字 \U0001f600\t  x\r\n\r\n<|fim_middle|> [PAD151700]"
    ids = engine.tokenizer.encode(text)
    assert engine.tokenizer.decode(ids) == text
    assert not engine.tokenizer.special_ids & set(ids)
    assert b"[PAD151700]" not in engine.tokenizer.token_bytes()


@pytest.mark.parametrize("device", [None, pytest.param("cuda", marks=pytest.mark.gpu)])
def test_drafts_of_the_canvas_change_nothing_but_what_rounding_decides(
    device: str | None, real_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whole numbers rows round with their company, so where a text differs two tokens are about as likely."""
    spec, prompt, texts = ModelSpec(threads=1, device=device), [], []
    for switch in ("off", "on"):
        infill = CausalInfillConfig(canvas_drafts=switch)
        monkeypatch.setattr("model.causal.load.read_infill_config", lambda folder, infill=infill: infill)
        engine = load_causal_engine(real_folder, spec)
        assert (engine.network.drafts is not None) == (switch == "on")
        prompt = engine.tokenizer.prompt((), "\n\n" + BEFORE, "import re\n\n\ndef words(text):\n")
        texts.append(list(islice(engine.write(prompt, CancelToken()), 24)))
    plain, drafted = texts
    assert drafted[-1].passes < plain[-1].passes == len(plain) - 1
    for a, b in zip(plain, drafted, strict=True):
        if a.id != b.id:
            assert a.log_prob - a.second_log_prob < 0.3
            break
