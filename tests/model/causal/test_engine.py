"""Writing and judging through the engine's face."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from model.causal.engine import CausalEngine
from model.causal.greedy import branches, write
from model.causal.network import AHEAD_PIECE, MS_PER_PARAMETER
from model.load import load_engine
from model.prompt_parts import PromptFile
from model.read_ahead import ReadsAhead
from model.types import CancelToken, CheckpointError, ModelSpec

PROMPT = list(b"def area(w, h):\n    return w * ")


@pytest.fixture
def engine(converted: dict[str, Path]) -> CausalEngine:
    engine = load_engine(ModelSpec(str(converted["float32"]), threads=1))
    assert isinstance(engine, CausalEngine)
    return engine


def plain(library, n: int) -> list[int]:
    """The library's own greedy text."""
    ids = list(PROMPT)
    for _ in range(n):
        ids.append(int(library(torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(PROMPT) :]


def test_greedy_text_is_the_librarys(engine: CausalEngine, library) -> None:
    engine.network.prefill(PROMPT)
    written = [token.id for token in itertools.islice(write(engine.network), 24)]
    assert written == plain(library, 24)


@pytest.mark.parametrize("right", [0.0, 0.5, 0.9, 1.0])
def test_proposals_save_passes_and_change_nothing(engine: CausalEngine, library, right: float) -> None:
    text, rng = plain(library, 40), np.random.default_rng(1)

    def propose(ids: list[int]) -> list[list[int]]:
        rest = text[len(ids) : len(ids) + 5]
        return [[i if rng.random() < right else 3 for i in rest], rest[:1], [1, 2]]

    engine.network.prefill(PROMPT)
    tokens = list(itertools.islice(write(engine.network, propose=propose), 30))
    assert [token.id for token in tokens] == text[:30]
    assert tokens[-1].passes <= (15 if right < 1 else 6)


def test_branches_share_what_they_begin_with() -> None:
    assert branches(9, [[1, 2], [1, 3], [1, 2, 4, 5]], 6) == ([9, 1, 2, 3, 4, 5], [-1, 0, 1, 1, 2, 4])
    assert branches(9, [[1, 2, 3], [4]], 3) == ([9, 1, 2], [-1, 0, 1])


def test_a_draft_begins_with_what_is_typed(engine: CausalEngine) -> None:
    ids = engine.draft(PROMPT, 10, CancelToken(), starts_with="he\u0301i")
    assert engine.tokenizer.decode(ids[:6]).startswith("he\u0301i"[:4])
    assert len(ids) <= 10
    stopped = engine.draft(PROMPT, 10, CancelToken(), starts_with="ab", stop=lambda text, _: len(text) > 2)
    assert len(stopped) <= 10 and engine.tokenizer.decode(stopped).startswith("ab")
    assert engine.draft(PROMPT, 0, CancelToken()) == []


def test_scores_are_the_librarys_and_candidates_do_not_mix(engine: CausalEngine, library) -> None:
    candidates = [list(b"h"), list(b"height"), [], list(b"hex"), list(b"w")]
    scores = engine.score(PROMPT, candidates, CancelToken())
    for candidate, score in zip(candidates, scores, strict=True):
        log_probs = library(torch.tensor([[*PROMPT, *candidate]])).logits[0].log_softmax(-1)
        at = range(len(PROMPT) - 1, len(PROMPT) + len(candidate) - 1)
        assert score.log_probs == pytest.approx(
            [float(log_probs[i, c]) for i, c in zip(at, candidate, strict=True)], abs=1e-3
        )
        entropies = [-float(log_probs[i].exp() @ log_probs[i]) for i in at]
        assert score.entropies == pytest.approx(entropies, abs=1e-3)


def test_a_cancelled_question_is_answered_with_nothing(engine: CausalEngine) -> None:
    cancel = CancelToken()
    cancel.cancel()
    assert engine.draft(PROMPT, 5, cancel) == []
    assert engine.score(PROMPT, [[1]], cancel)[0].log_probs == ()
    assert not engine.read(PROMPT, cancel)
    assert engine.unread(PROMPT).n_tokens == len(PROMPT)
    assert engine.read(PROMPT, CancelToken())
    assert engine.unread(PROMPT) == (0, 0.0)
    assert isinstance(engine, ReadsAhead)


def test_what_is_unread_takes_as_long_as_reading_took_lately(
    engine: CausalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = engine.unread(PROMPT).ms
    assert usual == pytest.approx(len(PROMPT) * engine.info.n_parameters * MS_PER_PARAMETER)
    real = engine.network.forward
    monkeypatch.setattr(engine.network, "forward", lambda *given: time.sleep(0.1) or real(*given))
    for start in range(10):
        assert engine.read([start, *PROMPT], CancelToken())
    assert len(PROMPT) * 2 < engine.unread([200, *PROMPT]).ms < len(PROMPT) * 20  # 16 tokens a piece: 6 ms each


def test_a_prompt_is_appended_to_while_typing(engine: CausalEngine) -> None:
    tokenizer = engine.tokenizer
    a, b = (tokenizer.prompt((PromptFile("other.py", "y = 2"),), "\n\nx = 1\n", text) for text in ("def f(", "def f(a"))
    assert b[: len(a)] == a and len(b) == len(a) + 1
    names = {i: name for name, i in tokenizer.special_tokens().items()}
    assert [names[i] for i in a if i in names] == [
        "<|repo_name|>", "<|file_sep|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"
    ]  # fmt: skip


def test_it_runs_in_the_format_that_it_was_converted_to(converted: dict[str, Path]) -> None:
    with pytest.raises(CheckpointError, match="--quant cannot change"):
        load_engine(ModelSpec(str(converted["int8"]), quant="int4"))


def test_a_reading_ahead_that_is_cancelled_keeps_the_piece_at_hand(
    engine: CausalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every key cancels, nothing would ever be read otherwise."""
    prompt, real = [*range(1, 201)], engine.network.forward
    for n_read in (AHEAD_PIECE, 2 * AHEAD_PIECE):
        cancel = CancelToken()
        monkeypatch.setattr(engine.network, "forward", lambda *rest, token=cancel: (token.cancel(), real(*rest))[1])
        assert engine.read(prompt, cancel) is False
        assert engine.network.n_unread(prompt) == len(prompt) - n_read
