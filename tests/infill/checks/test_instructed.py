"""Changes that surely are not what was asked, and those that may be."""

from __future__ import annotations

import pytest

from infill.checks.instructed import objection
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span

MEAN = "def mean(xs):\n    total = sum(xs)\n    return total / len(xs)"
GUARDED = MEAN.replace("    total", '    if not xs:\n        raise ValueError("empty")\n    total', 1)
HINTED = MEAN.replace("(xs):", "(xs: list[float]) -> float:")
LOOP = "rows = []\nfor x in xs:\n    rows.append(x)"
TAGS = 'function join(tags: string[]): string {\n  return tags.join(", ");\n}'


def said(
    old: str, new: str, instruction: str, above: str = "", below: str = "", language: str = "python"
) -> str | None:
    row = by_id(language)
    assert row is not None
    syntax = parse(row, above + old + below)
    return objection(syntax, Span(len(above), len(above) + len(old)), new, instruction)


@pytest.mark.parametrize(
    ("old", "new", "instruction"),
    [
        (MEAN, GUARDED, "Raise a ValueError if xs is empty"),
        (MEAN, HINTED, "Add type hints"),
        (MEAN, MEAN.replace("\n", '\n    """The mean."""\n', 1), "Add a docstring"),
        (MEAN, HINTED.replace("\n", '\n    """The mean."""\n', 1), "Add type hints and a docstring"),
        (LOOP, "rows = [x for x in xs]", "Use a list comprehension"),
        ('a = "%s" % b', 'a = f"{b}"', "Use an f-string"),
        ("tmp = 1\nprint(tmp)", "n = 1\nprint(n)", "Rename tmp to n"),
        (MEAN, MEAN.replace("return", 'log.debug("mean")\n    return'), "Log the call"),
        ("a = f(b)", "try:\n    a = f(b)\nexcept OSError:\n    a = None", "Catch OSError and use None"),
        ("if a:\n    if b:\n        c()", "if not a or not b:\n    return\nc()", "Return early"),
        ("def f(a):\n    b = 1\n    print(a)", "def f(a):\n    print(a)", "Remove b"),
        ("def f(a):\n    return print(a)", "def f(a):\n    print(a)", "No return, just the call"),
    ],
)
def test_what_was_asked_may_stand(old: str, new: str, instruction: str) -> None:
    above = "import logging\nlog = logging.getLogger()\nxs = [1]\nb = 2\n"
    assert said(old, new, instruction, above) is None


@pytest.mark.parametrize(
    ("old", "new", "instruction", "why"),
    [
        (MEAN, MEAN.replace("  ", "    "), "Add type hints", "nothing is changed"),
        (MEAN, GUARDED, "Add type hints", "no type is added"),
        (MEAN, HINTED.replace("total", "t"), "Add type hints", "t"),
        (MEAN, MEAN + "\n    # ValueError", "Raise a ValueError if xs is empty", "no condition is added"),
        (MEAN, GUARDED.replace("total = sum(xs)\n", "total = max(xs)\n"), "Raise a ValueError if xs is empty", "sum"),
        (MEAN, "def mean(xs):\n    total = sum(xs)", "Make it shorter", "return is lost"),
        (MEAN, GUARDED.replace("ValueError", "KeyError"), "Raise a ValueError if empty", "ValueError is asked for"),
        (MEAN, MEAN.replace("mean", "average"), "Make it faster", "mean is no longer defined"),
        (MEAN, MEAN + "\n\n\ndef test():\n    mean([])", "Make it faster", "test is defined without being asked for"),
        (MEAN, MEAN.replace("return", "logger.info(1)\n    return"), "Log the call", "logger is not defined"),
        (MEAN, MEAN.replace("return", "print(1)\n    return"), "Log the call", "nothing is logged"),
        ("a = f(b)", "try:\n    a = f(b)\nexcept OSError:\n    a = 1", "Make it faster", "errors are caught"),
        ("tmp = 1\nprint(tmp)", "n = 1\nprint(n + 1)", "Rename tmp to n", "more than the name"),
        ("tmp = 1\nprint(tmp)", "n = 1\nprint(tmp)", "Rename tmp to n", "tmp"),
        (LOOP, "rows = list(xs)", "Use a list comprehension", "there is no comprehension"),
        ("a = 1", "a = 1\n" * 12, "Make it clearer", "11 lines are added"),
        (MEAN, "def mean(xs):\n    return 0.0", "Sort it", "lost"),
        ("if a:\n    if b:\n        c()", "if a:\n    if b:\n        c(a)", "Return early", "nested as it was"),
    ],
)
def test_what_was_not_asked_may_not(old: str, new: str, instruction: str, why: str) -> None:
    found = said(old, new.rstrip("\n"), instruction, "xs = [1]\nb = 2\n")
    assert found is not None and why in found


def test_a_name_that_is_used_outside_must_stay_whatever_was_asked() -> None:
    old, new = "def f():\n    n = 1", "def g():\n    n = 1"
    assert "f is used outside" in (said(old, new, "Rename f to g", below="\n\n\nf()\n") or "")
    assert said(old, new, "Rename f to g", below="\n\n\nh()\n") is None
    body, shorter = "    n = 1\n    m = 2", "    m = 2"
    assert "n is used outside" in (said(body, shorter, "Remove n", "def f():\n", "\n    return n\n") or "")


def test_a_variable_of_another_function_is_another_one() -> None:
    old = "def f(xs):\n    rows = []\n    for x in xs:\n        rows.append(x)\n    return rows"
    new = "def f(xs):\n    return [x for x in xs]"
    below = "\n\n\ndef g():\n    rows = 1\n    return rows\n"
    assert said(old, new, "Use a list comprehension", below=below) is None


def test_a_type_may_not_get_lost_where_a_parameter_is_added() -> None:
    right = TAGS.replace("[])", '[], by: string = ", ")').replace('(", ")', "(by)")
    assert said(TAGS, right, "Add a parameter by", language="typescript") is None
    wrong = right.replace("): string {", ") {")
    assert said(TAGS, wrong, "Add a parameter by", language="typescript") is not None


def test_a_mangled_neighbour_is_refused() -> None:
    names = ("width", "height", "depth")
    below = "\n\n\ndef load(path):\n" + "".join(f'    {n} = settings.get("{n}", default)\n' for n in names)
    new = MEAN.replace("    total", "".join(f'    {n} = settings.get("{n}", 0)\n' for n in names) + "    total", 1)
    assert said(MEAN, new, "Make it clearer", "settings = default = {}\n", below) == "it is like the code beside it"


def test_what_is_frozen_stays_character_for_character() -> None:
    row = by_id("python")
    assert row is not None
    syntax = parse(row, "a = b  +  c\nd = 1")
    frozen = [Span(0, 11)]
    why = objection(syntax, Span(0, 17), "a = b + c\nd = 2", "Make d 2", frozen)
    assert why == "what must stay as it is would change"
    assert objection(syntax, Span(0, 17), "a = b  +  c\nd = 2", "Make d 2", frozen) is None
