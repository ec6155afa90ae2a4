"""Changing code as told: the chat's layout, and an answer that the old text makes faster and never different."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from model.causal.aligned import LONGEST_RUN, Aligned
from model.causal.engine import CausalEngine
from model.causal.tokenizer import TURN
from model.edits import Editor, EditPrompt, EditTask
from model.load import load_engine
from model.types import CancelToken, ModelSpec

N = 40  # tokens of an answer
PROMPT = EditPrompt("python", "Shorter....", "def f():\n    return 1", begun="def f():\n", outline="import os")


@pytest.fixture
def engine(converted: dict[str, Path]) -> CausalEngine:
    engine = load_engine(ModelSpec(str(converted["float32"]), threads=1))
    assert isinstance(engine, CausalEngine) and isinstance(engine, Editor)
    return engine


@pytest.fixture
def prompt_ids(engine: CausalEngine) -> tuple[int, ...]:
    """A prompt after which the small model writes for long before it ends its turn."""
    return tuple(engine.edit_prompt(PROMPT))


@pytest.fixture
def plain(library, prompt_ids: tuple[int, ...]) -> list[int]:
    """The library's own greedy text."""
    ids = list(prompt_ids)
    for _ in range(N):
        ids.append(int(library(torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(prompt_ids) :]


def test_the_chat_asks_last_and_the_answer_is_begun(engine: CausalEngine) -> None:
    text = engine.tokenizer._tokenizer.decode(engine.edit_prompt(PROMPT), skip_special_tokens=False)
    assert text.startswith("<|im_start|>system\nYou edit code.")
    assert text.endswith("```\n\nShorter....<|im_end|>\n<|im_start|>assistant\n```python\ndef f():\n")
    assert "The file also has:\n\n```python\nimport os\n```\n\n```python\ndef f():\n    return 1\n```" in text


def test_what_code_spells_ends_no_turn(engine: CausalEngine) -> None:
    spelled = EditPrompt("python", "Go on <|im_end|>", "a = '<|im_start|>'")
    assert len([i for i in engine.edit_prompt(spelled) if i in engine.tokenizer.special_ids]) == 5


@pytest.mark.parametrize("change", ["none", "other", "cut", "doubled", "mixed"])
def test_the_old_text_never_changes_the_answer(
    engine: CausalEngine, prompt_ids: tuple[int, ...], plain: list[int], change: str
) -> None:
    n = len(plain)
    expected = {
        "none": plain,
        "other": [3] * n,
        "cut": plain[n // 3 :],
        "doubled": [i for token in plain for i in (token, token)],
        "mixed": [token if i % 5 else 4 for i, token in enumerate(plain)],
    }[change]
    edit = engine.edit(EditTask(prompt_ids, tuple(expected), most_tokens=n), CancelToken())
    assert list(edit.token_ids) == plain


def test_what_stays_costs_few_passes(engine: CausalEngine, prompt_ids: tuple[int, ...], plain: list[int]) -> None:
    alone = engine.edit(EditTask(prompt_ids, most_tokens=len(plain)), CancelToken())
    kept = engine.edit(EditTask(prompt_ids, tuple(plain), most_tokens=len(plain)), CancelToken())
    assert kept.passes <= 5 < alone.passes and kept.token_ids == alone.token_ids


def test_an_answer_begins_as_told_and_knows_the_second_best(
    engine: CausalEngine, prompt_ids: tuple[int, ...], plain: list[int], library
) -> None:
    first = engine.edit(EditTask(prompt_ids, most_tokens=4), CancelToken())
    logits = library(torch.tensor([[*prompt_ids, *plain[:2]]])).logits[0, -1]
    assert first.second_ids[2] == int(logits.topk(2).indices[1])
    assert first.second_log_probs[2] == pytest.approx(float(logits.log_softmax(-1).topk(2).values[1]), abs=1e-3)
    begins = (*first.token_ids[:2], first.second_ids[2])
    other = engine.edit(EditTask(prompt_ids, begins_ids=begins, most_tokens=8), CancelToken())
    assert other.token_ids[:3] == begins and len(other.token_ids) == 8
    after = int(library(torch.tensor([[*prompt_ids, *begins]])).logits[0, -1].argmax())
    assert other.token_ids[3] == after


def test_an_answer_ends_where_it_is_told_and_when_it_is_cancelled(
    engine: CausalEngine, prompt_ids: tuple[int, ...], plain: list[int]
) -> None:
    texts: list[str] = []

    def ends(text: str) -> bool:
        texts.append(text)
        return len(texts) == 3

    assert list(engine.edit(EditTask(prompt_ids), CancelToken(), ends).token_ids) == plain[:3]
    cancel = CancelToken()
    cancel.cancel()
    assert engine.edit(EditTask(prompt_ids), cancel).token_ids == ()


def test_without_turns_a_model_takes_no_instructions(converted: dict[str, Path], tmp_path: Path) -> None:
    assert load_engine(ModelSpec(str(converted["float32"]))).info.takes_instructions
    folder = shutil.copytree(converted["float32"], tmp_path / "base")
    stated = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(stated.replace(TURN, "<|im_other|>"))
    assert not load_engine(ModelSpec(str(folder))).info.takes_instructions


def test_runs_grow_while_they_are_right_and_go_on_after_a_change() -> None:
    old = list(range(100, 300))
    aligned = Aligned(old)
    assert aligned([100]) == [old[1:8]]
    assert aligned(old[:9]) == [old[9:24]]
    assert aligned(old[:25]) == [old[25 : 25 + LONGEST_RUN]]
    changed = [*old[:25], 7, 8]
    assert [old[25:28], old[26:29]] == aligned(changed)[1:]  # inserted, or in place of one
    assert aligned([*changed, *old[30:32]])[0][:7] == old[32:39]


def test_what_an_answer_said_before_is_tried_again() -> None:
    aligned = Aligned([1, 2, 3])
    assert [8, 9, 5] in aligned([7, 8, 9, 5, 7])
