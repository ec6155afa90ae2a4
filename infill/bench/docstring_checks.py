"""What code can say of a docstring: names that are not there, nothing said, another style than the file's, no end."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections import Counter
from collections.abc import Iterator

import msgspec

Function = ast.FunctionDef | ast.AsyncFunctionDef
_GOOGLE = re.compile(r"^[ \t]*(?:Args|Arguments|Parameters|Keyword Args):[ \t]*$", re.MULTILINE)
_NUMPY = re.compile(r"^[ \t]*(?:Other )?Parameters[ \t]*\n[ \t]*-{3,}[ \t]*$", re.MULTILINE)
_REST = re.compile(r"^[ \t]*:(?:param|parameter|arg)\s+(?:[\w\[\]., |]+\s+)?\*{0,2}(\w+)\s*:", re.MULTILINE)
_ENTRY = re.compile(r"^([ \t]*)`{0,2}\*{0,2}(\w+)`{0,2}[ \t]*(?:\([^)\n]*\))?[ \t]*:", re.MULTILINE)
_CODE = re.compile(r"`{1,2}([A-Za-z_][\w.]*)(?:\(\))?`{1,2}")
_SMALL = {"a", "an", "the", "of", "to", "for", "and", "is", "it", "this", "function", "method"}
_UNFINISHED = re.compile(r"\b(?:a|an|the|of|to|for|and|or|with|in|from|by|if|is|are|that|which)$")


class Style(msgspec.Struct, frozen=True):
    """How a file writes its docstrings, by most of them."""

    quotes: str
    ends_with_dot: bool
    sections: frozenset[str]  # of parameters: google, numpy or rest


class Checks(msgspec.Struct, frozen=True):
    """What holds of a docstring; all are to be true."""

    names_are_there: bool
    says_something: bool
    style_is_that_of_the_file: bool
    ends_properly: bool
    only_it_is_new: bool

    @property
    def all_hold(self) -> bool:
        """Whether nothing can be said against it by code."""
        return all(msgspec.structs.astuple(self))


def checks(doc: str, quotes: str, function: Function, text: str, style: Style, only_it_is_new: bool) -> Checks:
    """Return what holds of a docstring (its content, without indentation) of a function in a file's `text`."""
    return Checks(
        names_are_there=not set(named_parameters(doc)) - set(parameters(function)) and _mentions_exist(doc, text),
        says_something=says_something(doc, function.name),
        style_is_that_of_the_file=quotes == style.quotes and sections(doc) <= (style.sections or sections(doc)),
        ends_properly=ends_properly(doc, style.ends_with_dot),
        only_it_is_new=only_it_is_new,
    )


def parameters(function: Function) -> list[str]:
    """Return the names of all parameters."""
    own = function.args
    named = (*own.posonlyargs, *own.args, *own.kwonlyargs, *(a for a in (own.vararg, own.kwarg) if a is not None))
    return [argument.arg for argument in named]


def named_parameters(doc: str) -> Iterator[str]:
    """Yield the names that a docstring describes as parameters, in any of the three styles."""
    yield from _REST.findall(doc)
    for pattern in (_GOOGLE, _NUMPY):
        for head in pattern.finditer(doc):
            body = doc[head.end() :].lstrip("\n")
            body = re.split(r"\n[ \t]*\n", body, maxsplit=1)[0] if pattern is _GOOGLE else body
            body = re.split(r"\n[ \t]*\w[\w ]*\n[ \t]*-{3,}", body, maxsplit=1)[0]
            entries = list(_ENTRY.finditer(body))
            least = min((len(entry[1]) for entry in entries), default=0)
            yield from (entry[2] for entry in entries if len(entry[1]) == least)


def _mentions_exist(doc: str, text: str) -> bool:
    """Whether every name in backticks is somewhere in the file, or one of Python's own."""
    words = set(re.findall(r"\w+", text)) | set(dir(builtins))
    return all(part in words for name in _CODE.findall(doc) for part in name.split("."))


def says_something(doc: str, name: str) -> bool:
    """Whether the docstring has words, and others than the function's name."""
    said = _words(doc)
    return bool(said) and not said <= _words(name.replace("_", " "))


def _words(text: str) -> set[str]:
    """Return the words without endings, so that `gets names` is what `get_name` says."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())
    return {re.sub(r"(?:ing|es|s|ed)$", "", word) for word in words if word not in _SMALL}


def sections(doc: str) -> frozenset[str]:
    """Return the styles of the sections that describe parameters in a docstring."""
    found = (("google", _GOOGLE), ("numpy", _NUMPY), ("rest", _REST))
    return frozenset(name for name, pattern in found if pattern.search(doc))


def ends_properly(doc: str, with_dot: bool) -> bool:
    """Whether it is not cut off: no open bracket, no word that must go on, a full stop where that is usual."""
    doc = doc.strip()
    if any(doc.count(one) != doc.count(other) for one, other in ("()", "[]", "{}")) or doc.count("`") % 2:
        return False
    summary = doc.split("\n\n")[0].rstrip()
    if _UNFINISHED.search(doc) or re.search(r"[,:;(]$", doc):
        return False
    return not with_dot or summary[-1:] in ".!?:"


def style_of(text: str) -> Style:
    """Return the style of a file's docstrings."""
    tree = ast.parse(text)
    lines = text.splitlines()
    quotes, dots, found = Counter[str](), Counter[bool](), set[str]()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | Function):
            continue
        doc = ast.get_docstring(node)
        if doc is None or not node.body:
            continue
        quotes[quotes_of(lines[node.body[0].lineno - 1])] += 1
        dots[inspect.cleandoc(doc).split("\n\n")[0].rstrip()[-1:] in ".!?:"] += 1
        found |= sections(doc)
    most = quotes.most_common(1)[0][0] if quotes else '"""'
    return Style(most, dots[True] >= dots[False], frozenset(found))


def quotes_of(line: str) -> str:
    """Return the quotes that a line's first string begins with."""
    found = re.search(r"\"\"\"|'''|\"|'", line)
    return found[0] if found else ""
