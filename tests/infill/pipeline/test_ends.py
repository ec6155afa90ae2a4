"""Where a left-to-right draft has left its hole."""

from __future__ import annotations

import pytest

from infill.pipeline.ends import following_lines, left_at
from infill.types import Hole, HoleKind, Span


@pytest.mark.parametrize(
    ("kind", "indent", "draft", "kept"),
    [
        ("line_end", "    ", "x = 1", None),
        ("line_end", "    ", "x = 1\ny", "x = 1"),
        ("block", "    ", "x = 1\n    y = 2", None),
        ("block", "    ", "x = 1\n\n    y = 2", None),  # a body may have blank lines
        ("block", "    ", "x = 1\n\n", None),  # what follows the blank line is not known yet
        ("block", "    ", "if x:\n        y\n    else:", None),
        ("block", "    ", "x = 1\nelse:", "x = 1\n"),
        ("block", "    ", "x = 1\n\n\ndef g", "x = 1\n\n\n"),
        ("selection", "    ", "return 1\n\n\ndef g", "return 1\n\n\n"),
        ("block", "\t", "x = 1\n\ty = 2", None),
        ("between", "    ", "def f(self):\n        return 1\n\n    def g", "def f(self):\n        return 1\n\n"),
        ("between", "", "def f():\n    return 1\n\n    # more\n    return 2", None),
        ("block", "", "import a\nimport b\n\nx", "import a\nimport b\n\n"),
    ],
)
def test_case(kind: HoleKind, indent: str, draft: str, kept: str | None) -> None:
    hole = Hole(Span(0, 0), kind, indent, multiline=kind != "line_end")
    at = left_at(draft, hole)
    assert (None if at is None else draft[:at]) == kept


def test_a_draft_that_repeats_what_follows_is_at_its_end() -> None:
    hole = Hole(Span(0, 0), "block", "    ", multiline=True)
    following = following_lines("\n    total += 1\n    }\n    return total\n")
    assert following == ["    total += 1", "    return total"]
    assert left_at("    x = 1\n    total += 1", hole, following) is None  # the line is not whole yet
    assert left_at("    x = 1\n    total += 1\n", hole, following) == len("    x = 1\n")
    assert left_at("    x = 1\n    }\n", hole, following) is None
