"""The benchmark of docstrings: what is taken out, and what code can say against what comes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from infill.bench.code.code_set import CodeSet
from infill.bench.docstring_checks import (
    Function,
    Style,
    checks,
    ends_properly,
    named_parameters,
    says_something,
    style_of,
)
from infill.bench.docstrings import answers, checked, documented, figures, listing, undocumented
from infill.types import Filled, NoFill, Request, RewriteRequest
from tests.infill.fake_filler import FakeFiller, filled

ROOT = Path(__file__).parents[3]
CODE = CodeSet("python", (tuple(sorted((ROOT / "infill" / "bench").glob("*.py"))),), "ours")
TEXT = '''\
"""A module."""


def area(width, height=1, *rest):
    """Return the area."""
    if rest:
        raise ValueError(rest)
    return width * height
'''
GOOGLE = """Return it.

Args:
    width: of it
    height (int): of it,
        in metres: really

Returns:
    area: it
"""
NUMPY = """Return it.

Parameters
----------
width : int
    Of it: all.
rest : list

Returns
-------
x : int
"""
(AREA,) = (node for node in ast.parse(TEXT).body if isinstance(node, Function))


def test_functions_lose_their_docstrings_and_nothing_else() -> None:
    drawn = undocumented(CODE, 12, seed=4)
    assert len(drawn) == 12 and drawn == undocumented(CODE, 12, seed=4)
    assert len({one.path for one in drawn}) > 6, "of many files"
    for one in drawn:
        whole = Path(one.path).read_text()
        lines, rest = whole.splitlines(), one.text.splitlines()
        assert (
            rest[one.line].lstrip().startswith(("def ", "async def "))
            and one.name in one.code
            and one.code.startswith(("def ", "async def "))
        )
        assert "\n".join(lines) != "\n".join(rest)
        gone = len(lines) - len(rest)
        at = next(i for i, (a, b) in enumerate(zip(lines, rest, strict=False)) if a != b)
        assert lines[:at] == rest[:at] and lines[at + gone :] == rest[at:]
        assert one.was.split()[0] in lines[at] + lines[at + 1]


@pytest.mark.parametrize(
    ("doc", "names"),
    [
        (GOOGLE, ["width", "height"]),
        ("Return it.\n\n:param int width: of it\n:param depth: of it\n:returns: it", ["width", "depth"]),
        (NUMPY, ["width", "rest"]),
        ("Return it. Note: nothing.", []),
    ],
)
def test_parameters_are_read_in_three_styles(doc: str, names: list[str]) -> None:
    assert list(named_parameters(doc)) == names


@pytest.mark.parametrize(
    ("doc", "against"),
    [
        ("Return the area of a rectangle.", []),
        ("Multiply `width` by `height`, or raise `ValueError`.", []),
        ("Multiply `width` by `depth`.", ["names_are_there"]),
        ("Multiply.\n\n:param depth: of it", ["names_are_there", "style_is_that_of_the_file"]),
        ("Area.", ["says_something"]),
        ("Return the area of", ["ends_properly"]),
        ("Return the area (in metres.", ["ends_properly"]),
        ("Return the area in metres", ["ends_properly"]),
    ],
)
def test_what_code_can_say_against_a_docstring(doc: str, against: list[str]) -> None:
    style = Style('"""', ends_with_dot=True, sections=frozenset({"google"}))
    found = checks(doc, '"""', AREA, TEXT, style, True)
    assert [name for name in found.__struct_fields__ if not getattr(found, name)] == against
    assert found.all_hold == (not against)


def test_the_style_is_that_of_most_docstrings_in_the_file() -> None:
    single = TEXT.replace('"""', "'''").replace("area.", "area")
    assert style_of(TEXT) == Style('"""', True, frozenset())
    assert style_of(single + "def f(a):\n    '''Do it\n\n    Args:\n        a: b\n    '''\n") == Style(
        "'''", False, frozenset({"google"})
    )
    assert ends_properly("Return it", with_dot=False) and not says_something("Gets the name", "get_name")


def test_a_docstring_is_asked_for_as_the_action_asks_and_all_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(TEXT)
    (one,) = undocumented(CodeSet("python", ((tmp_path / "a.py",),), "x"), 5, seed=0)
    assert one.was == "Return the area." and one.text == TEXT.replace('    """Return the area."""\n', "")

    def write(request: Request) -> Filled | NoFill:
        assert isinstance(request, RewriteRequest) and request.frozen
        hole = request.text.index('"""', request.text.index("def area")) + 3
        return filled(request, "Return width times height.", span=(hole, hole + 3))

    samples = answers("x", [one], lambda it: documented(FakeFiller(write), it, 0))
    assert samples[0].now == "Return width times height." and samples[0].checks is not None
    assert samples[0].checks.all_hold, samples[0]
    assert dict(figures(samples))["nothing to be said against it by code, of all"] == "100.0 % (1 of 1)"
    assert "```python\ndef area(" in listing(samples) and "return width * height\n```" in listing(samples)
    assert "> Return the area." in listing(samples) and "> Return width times height." in listing(samples)
    refused = answers("x", [one], lambda _: NoFill("empty_fill", "nothing"))
    assert "(none: empty_fill nothing)" in listing(refused) and dict(figures(refused))["written"] == "0.0 % (0 of 1)"
    spoilt = TEXT.replace("return width * height", "return width")
    assert not checked(one, spoilt)[1].only_it_is_new and checked(one, TEXT)[1].only_it_is_new
    assert not checked(one, one.text)[1].all_hold
