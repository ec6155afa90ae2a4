"""Lines that a model repeats at the end of a body are cut but for the first."""

from __future__ import annotations

import pytest

from infill.checks.repeated_end import before_repetition


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x = 1\n    y()\n    y()\n    y()", "x = 1\n    y()"),
        ("y()\n    y()\n    y()\n    y()", "y()"),
        ("return a\n\n    return a\n\n    return a\n", "return a"),
        ("x = 1\n    a()\n    b()\n    a()\n    b()\n    a()\n    b()", "x = 1\n    a()\n    b()"),
        ("x = 1\n    a()\n    b()\n    a()\n    b()\n    a()\n    b()\n    a(", "x = 1\n    a()\n    b()"),
        ("z\n    value = 1\n    value = 1\n    value = 1\n    val", "z\n    value = 1"),
        ("y();\r\n    y();\r\n    y();\r\n", "y();"),
    ],
)
def test_what_is_repeated_is_cut(text: str, kept: str) -> None:
    assert before_repetition(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "return 1",
        "y()\n    y()",
        "y()\n    y()\n    y()\n    return 1",
        "a()\n    b()\n    a()\n    b()",
        "if a:\n        y()\n    y()\n    x()",
        "a(\n        (\n            (1)\n        )\n    )",
        "x(\n    }\n    }\n    }",
        "y()\n    if a:\n        y()\n        y()",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert before_repetition(text) == text
