"""Frozen text comes back character for character, whatever the spans, the line breaks and the model do."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infill.holes.target import applied
from infill.pipeline.filler import ModelFiller
from infill.pipeline.refine import Group, least_probable, noised, read
from infill.prompt.segments import assembled, changed_parts, free_spans, lay_out
from infill.types import Filled, FillRequest, Hole, NoFill, RewriteRequest, Span
from model.types import Budget, CancelToken, Canvas, Fill, OnStep
from tests.infill.fake_engine import CharTokenizer, FakeEngine

TEXTS = st.text(st.sampled_from("ab =(\t \r\n😋é#:x"), min_size=1, max_size=40)
NUMBERS = st.integers(0, 45)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5)


def spans(pairs: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    return tuple(Span(*sorted(pair)) for pair in pairs)


def within(text: str, pair: tuple[int, int]) -> Span:
    start, end = sorted(min(at, len(text)) for at in pair)
    return Span(start, end)


class Loud(FakeEngine):
    """Writes the same character into every free position, as many as there are."""

    def denoise(
        self, prompt_ids: Sequence[int], canvases: Sequence[Canvas], budget: Budget, cancel: CancelToken, seed: int,
        on_draft: OnStep | None = None,
    ) -> list[Fill]:  # fmt: skip
        self.canvases = list(canvases)
        marks = "QRSTU"
        rows = [marks[row % 5] * sum(c.hole_mask) for row, c in enumerate(canvases)]
        if on_draft is not None:
            ids = [
                [ord("Q") + 10 if free else i for i, free in zip(c.canvas_ids, c.hole_mask, strict=True)]
                for c in canvases
            ]
            on_draft(1, ids)
        return [Fill(tuple(self.tokenizer.encode(t)), (0.1,) * len(t), 3, "converged") for t in rows]


def engine(**info: object) -> Loud:
    return Loud(log_probs={mark: -0.01 for mark in "QRSTU"}, **info)


@given(TEXTS, st.tuples(NUMBERS, NUMBERS), PAIRS)
@example("::", (0, 2), [(1, 1)])
def test_free_spans_and_frozen_spans_share_no_character(
    text: str, chosen: tuple[int, int], pairs: list[tuple[int, int]]
):
    selection, frozen = within(text, chosen), spans(pairs)
    free = free_spans(text, selection, frozen)
    for piece in free:
        assert selection.start <= piece.start < piece.end <= selection.end
        assert text[piece.start : piece.end] == text[piece.start : piece.end].strip()
        assert not any(max(f.start, piece.start) < min(f.end, piece.end) for f in frozen)  # an empty one has none
    uncovered = [at for at in range(selection.start, selection.end) if not any(f.start <= at < f.end for f in frozen)]
    missed = [at for at in uncovered if not any(p.start <= at < p.end for p in free)]
    splits = {
        at for f in frozen for end in (f.start, f.end) if text[end - 1 : end + 1] == "\r\n" for at in (end - 1, end)
    }
    assert all(not text[at].strip() or at in splits for at in missed)


@given(TEXTS, st.tuples(NUMBERS, NUMBERS), PAIRS, st.lists(st.text("Qé\n", max_size=4), min_size=50, max_size=50))
def test_what_is_frozen_survives_any_fill(
    text: str, chosen: tuple[int, int], pairs: list[tuple[int, int]], fills: list[str]
):
    selection, frozen, tokenizer = within(text, chosen), spans(pairs), CharTokenizer()
    segments = lay_out(text, selection, frozen, tokenizer, FakeEngine().info, lambda _: False)
    free = [s for s in segments if s.free]
    texts = fills[: len(free)]
    whole = assembled(text, selection, segments, texts)
    at, last = 0, selection.start
    for segment, new in zip(free, texts, strict=True):
        kept = text[last : segment.span.start]
        assert whole.startswith(kept + new, at)
        at, last = at + len(kept) + len(new), segment.span.end
    assert whole[at:] == text[last : selection.end]
    assert (
        applied(text, changed_parts(text, segments, texts)) == text[: selection.start] + whole + text[selection.end :]
    )


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS, st.tuples(NUMBERS, NUMBERS), PAIRS, st.sampled_from([None, 0.0, 0.3, 1.0]))
def test_an_answer_has_every_frozen_character(
    text: str, chosen: tuple[int, int], pairs: list[tuple[int, int]], strength: float | None
):
    selection, frozen = within(text, chosen), spans(pairs)
    filler = ModelFiller(engine(languages=None), "fake")
    drafts: list[str] = []
    request = RewriteRequest(
        text=text, language="html", selection=selection, frozen=frozen or (Span(0, 0),), strength=strength
    )
    answer = filler.fill(request, CancelToken(), lambda draft: drafts.append(draft.text))
    hole = answer.hole
    for new in (*drafts, *(c.text for c in answer.completions)) if isinstance(answer, Filled) and hole else ():
        for f in frozen:
            start, end = max(f.start, hole.span.start), min(f.end, hole.span.end)
            assert start >= end or text[start:end] in new
    if isinstance(answer, Filled):
        for c in answer.completions:
            for part in c.parts:
                assert not any(f.start < part.span.end and part.span.start < f.end for f in frozen)
            assert applied(text, c.parts) == text[: c.span.start] + c.text + text[c.span.end :]


@given(st.text(st.sampled_from("ab \r\n😋é"), min_size=1, max_size=30), st.floats(0, 1), st.randoms())
def test_a_refinement_cuts_a_stretch_into_pieces_of_its_text(text: str, strength: float, random):
    selection = Span(0, len(text))
    segments = lay_out(text, selection, (), CharTokenizer(), FakeEngine().info, lambda _: False)
    around = _around(text, selection)
    groups = read(FakeEngine(), around, text, segments, CancelToken())
    groups = [[Group(g.span, g.ids, random.random()) for g in own] for own in groups]
    chosen = least_probable(segments, groups, strength)
    cut = noised(segments, groups, chosen)
    ends = [at for s in cut for at in (s.span.start, s.span.end)]
    assert ends == sorted(ends) and ends[1:-1:2] == ends[2::2]
    free = [s for s in cut if s.free]
    n_tokens = sum(len(s.ids) for s in segments if s.free)
    assert sum(len(s.ids) for s in free) == (min(n_tokens, round(strength * n_tokens)) if n_tokens else 0)
    assert all(s.lengths == (len(s.ids),) for s in free)


def _around(text: str, selection: Span):
    from infill.prompt.context import prompt_context

    fake = FakeEngine()
    return prompt_context(text, Hole(selection, "selection", "", True), fake.info, fake.tokenizer)


def ask(text: str, selected: str, free: tuple[str, ...] = (), engine: FakeEngine | None = None, **options: object):
    start = text.index(selected)
    selection, frozen, at = Span(start, start + len(selected)), list[Span](), start
    for piece in free:
        hole = text.index(piece, at)
        frozen.append(Span(at, hole))
        at = hole + len(piece)
    if free:
        frozen.append(Span(at, selection.end))
    request = RewriteRequest(text=text, language="python", selection=selection, frozen=tuple(frozen), **options)
    return ModelFiller(engine or Loud(log_probs={"Q": -0.01}), "fake").fill(request, CancelToken())


BOXES = "def f(a):\r\n\tfor b in a:\r\n\t\tpass\r\n\treturn ...\r\n"


def test_holes_are_denoised_in_one_canvas_with_everything_else_clamped():
    fake = Loud(log_probs={"Q": -0.01})
    answer = ask(BOXES, BOXES.strip(), ("pass", "..."), fake)
    assert isinstance(answer, Filled)
    assert answer.completions[0].text.startswith("def f(a):\r\n\tfor b in a:\r\n\t\tQ")
    lengths = {(c.hole_mask.index(True), sum(c.hole_mask)) for c in fake.canvases}
    assert len(fake.canvases) == 3 and len(lengths) == 3  # block lengths and line lengths, spread together
    clamped = [i for i, free in zip(fake.canvases[0].canvas_ids, fake.canvases[0].hole_mask, strict=True) if not free]
    assert "".join(chr(i - 10) for i in clamped) == "def f(a):\n\tfor b in a:\n\t\t\n\treturn \n"
    assert [p.span for p in answer.completions[0].parts] == [Span(27, 31), Span(41, 44)]


def test_a_placeholder_that_comes_back_is_no_fill():
    class Same(Loud):
        def denoise(self, prompt_ids, canvases, budget, cancel, seed, on_draft=None):
            ids = [self.tokenizer.encode(("pass" + "." * 60)[: sum(c.hole_mask)]) for c in canvases]
            return [Fill(tuple(i), (0.1,) * len(i), 1, "converged") for i in ids]

    answer = ask("def f():\n    x = 1\n    pass\n", "x = 1\n    pass", ("pass",), Same(block_lengths=(4,)))
    assert isinstance(answer, NoFill) and answer.reason == "empty_fill"


def test_one_stretch_that_cannot_parse_does_not_spoil_the_other():
    class Half(Loud):
        def denoise(self, prompt_ids, canvases, budget, cancel, seed, on_draft=None):
            return [Fill(tuple(self.tokenizer.encode("x1" + ")]")), (0.1,) * 4, 1, "converged") for _ in canvases]

    half = Half(block_lengths=(2,), line_lengths=(2,), log_probs={"x1": -0.1})
    answer = ask("def f(a):\n    pass\n    return ...\n", "pass\n    return ...", ("pass", "..."), half)
    assert isinstance(answer, Filled) and answer.completions[0].text == "x1\n    return ..."


def test_a_refinement_that_is_no_improvement_is_not_shown():
    worse = ask("x = abc + d\n", "x = abc + d", (), Loud(log_probs={"abc": -0.01}), strength=0.2)
    assert isinstance(worse, NoFill) and worse.reason == "nothing_better"
    better = ask("x = abc + d\n", "x = abc + d", (), Loud(log_probs={"Q": -0.01}), strength=0.2)
    assert isinstance(better, Filled) and len(better.completions[0].text) == len("x = abc + d")


def test_a_refinement_of_broken_code_that_mends_it_is_shown_even_if_less_probable():
    class Mend(Loud):
        def denoise(self, prompt_ids, canvases, budget, cancel, seed, on_draft=None):
            return [Fill((ord(")") + 10,) * sum(c.hole_mask), (0.1,), 1, "converged") for c in canvases]

        def score(self, prompt_ids, continuations, cancel):
            scores = super().score(prompt_ids, continuations, cancel)
            return [type(s)((*s.log_probs[:-1], -9.0), s.entropies) for s in scores]  # the last is the least believed

    answer = ask("x = (1]\n", "x = (1]", (), Mend(log_probs={"]": -0.01}), strength=0.15)
    assert isinstance(answer, Filled) and answer.completions[0].text == "x = (1)"


def test_a_selection_too_long_is_a_reason_with_numbers():
    for options in ({}, {"strength": 0.5}):
        answer = ask("x = 1\n" * 30, "x = 1\n" * 30, (), FakeEngine(["y"], max_selection_tokens=50), **options)
        assert isinstance(answer, NoFill) and answer.reason == "selection_too_long" and "179" in answer.detail


def test_nothing_free_is_a_reason():
    request = RewriteRequest(text="x = 1\n", language="python", selection=Span(0, 5), frozen=(Span(0, 5),))
    answer = ModelFiller(Loud(), "fake").fill(request, CancelToken())
    assert isinstance(answer, NoFill) and answer.reason == "no_target"


def test_a_cancel_comes_before_any_other_reason():
    token = CancelToken()
    token.cancel()
    request = RewriteRequest(text="x = 1\n", language="python", selection=Span(0, 5), strength=0.5)
    answer = ModelFiller(Loud(), "fake").fill(request, token)
    assert isinstance(answer, NoFill) and answer.reason == "cancelled"


def test_code_does_not_become_a_comment_nor_lose_its_names():
    fake = FakeEngine(["# nothing", "def g():\n    return 2"], log_probs={"# nothing": -0.001, "def g": -0.01})
    answer = ask("def f():\n    return 1\n", "def f():\n    return 1", (), fake)
    assert isinstance(answer, NoFill) and answer.reason == "empty_fill"


def test_a_body_is_more_than_words():
    fake = FakeEngine(['"""Says."""', "return 1"], log_probs={"Says": -0.001, "return 1": -0.1})
    request = FillRequest(text="def f():\n    pass\n", language="python", offset=13)
    answer = ModelFiller(fake, "fake").fill(request, CancelToken())
    assert isinstance(answer, Filled) and answer.completions[0].text == "return 1"
