"""What a request has to read first: read ahead by the same prompt, or too much for the time that is left."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from infill.pipeline.filler import ModelFiller
from infill.pipeline.prompts import WINDOWS_SHARE
from infill.pipeline.read_ahead import hole_to_read
from infill.retrieval.similar_windows import ANCHOR_LINES
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Context, Filled, FillRequest, Hole, NoFill
from model.causal.key_values import shared
from model.read_ahead import Unread
from model.types import CancelToken
from tests.infill.fake_engine import FakeEngine

MS = 2.0


class SlowReader(FakeEngine):
    """Takes two milliseconds a token, by its own account."""

    def __init__(self, **options: object) -> None:
        super().__init__(["h"], log_probs={"h\n": -0.1}, **options)
        self.kept: list[list[int]] = [[]]
        self.n_read = 0  # tokens, of all requests

    def read(self, prompt_ids: Sequence[int], cancel: CancelToken) -> bool:
        if not cancel.cancelled:
            self.n_read += self.unread(prompt_ids).n_tokens
            self.kept.append(list(prompt_ids))
        return not cancel.cancelled

    def unread(self, prompt_ids: Sequence[int]) -> Unread:
        n_shared = max(shared(prompt_ids, kept) for kept in self.kept)
        n = len(prompt_ids) - n_shared
        return Unread(n, n * MS)


def request(marked: str, **options: object) -> FillRequest:
    return FillRequest(marked.replace("‸", ""), "python", offset=marked.index("‸"), **options)


def ahead(marked: str, **options: object) -> FillRequest:
    return request(marked, trigger="automatic", speculative=True, only_reads=True, **options)


AREA = "def area(w, h):\n    return w * ‸\n"


def answer(engine: FakeEngine, asked: FillRequest) -> Filled | NoFill:
    return ModelFiller(engine, "slow").fill(asked, CancelToken())


def test_what_was_read_ahead_is_what_the_question_reads() -> None:
    engine = SlowReader()
    first = answer(engine, ahead(AREA))
    assert isinstance(first, NoFill) and first.reason == "read" and first.unread == engine.n_read > 0
    assert engine.canvases == [], "nothing is written"
    asked = answer(engine, request(AREA, trigger="automatic", deadline_ms=50))
    assert isinstance(asked, Filled) and (asked.unread, asked.model) == (0, "fake")


def test_where_reading_takes_too_long_an_automatic_request_is_told_so_at_once() -> None:
    engine = SlowReader()
    late = answer(engine, request(AREA, trigger="automatic", deadline_ms=50))
    assert isinstance(late, NoFill) and late.reason == "reading" and "ms to read" in late.detail
    assert engine.canvases == [] and (late.model, late.hole is not None) == ("fake", True)
    assert isinstance(answer(engine, request(AREA, trigger="automatic", deadline_ms=60_000)), Filled)
    assert isinstance(answer(engine, request(AREA, trigger="automatic")), Filled), "no deadline"
    assert isinstance(answer(engine, request(AREA, deadline_ms=50)), Filled), "the user asked, and waits"


def test_a_cancelled_reading_says_so() -> None:
    engine, cancel = SlowReader(), CancelToken()
    cancel.cancel()
    told = ModelFiller(engine, "slow").fill(ahead(AREA), cancel)
    assert isinstance(told, NoFill) and told.reason == "cancelled" and told.unread > 0


def test_a_model_that_reads_fast_reads_nothing_ahead() -> None:
    engine = FakeEngine(["h"], log_probs={"h\n": -0.1})
    assert not ModelFiller(engine, "fast").reads_ahead and ModelFiller(SlowReader(), "slow").reads_ahead
    told = answer(engine, ahead(AREA))
    assert isinstance(told, NoFill) and told.reason == "read" and told.unread == 0


@pytest.mark.parametrize(
    ("marked", "read_at"),
    [
        ("value = com‸pute(1)\n", "value = compute(1)‸\n"),
        ("print('a‸b')\n", "print('ab')‸\n"),
        ("f(‸)\n", "f(‸)\n"),
        ("x = 1‸\n", "x = 1‸\n"),
        ("# a wo‸rd\n", "# a word‸\n"),
    ],
)
def test_where_no_question_would_be_asked_it_is_the_lines_end(marked: str, read_at: str) -> None:
    language = by_id("python")
    assert language is not None
    found = hole_to_read(parse(language, marked.replace("‸", "")), marked.index("‸"))
    assert isinstance(found, Hole) and found.span.start == read_at.index("‸")


def test_of_generated_code_nothing_is_read() -> None:
    language = by_id("python")
    assert language is not None
    assert isinstance(hole_to_read(parse(language, f"x = {'1 + ' * 400}1\n"), 4), NoFill)


LINES = [f"def step_{i}(parcel):\n    label_{i} = carrier.label(parcel)\n    return label_{i}\n" for i in range(60)]
TYPED = "    total = carrier.label(parcel)\n    if total:\n        return total\n    parcel.send()\n"
OTHER = "".join(f"label = carrier.label(parcel)\nthing_{i} = send(label)\n" for i in range(40))


def n_read_while_typing(typed: str) -> list[int]:
    """Tokens that each key's question would read after the first one, in the middle of a long file."""
    limits = {"max_prompt_tokens": 2400, "similar_windows": 2, "typed_tokens": 500, "context_tokens": 0}
    engine = SlowReader(**limits, far_suffix_tokens=200, suffix_from_hole=True)
    before, after = "".join(LINES[:30]) + "def more(parcel):\n", "\n" + "".join(LINES[30:])
    context = Context(texts=(OTHER,), text_paths=("other.py",), path="own.py")
    n: list[int] = []
    for i in range(len(typed) + 1):
        told = answer(engine, ahead(f"{before}{typed[:i]}‸{after}", context=context))
        n.append(told.unread)
    return n[1:]


def test_letters_and_line_ends_read_little_anew() -> None:
    n = n_read_while_typing(TYPED)
    assert max(n) <= 40 and sum(n) <= 3 * len(TYPED), n


def test_sixteen_lines_read_the_prompt_anew_but_once() -> None:
    line = "    carrier.label(parcel)\n"
    n = n_read_while_typing(line * ANCHOR_LINES)
    assert sum(read > 100 for read in n) == 1, n


def test_windows_leave_room_for_the_file_itself() -> None:
    long = "".join(f"label = carrier.label(parcel)  # {'x' * 300}\n" for _ in range(40))
    engine = SlowReader(max_prompt_tokens=2000, similar_windows=2, context_tokens=0)
    context = Context(texts=(long,), text_paths=("other.py",))
    told = answer(engine, ahead("def f(parcel):\n    label = carrier.label(parcel)\n‸\n", context=context))
    assert told.unread <= 2000 * WINDOWS_SHARE + 100, "windows that do not fit are left out"
    assert "def f(parcel)" in engine.tokenizer.decode(engine.kept[-1])


LONG_FILE = {"max_prompt_tokens": 2000, "far_suffix_tokens": 400, "suffix_from_hole": True, "typed_tokens": 200}
TOP, END = "".join(LINES[:8]), "\n" + "".join(LINES[8:])
IN_TIME = {"trigger": "automatic", "deadline_ms": 200}


def test_at_a_new_place_a_brief_prompt_is_read_first_and_a_question_is_answered_by_it() -> None:
    engine = SlowReader(**LONG_FILE, brief_tokens=300)
    place = f"{TOP}def area(w, h):\n    return w * ‸{END}"
    assert isinstance(answer(engine, request(place, **IN_TIME)), NoFill), "nothing is read yet"
    first = answer(engine, ahead(place))
    assert isinstance(first, NoFill) and (first.reason, first.unread) == ("reading", engine.n_read)
    assert 100 < len(engine.kept[-1]) <= 300
    asked = answer(engine, request(place, **IN_TIME))
    assert isinstance(asked, Filled) and engine.prompts[-1] == engine.kept[-1]
    assert answer(engine, ahead(place)).unread > 900 and len(engine.kept[-1]) > 900, "then the rest"
    assert isinstance(answer(engine, request(place, **IN_TIME)), Filled)
    assert engine.prompts[-1] == engine.kept[-1]
    assert answer(engine, ahead(place)).unread == 0


def test_who_asks_by_hand_and_who_has_no_deadline_gets_the_whole_prompt() -> None:
    engine = SlowReader(**LONG_FILE, brief_tokens=300)
    place = f"{TOP}def area(w, h):\n    return w * ‸{END}"
    for asked in (request(place, deadline_ms=200), request(place, trigger="automatic")):
        assert isinstance(answer(engine, asked), Filled) and len(engine.prompts[-1]) > 900


@pytest.mark.parametrize(
    "typed", ["f(‸)", "f([‸])", "f('‸')", "f({\n        ‸\n    })", "f(g(\n    h(\n    ‸\n    )\n))"]
)
def test_brackets_that_the_editor_closes_leave_what_was_read(typed: str) -> None:
    engine = SlowReader(**LONG_FILE)
    answer(engine, ahead(f"{TOP}def area(w, h):\n    x = ‸{END}"))
    asked = answer(engine, request(f"{TOP}def area(w, h):\n    x = {typed}{END}", **IN_TIME))
    assert asked.reason != "reading" if isinstance(asked, NoFill) else True
    assert asked.unread <= len(typed) + 4
