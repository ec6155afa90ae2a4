"""Kinds of faults that users of other tools reported, with the embedded model, where code makes its answer sure."""

from __future__ import annotations

import pytest

from infill.pipeline.filler import ModelFiller, open_filler
from infill.types import Completion, Context, Filled, FillRequest, NoFill
from model.config import EMBEDDED
from model.types import CancelToken

pytestmark = [
    pytest.mark.reports,
    pytest.mark.weights,
    pytest.mark.skipif(not (EMBEDDED / "model.safetensors").exists(), reason="no embedded weights in this checkout"),
]

HELPERS = "class Box:\n    def __init__(self, weight):\n        self.g = weight\n\n    def weight_in_grams(self): ...\n"


@pytest.fixture(scope="module")
def filler() -> ModelFiller:
    return open_filler()


def shown(filler: ModelFiller, source: str, *texts: str, **options: object) -> tuple[Completion, ...] | str:
    offset = source.index("‸")
    request = FillRequest(
        text=source.replace("‸", ""), language="python", offset=offset, context=Context(texts=texts), **options
    )
    answer = filler.fill(request, CancelToken())
    return answer.completions if isinstance(answer, Filled) else answer.reason if isinstance(answer, NoFill) else ""


@pytest.mark.parametrize("trigger", ["automatic", "manual"])
@pytest.mark.parametrize("receiver", ["from helpers import Box\n\nbox = Box(3)\n", "def f(box: helpers.Box):\n    "])
def test_the_only_member_that_is_begun_is_offered_first(filler: ModelFiller, trigger: str, receiver: str) -> None:
    first, *_ = shown(filler, f"{receiver}print(box.wei‸)\n", HELPERS, trigger=trigger, candidates=3)
    assert isinstance(first, Completion) and first.text.startswith("ght_in_grams")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import sys\n\n\ndef main():\n    return 0\n\n\nif __name__ ‸\n", '== "__main__":'),
        ("def f(x):\n" + "    log.info('done')\n    x()\n" * 3 + "    log.‸\n", "info('done')"),
        ("def f(prices):\n    accumulated_weight = 0\n    return use(accum‸)\n", "ulated_weight"),
        ("def save(path, purpose):\n    return store(path, purpose=‸)\n", "purpose"),
    ],
)  # fmt: skip
def test_sure_things_are_shown_unasked(filler: ModelFiller, source: str, text: str) -> None:
    first, *_ = shown(filler, source, trigger="automatic")
    assert isinstance(first, Completion) and first.text == text and first.confidence >= 0.5


def test_no_comment_of_another_place_is_copied(filler: ModelFiller) -> None:
    there = "def a(path):\n    csvlog.init(True, path)  # the disk is full\n\n\n"
    completions = shown(filler, f"{there}def b(path):\n    csvlog.init‸\n", candidates=3)
    assert all(isinstance(c, Completion) and "disk" not in c.text for c in completions)
