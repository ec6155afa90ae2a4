"""Rewrites, refinements and holes with the embedded model: right in form, whatever they are worth."""

from __future__ import annotations

import msgspec
import pytest

from infill.holes.find_target import find_target, targets_with_holes
from infill.holes.target import Target, TargetKind, applied
from infill.pipeline.filler import ModelFiller, open_filler
from infill.pipeline.refine import STRENGTHS
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Draft, Filled, NoFill, Span
from model.config import EMBEDDED
from model.types import CancelToken

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(not (EMBEDDED / "model.safetensors").exists(), reason="no embedded weights in this checkout"),
]

CODE = '''"""Boxes, 😋."""\r
\r
\r
@cached  # keep\r
def total(boxes, start=0, *rest):\r
\tresult = start\r
\tif boxes:\r
\t\tpass\r
\treturn ...\r
\r
\r
class Box:\r
\tdef __init__(self, name, size: int):\r
\t\tself.name = name\r
\t\tself.size = size\r
'''
REASONS = ("breaks_parse", "empty_fill", "nothing_better", "no_target")


@pytest.fixture(scope="module")
def filler() -> ModelFiller:
    return open_filler()


def rewritten(
    filler: ModelFiller, kind: TargetKind, word: str, strength: float | None = None, seed: int = 0
) -> tuple[str | None, list[str]]:
    """The document afterwards, None for a reason; and the drafts on the way."""
    at, row = CODE.index(word), by_id("python")
    assert row is not None
    target = find_target(parse(row, CODE), kind, Span(at, at + len(word)))
    assert isinstance(target, Target), target
    drafts: list[Draft] = []
    request = target.request("python", strength)
    request = type(request)(**{f: getattr(request, f) for f in request.__struct_fields__} | {"seed": seed})
    answer = filler.fill(request, CancelToken(), drafts.append)
    if isinstance(answer, NoFill):
        assert answer.reason in REASONS
        return None, [draft.text for draft in drafts]
    return applied(CODE, target.changes(answer.completions[0])), [draft.text for draft in drafts]


CASES: list[tuple[TargetKind, str, float | None]] = [
    ("holes", "result", None),
    ("docstring", "boxes", None),
    ("type_hints", "boxes", None),
    ("type_hints", "self.name", None),
    ("fix", "if boxes:", STRENGTHS["high"]),
    ("rewrite", "self.name = name", None),
    *(("refine", "self.name = name\r\n\t\tself.size = size", share) for share in STRENGTHS.values()),
]


@pytest.mark.parametrize(("kind", "word", "strength"), CASES)
def test_signatures_names_and_all_around_come_back(
    filler: ModelFiller, kind: TargetKind, word: str, strength: float | None
) -> None:
    after, drafts = rewritten(filler, kind, word, strength)
    assert 1 <= len(drafts) <= filler._engine.info.block_steps
    if after is None:
        return
    compile(after.replace("\r\n", "\n"), "after", "exec")
    assert after != CODE and "\n" not in after.replace("\r\n", "")
    kept = ['"""Boxes, 😋."""\r\n\r\n\r\n@cached  # keep\r\ndef total(', "class Box:\r\n\tdef __init__(self, name"]
    assert all(text in after for text in kept)
    if kind == "type_hints":
        untyped = after.replace("-> ...", "")
        assert "..." in untyped and ": ..." not in untyped  # only in the body, where it was


@pytest.mark.parametrize(("kind", "word", "strength"), [CASES[0], CASES[2], CASES[-1]])
def test_the_same_seed_gives_the_same_answer(
    filler: ModelFiller, kind: TargetKind, word: str, strength: float | None
) -> None:
    first = rewritten(filler, kind, word, strength, seed=5)
    rewritten(filler, "rewrite", "self.size = size", seed=1)
    assert rewritten(filler, kind, word, strength, seed=5) == first


def test_type_hints_are_types_that_mean_something(filler: ModelFiller) -> None:
    after, _ = rewritten(filler, "type_hints", "self.name")
    assert after is not None and "name: str" in after and ") -> None:" in after


def test_a_deadline_still_answers(filler: ModelFiller) -> None:
    row = by_id("python")
    assert row is not None
    for target in targets_with_holes(parse(row, CODE)):
        request = target.request("python")
        hasty = type(request)(**{f: getattr(request, f) for f in request.__struct_fields__} | {"deadline_ms": 30.0})
        answer = filler.fill(hasty, CancelToken())
        assert isinstance(answer, Filled) or answer.reason in REASONS


BOX = """class Box:
    def __init__(self, width: int, height: int, depth: int) -> None:
        self.width = width
        self.height = ...
        self.depth = ...
"""


def holes_of_box(filler: ModelFiller, least: float) -> Filled | NoFill:
    row = by_id("python")
    assert row is not None
    (target,) = targets_with_holes(parse(row, BOX))
    request = msgspec.structs.replace(target.request("python"), least_confidence=least)
    return filler.fill(request, CancelToken())


def test_values_like_those_of_the_lines_around(filler: ModelFiller) -> None:
    answer = holes_of_box(filler, 0.0)
    assert isinstance(answer, Filled)
    best = answer.completions[0]
    assert [part.text for part in best.parts] == ["height", "depth"]
    assert (best.source, best.n_left) == ("nearby", 0)
    assert best.confidence == pytest.approx(best.parts[0].confidence * best.parts[1].confidence, abs=1e-3)


@pytest.mark.reports
def test_a_hole_that_is_not_sure_enough_is_left_and_the_others_are_filled(filler: ModelFiller) -> None:
    answer = holes_of_box(filler, 0.0)
    assert isinstance(answer, Filled)
    low, high = sorted(part.confidence for part in answer.completions[0].parts)
    answer = holes_of_box(filler, (low + high) / 2)
    assert isinstance(answer, Filled)
    best = answer.completions[0]
    assert best.n_left == 1 and [part.text for part in best.parts] in (["height"], ["depth"])
    assert best.text.count("...") == 1
    (left,) = best.left
    assert (
        best.text[left.span.start - best.span.start :].startswith("...") or left.span.start > best.parts[0].span.start
    )
    assert left.why.startswith("no proposal is sure enough (at least 0.")
    answer = holes_of_box(filler, 0.99)
    assert isinstance(answer, NoFill) and answer.reason == "not_confident"
    assert answer.detail.endswith(", less than 0.99")
