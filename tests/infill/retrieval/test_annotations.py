"""Types of the same names elsewhere, without a model."""

from __future__ import annotations

import pytest

from infill.retrieval.annotations import types_elsewhere
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span

PYTHON = by_id("python")
CODE = """\
class Frame:
    title: str
    angle: float

def scale(image: Image, factor: float) -> Image: ...
def crop(image: Image, to: dict[str, int] | None = None, *names: str) -> Image: ...
def paste(image: "Image", angle: int) -> None: ...
def scale_all(images: list[Image]) -> list[Image]: ...
"""


def types(signature: str, texts: tuple[str, ...] = ()) -> dict[str, tuple[int, int]]:
    """What is found for the `...` of a function's signature, with how often it is said of how many."""
    assert PYTHON is not None
    text = f"{CODE}\n{signature}:\n    pass\n"
    at = text.index("...", len(CODE))
    return {f.text: (f.count, f.total) for f in types_elsewhere(parse(PYTHON, text), Span(at, at + 3), texts)}


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("def turn(image: ..., angle)", {"Image": (2, 2)}),
        ("def turn(image, angle: ... = 0.0)", {"float": (1, 2), "int": (1, 2)}),
        ("def turn(*names: ...)", {"str": (1, 1)}),
        ("def turn(x, *, to: ...)", {"dict[str, int] | None": (1, 1)}),
        ("def turn(title: ...)", {"str": (1, 1)}),
        ("def scale(image, factor) -> ...", {"Image": (1, 1)}),  # another class's, or an overload
        ("def turn(image) -> ...", {}),
        ("def turn(age: ...)", {}),  # only a part of other names
        ("def turn(x=...)", {}),  # no type is wanted
    ],
)
def test_what_is_called_the_same_has_the_same_type(signature: str, expected: dict[str, tuple[int, int]]) -> None:
    assert types(signature) == expected


def test_other_files_count_too() -> None:
    other = "def f(image: Image, angle: float): ...\ndef g(\n    angle: float,\n): ...\n"
    assert types("def turn(image, angle: ...)", (other,)) == {"float": (3, 4), "int": (1, 4)}
