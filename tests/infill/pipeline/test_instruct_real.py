"""Instructions to the real model, where it is on this machine."""

from __future__ import annotations

import pytest

from infill.pipeline.filler import ModelFiller, open_filler
from infill.types import Filled, RewriteRequest, Span
from model.types import CancelToken, ModelSpec
from tests.real_model import real_folder

LABEL = 'def label(item):\n    return "%s: %d" % (item.name, item.count)'
CLAMP = "def clamp(value, low, high):\n    if value < low:\n        return low\n    return min(value, high)"
STATION = "func NewStation(name string) (*Station, error) {\n\treturn &Station{Name: name}, nil\n}"


@pytest.fixture(scope="module")
def filler() -> ModelFiller:
    return open_filler(ModelSpec(str(real_folder())))


@pytest.mark.parametrize(
    ("language", "above", "code", "instruction", "parts"),
    [
        ("python", "", LABEL, "Use an f-string.", ('f"{item.name}: {item.count}"',)),
        ("python", "", CLAMP, "Add type hints.", ("value: ", "low: ", ") -> ", "return min(value, high)")),
        ("go", 'package metro\n\nimport "errors"\n\n', STATION, "Return an error if the name is empty.",
         ('if name == "" {', "return nil, errors.New(", "return &Station{Name: name}, nil")),
    ],
)  # fmt: skip
def test_small_instructions_are_followed(
    filler: ModelFiller, language: str, above: str, code: str, instruction: str, parts: tuple[str, ...]
) -> None:
    assert filler.takes_instructions
    selection = Span(len(above), len(above) + len(code))
    request = RewriteRequest(above + code + "\n", language, selection=selection, instruction=instruction)
    found = filler.fill(request, CancelToken())
    assert isinstance(found, Filled), found
    text = found.completions[0].text
    assert all(part in text for part in parts), text
