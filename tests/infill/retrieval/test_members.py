"""Members of the object before a dot, and names that are begun and unique."""

from __future__ import annotations

import pytest

from infill.retrieval.members import members_at
from infill.retrieval.words import SURE, Word, only_name, preferred, words_begun
from infill.types import Span

pytestmark = pytest.mark.reports

HELPERS = '''class Base:
    kind: str = ""

    def describe(self):
        return self.kind


class Box(Base):
    """A box."""

    limit = 3

    def __init__(self, weight):
        self.grams = weight

    @property
    def volume(self) -> float:
        local = 1
        return local

    async def weight_in_grams(self,
                              factor):
        return self.grams


def make_box() -> Box:
    return Box(1)


class Other:
    def weird(self): ...
'''
BOX = {"limit", "grams", "volume", "weight_in_grams", "kind", "describe", "__init__"}


@pytest.mark.parametrize(
    "code",
    [
        "box = Box(3)\nprint(box.",
        "box = helpers.Box(3)\nx = box.",
        "box: Box = load()\nbox.",
        "def f(a, box: helpers.Box, b=1):\n    return box.",
        "def f(box: 'Box | None'):\n    if box.",
        "with Box(1) as box:\n    box.",
        "box = make_box()\nbox.",
        "Box(3).",
        "make_box().",
        "Box.",
        "other = Other()\nbox = Box(1)\nbox.",
        "self.box = Box(1)\nself.box.",
    ],
)
def test_the_members_are_those_of_the_class(code: str) -> None:
    assert members_at(code, len(code), [HELPERS]) >= BOX
    assert "weird" not in members_at(code, len(code), [HELPERS]) and "local" not in members_at(
        code, len(code), [HELPERS]
    )


@pytest.mark.parametrize("code", ["box.", "box = 3\nbox.", "3.", "x = 'a'.", "box = unknown()\nbox.", "."])
def test_what_is_not_known_has_none(code: str) -> None:
    assert members_at(code, len(code), [HELPERS]) == frozenset()


def test_self_is_of_the_class_around_it() -> None:
    code = HELPERS.replace("        return self.kind\n", "        return self.")
    at = code.index("return self.") + len("return self.")
    assert members_at(code, at, []) == {"kind", "describe"}


@pytest.mark.parametrize(
    ("there", "code"),
    [
        ("export class Box {\n  n = 1;\n  weightInGrams() {\n    let inner = 1;\n  }\n}\n", "box = new Box();\nbox."),
        ("class Box {\n  int size;\n  public int weightInGrams() {\n    return 1;\n  }\n}\n", "Box box = f();\nbox."),
        ("struct Box {\n    int size;\n    int weightInGrams() const;\n};\n", "Box box;\nbox."),
        ("impl Box {\n    pub fn weightInGrams(&self) {\n    }\n}\n", "let box = Box::new();\nbox."),
        ("type Box struct {\n\tsize int\n}\n\nfunc (b *Box) weightInGrams() int {\n}\n", "box := &Box{1}\nbox."),
    ],
)  # fmt: skip
def test_other_languages(there: str, code: str) -> None:
    found = members_at(code, len(code), [there])
    assert "weightInGrams" in found and "inner" not in found


def test_a_member_needs_no_other_occurrence_and_is_offered_first() -> None:
    text = "box = Box(1)\nweird = weight = 1\nbox.wei"
    seen = words_begun(text, Span(len(text), len(text)), [], ["weird"], {"weight_in_grams", "grams"})
    assert "ght_in_grams" in seen and "rams" not in seen
    words = [Word("ght", -1.0, 0.6), Word("rd", -2.0, 0.3), Word("ght_in_grams", -9.0, 0.1)]
    first, second, third = preferred(words, {"ght_in_grams"}, SURE)
    assert (first.text, round(first.probability, 3)) == ("ght_in_grams", SURE)
    assert second.text == "ght" and round(second.probability + third.probability, 3) == 0.1
    assert preferred(words, {"x"}, SURE) == words
    assert preferred(words, {"ght", "rd", "ght_in_grams"}, SURE) == words


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("total_weight = 1\nuse(tot", "al_weight"),
        ("total_weight = 1\nx = y + total_w", "eight"),
        ("from a import total_weight\nprint(1, total", "_weight"),
        ("total_weight = total = 1\nuse(tot", None),
        ("total_weight = tot = 1\nuse(tot", None),
        ("total_weight = 1\ntot", None),
        ("total_weight = 1\nfor tot", None),
        ("total_weight = 1\ndef tot", None),
        ("total_weight = 1\nuse(to", None),
    ],
)
def test_a_name_that_is_begun_and_unique(text: str, rest: str | None) -> None:
    hole = Span(len(text), len(text))
    assert only_name(text, hole, words_begun(text, hole, [], []), []) == rest
