"""Kinds of faults that users of other tools reported, at the pipeline with an engine of written answers."""

from __future__ import annotations

import pytest

from infill.types import Context, NoFill
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
