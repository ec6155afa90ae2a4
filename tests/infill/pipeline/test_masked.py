"""The whole pipeline over a masked model that knows one text by heart, from the command line too."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
from infill.cli.main import main
from infill.pipeline.filler import ModelFiller
from infill.types import Filled, FillRequest, NoFill, RewriteRequest, Source, Span
from model.load import load_engine
from model.types import CancelToken, ModelSpec
from tests.model.masked_checkpoints import write_learned_checkpoint

TEXT = "def area(w, h):\n    return w * h\n"
RETURNED = TEXT.index("w * h")
HOLED = TEXT.replace("w * h", "")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_learned_checkpoint(tmp_path_factory.mktemp("masked") / "by-heart", TEXT)


@pytest.fixture(scope="module")
def filler(checkpoint: Path) -> ModelFiller:
    return ModelFiller(load_engine(ModelSpec(str(checkpoint), device="cpu")), "by-heart")


@pytest.mark.parametrize("source", ["diffusion", "left_to_right"])
def test_the_right_text_of_the_right_length_is_chosen(filler: ModelFiller, source: Source) -> None:
    asked = FillRequest(text=HOLED, language="python", offset=RETURNED, trigger="automatic", candidates=2)
    answer = filler.limited_to(frozenset({source})).fill(asked, CancelToken())
    assert isinstance(answer, Filled), answer
    best, other = answer.completions
    assert (best.text, best.source, other.text) == ("w * h", source, "w") and best.confidence > 0.9


def test_the_token_that_does_not_belong_is_refined(filler: ModelFiller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infill.pipeline.choose_rewrite.MARGIN", 0.0)  # so few weights are never so sure
    wrong = TEXT.replace("*", "+")
    line = Span(wrong.index("    return"), len(wrong) - 1)
    asked = RewriteRequest(text=wrong, language="python", selection=line, strength=0.1)
    answer = filler.fill(asked, CancelToken())
    assert isinstance(answer, Filled) and answer.hole.span.end == line.end
    assert answer.completions[0].text == TEXT[answer.hole.span.start : line.end]


def test_cancelled_is_an_answer(filler: ModelFiller) -> None:
    cancel = CancelToken()
    asked = FillRequest(text=HOLED, language="python", offset=RETURNED)
    answer = filler.fill(asked, cancel, lambda *_: cancel.cancel())
    assert isinstance(answer, NoFill) and answer.reason == "cancelled"


def test_the_command_takes_the_folder(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("area.py").write_text(HOLED)
    out: list[str] = []
    for _ in range(2):
        assert main(["fill", "--model", str(checkpoint), f"area.py:2:{len('    return ') + 1}"]) == 0
        out.append(capsys.readouterr().out)
    assert "+    return w * h\n" in out[0] and out[0] == out[1]
