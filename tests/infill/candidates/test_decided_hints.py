"""Types that the code decides, and none where it leaves another."""

from __future__ import annotations

import pytest

from infill.candidates.decided_hints import decided_hint
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span


@pytest.mark.parametrize(
    ("marked", "hint"),
    [
        ("def f(a) -> ‹...›:\n    print(a)\n", "None"),
        ("def f(a) -> ‹...›:\n    if a:\n        return\n    print(a)\n", "None"),
        ("def f(a) -> ‹...›:\n    return a == 1\n", "bool"),
        ("def f(a) -> ‹...›:\n    return f'{a}'\n", "str"),
        ("class A:\n    def __len__(self) -> ‹...›:\n        return self.n\n", "int"),
        ("def f(deep: ‹...›=True): pass\n", "bool"),
        ("def f(name: ‹...›='x'): pass\n", "str"),
        ("def g(n: int): pass\ndef h(n: int): pass\ndef i(n: int): pass\ndef f(n: ‹...›): pass\n", "int"),
        ("def f(a) -> ‹...›:\n    '''What is to come.'''\n", None),
        ("def f(a) -> ‹...›:\n    raise ValueError\n", None),
        ("def f(a) -> ‹...›:\n    yield a\n", None),
        ("def f(a) -> ‹...›:\n    return a\n", None),
        ("def f(a) -> ‹...›:\n    return 'x' if a else None\n", None),
        ("def f(a) -> ‹...›:\n    if a:\n        return 'x'\n    return None\n", None),
        ("def f(a) -> ‹...›:\n    return [1]\n", None),
        ("def f(n: ‹...›=1): pass\n", None),
        ("def f(n: ‹...›=None): pass\n", None),
        ("def g(n: int): pass\ndef h(n: int): pass\ndef f(n: ‹...›): pass\n", None),
        (
            "def g(n: int): pass\ndef h(n: int): pass\ndef i(n: int): pass\ndef j(n: str): pass\n"
            "def f(n: ‹...›): pass\n",
            None,
        ),
        (
            "def g(n: int): pass\ndef h(n: int): pass\ndef i(n: int): pass\ndef f(n: ‹...›):\n    return n is None\n",
            None,
        ),
        ("x = ‹...›\n", None),
    ],
)
def test_only_what_the_code_decides(marked: str, hint: str | None) -> None:
    before, hole, after = marked.replace("›", "‹").split("‹")
    python = by_id("python")
    assert python is not None
    assert decided_hint(parse(python, before + hole + after), Span(len(before), len(before) + len(hole))) == hint
