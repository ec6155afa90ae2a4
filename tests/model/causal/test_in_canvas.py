"""Canvases filled from left to right: what is clamped stays, and runs end where they should."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from model.causal.engine import CausalEngine
from model.causal.in_canvas import Row
from model.causal.load import load_causal_engine
from model.types import Budget, CancelToken, Canvas, ModelSpec

FREE = -1


@pytest.fixture(scope="module")
def engine(converted: dict[str, Path]) -> CausalEngine:
    return load_causal_engine(converted["float32"], ModelSpec(threads=1))


def canvas(*parts: str | int, engine: CausalEngine) -> Canvas:
    """Texts are clamped; a number is so many free positions."""
    ids: list[int] = []
    for part in parts:
        ids += [FREE] * part if isinstance(part, int) else engine.tokenizer.encode(part)
    return Canvas(tuple(ids), tuple(i == FREE for i in ids))


def fill(engine: CausalEngine, *canvases: Canvas, seed: int = 0) -> list[tuple[int, ...]]:
    prompt = engine.tokenizer.prompt((), "\n", "x = ")
    return [f.token_ids for f in engine.denoise(prompt, canvases, Budget(), CancelToken(), seed)]


def test_one_run_is_the_greedy_text(engine: CausalEngine) -> None:
    prompt = engine.tokenizer.prompt((), "\n", "x = ")
    (written,) = fill(engine, canvas(6, engine=engine))
    assert list(written) == engine.draft(prompt, len(written), CancelToken())


def test_a_second_run_reads_the_first_and_what_is_clamped_between(engine: CausalEngine) -> None:
    """Greedy: the second run is what the model writes after all of that."""
    first, between, second = 3, " + y, ", 3
    (written,) = fill(engine, canvas(first, between, second, engine=engine))
    texts = [i for i in written[:first] if i != engine.tokenizer.pad_id]
    prompt = [*engine.tokenizer.prompt((), "\n", "x = "), *texts, *engine.tokenizer.encode(between)]
    after = list(written[first:])
    assert after == engine.draft(prompt, second, CancelToken())[: len(after)]


def test_a_run_ends_where_the_model_goes_on_with_what_is_clamped(engine: CausalEngine) -> None:
    prompt = engine.tokenizer.prompt((), "\n", "x = ")
    draft = engine.draft(prompt, 4, CancelToken())
    clamped = Canvas((*[FREE] * 8, draft[2]), (*[True] * 8, False))
    (written,) = fill(engine, clamped)
    assert list(written) == draft[: draft.index(draft[2])]


def test_others_than_the_first_differ_by_seed_and_repeat_with_it(engine: CausalEngine) -> None:
    rows = [canvas(12, engine=engine)] * 2
    once, again, other = fill(engine, *rows), fill(engine, *rows), fill(engine, *rows, seed=5)
    assert once == again
    assert once[0] == other[0]
    assert once[1] != other[1]


def test_cancelled_it_writes_nothing(engine: CausalEngine) -> None:
    cancel = CancelToken()
    cancel.cancel()
    fills = engine.denoise([1, 2], [canvas(4, engine=engine)] * 2, Budget(), cancel, 0)
    assert [(f.token_ids, f.stop_reason) for f in fills] == [((), "cancelled")] * 2


def test_a_canvas_does_not_depend_on_those_beside_it(engine: CausalEngine) -> None:
    one, other = canvas(5, " + y, ", 4, engine=engine), canvas("a", 12, engine=engine)
    assert fill(engine, one, other)[0] == fill(engine, one)[0]
    assert fill(engine, one, other)[1] == fill(engine, one, other, one)[1]


class Words:
    """A tokenizer of a few words, some of which end in quotes or a line break as well."""

    texts = ("<pad>", "Take", " it", '."""\n', '"""', "\n", "    x", ".\n", ".", '"', " */")
    pad_id, special_ids = 0, frozenset({0})

    def encode(self, text: str) -> list[int]:
        return [self.texts.index(text)] if text else []

    def decode(self, token_ids: Sequence[int]) -> str:
        return "".join(self.texts[i] for i in token_ids)


@pytest.mark.parametrize(
    ("clamped", "writes", "expected"),
    [
        (['"""', "\n"], ["Take", " it", '."""\n'], "Take it."),  # a token has the end and the closing quotes
        (['"""', "\n"], ["Take", '"""'], "Take"),
        (["\n", "    x"], ["Take", " it", ".\n"], "Take it."),
        ([" */"], ["Take", " */"], "Take"),
        (["    x"], ["Take", ".\n", '"', "    x"], 'Take.\n"'),  # what follows is code: only it ends the run
    ],
)
def test_a_run_ends_in_a_token_that_has_the_closing_text_in_it(
    clamped: list[str], writes: list[str], expected: str
) -> None:
    words = Words()
    ids = [i for text in clamped for i in words.encode(text)]
    row = Row(Canvas((*[FREE] * 8, *ids), (*[True] * 8, *[False] * len(ids))), words, None)  # type: ignore[arg-type]
    known = np.arange(len(words.texts))
    for text in writes:
        row.write(known, np.log(np.eye(len(known), dtype=np.float32)[words.texts.index(text)] + 1e-9))
    assert row.done and words.decode([i for i in row.fill().token_ids if i]) == expected
