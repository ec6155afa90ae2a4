"""Kinds of faults that users of other tools reported, at the pipeline with an engine of written answers."""

from __future__ import annotations

import pytest

from infill.types import Context, Dismissed, NoFill
from tests.infill.fake_engine import FakeEngine
from tests.infill.pipeline.test_filler import fill, texts

pytestmark = pytest.mark.reports


@pytest.mark.parametrize("source", ["nearby", "model"])
@pytest.mark.parametrize(("cookie", "letter"), [("ascii", "é"), ("latin-1", "€")])
def test_what_the_declared_encoding_cannot_write_is_not_offered(source: str, cookie: str, letter: str) -> None:
    text, other = f"# coding: {cookie}\nname = ‸\n", f"name = '{letter}'\n" * 3
    engine = FakeEngine(["'b'", f"'{letter}'"], log_probs={f" '{letter}'\n": -0.1, "'b'\n": -3.0})
    context = Context(texts=(other,)) if source == "nearby" else Context()
    assert texts(fill(engine, text, context=context, candidates=5)) == ["'b'"]
    utf_8 = text.replace(cookie, "utf-8")
    assert f"'{letter}'" in texts(fill(engine, utf_8, context=context, candidates=5))


def test_where_nothing_can_be_written_nothing_is_offered() -> None:
    answer = fill(FakeEngine(["'é'"]), "# coding: ascii\nname = ‸\n")
    assert isinstance(answer, NoFill)


STORE = "store(\n    name='a',\n    kind=True,\n    purpose=‸\n)\n"


def test_what_was_dismissed_at_one_keyword_counts_against_itself_at_the_next() -> None:
    engine = FakeEngine(["True,", "'x',"], log_probs={"True,": -0.2, "'x',": -0.4})
    assert texts(fill(engine, STORE, candidates=2))[0] == "True,"
    assert (
        texts(fill(engine, STORE, candidates=2, dismissed=tuple(map(Dismissed, ("True,", "True", "True,")))))[0]
        == "'x',"
    )
    before = fill(engine, STORE, candidates=2).completions[0].confidence  # type: ignore[union-attr]
    after = fill(engine, STORE, candidates=2, dismissed=(Dismissed("True)"),)).completions  # type: ignore[union-attr]
    assert next(c.confidence for c in after if c.text == "True,") <= before * 0.31


def test_a_line_that_was_just_dismissed_counts_against_the_rest_of_the_same_line_typed_elsewhere() -> None:
    """Typed over as `self.na` + `mes = []`, it came back under the next line as `self.name` + `s = []`."""
    engine, text = FakeEngine(["s = []"]), "def make(self):\n    self.name‸\n"
    before = fill(engine, text).completions[0]  # type: ignore[union-attr]
    dismissed = (Dismissed("mes = []", "    self.names = []"),)
    after = fill(engine, text, dismissed=dismissed).completions[0]  # type: ignore[union-attr]
    assert before.text == after.text == "s = []" and after.confidence <= before.confidence * 0.31
