"""`infill bench docstring`: docstrings are taken out of held-out functions and asked for as *Write docstring* does.

Code says what can be said by code; whether a reader would keep one, only a reader can say, so all are listed.
"""

from __future__ import annotations

import ast
import random
import re
import statistics
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec
from tqdm import tqdm

from infill.bench.bodies import parses
from infill.bench.code.code_set import CodeSet
from infill.bench.docstring_checks import Checks, Function, checks, parameters, quotes_of, style_of
from infill.bench.hole_sampling import texts_that_parse
from infill.bench.tables import Rows, share
from infill.holes.find_target import find_target
from infill.holes.target import applied
from infill.pipeline.action_request import Asking, action_request
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Filler, NoFill, Span
from model.types import CancelToken

N_FUNCTIONS = 40  # as many as a reader judges
BODY_LINES = range(3, 41)  # of a function, without its docstring


class Undocumented(msgspec.Struct, frozen=True):
    """A file whose function at `line`, from 0, has lost its docstring `was`."""

    path: str
    text: str
    line: int
    name: str
    code: str  # of the function, without a docstring
    was: str


class DocstringSample(msgspec.Struct, frozen=True):
    """The result for one function, a line of `--json`."""

    variant: str
    path: str
    line: int
    code: str
    was: str
    now: str | None
    checks: Checks | None
    reason: str | None
    detail: str
    milliseconds: float


def undocumented(code: CodeSet, limit: int, seed: int) -> list[Undocumented]:
    """Return at most `limit` functions with parameters, of packages in turn, and of their files in turn."""
    rng = random.Random(seed)
    packages: list[list[Undocumented]] = []
    for files in code.packages:
        by_file = [list(_functions(str(path), text)) for path, text in texts_that_parse(files).items()]
        for own in by_file:
            rng.shuffle(own)
        rng.shuffle(by_file)
        packages.append(_in_turn(by_file))
    rng.shuffle(packages)
    return _in_turn(packages)[:limit]


def _in_turn(lists: Sequence[list[Undocumented]]) -> list[Undocumented]:
    """Return the first of each list, then the second of each, and so on."""
    longest = max(map(len, lists), default=0)
    return [own[i] for i in range(longest) for own in lists if i < len(own)]


def _functions(path: str, text: str) -> Iterator[Undocumented]:
    lines = text.splitlines(keepends=True)
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, Function) or len(function.body) < 2:
            continue
        doc = ast.get_docstring(function)
        first, second, last = function.body[0], function.body[1], function.end_lineno or function.lineno
        end = first.end_lineno or first.lineno
        if not doc or last - end not in BODY_LINES or not set(parameters(function)) - {"self", "cls"}:
            continue
        if first.lineno == function.lineno or second.lineno == end:
            continue
        holed = "".join([*lines[: first.lineno - 1], *lines[end:]])
        if parses(holed):
            code = textwrap.dedent("".join([*lines[function.lineno - 1 : first.lineno - 1], *lines[end:last]]))
            yield Undocumented(path, holed, function.lineno - 1, function.name, code, doc)


def documented(filler: Filler, one: Undocumented, seed: int) -> str | NoFill:
    """Return the whole text with a docstring, asked for as a user would, or why there is none."""
    python = by_id("python")
    assert python is not None
    at = sum(map(len, one.text.splitlines(keepends=True)[: one.line]))
    target = find_target(parse(python, one.text), "docstring", Span(at, at))
    if isinstance(target, NoFill):
        return target
    request = action_request(target, "python", Asking("docstring"), filler.takes_instructions)
    result = filler.fill(msgspec.structs.replace(request, seed=seed), CancelToken())
    return result if isinstance(result, NoFill) else applied(one.text, target.changes(result.completions[0]))


def answers(
    variant: str, functions: Sequence[Undocumented], ask: Callable[[Undocumented], str | NoFill]
) -> list[DocstringSample]:
    """Ask for each docstring, and check what comes."""
    samples: list[DocstringSample] = []
    for one in tqdm(functions, f"docstring, {variant}", leave=False, disable=None):
        started = time.perf_counter()
        answer = ask(one)
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        now, held = (None, None) if isinstance(answer, NoFill) else checked(one, answer)
        why = answer if isinstance(answer, NoFill) else None
        reason, detail = (why.reason, why.detail) if why else (None, "")
        samples.append(
            DocstringSample(variant, one.path, one.line + 1, one.code, one.was, now, held, reason, detail, milliseconds)
        )
    return samples


def checked(one: Undocumented, text: str) -> tuple[str, Checks]:
    """Return the function's docstring in the whole new `text`, and what holds of it; "" where it has none."""
    function = _function(one, text) if parses(text) else None
    doc = None if function is None else ast.get_docstring(function)
    if function is None or doc is None:
        return "", Checks(False, False, False, False, False)
    lines = text.splitlines(keepends=True)
    first = function.body[0]
    rest = "".join([*lines[: first.lineno - 1], *lines[first.end_lineno :]])
    quotes = quotes_of(lines[first.lineno - 1])
    return doc, checks(doc, quotes, function, one.text, style_of(one.text), rest == one.text)


def _function(one: Undocumented, text: str) -> Function | None:
    same = (node for node in ast.walk(ast.parse(text)) if isinstance(node, Function) and node.name == one.name)
    return next((node for node in same if node.lineno == one.line + 1), None)


def figures(samples: Sequence[DocstringSample]) -> Rows:
    """Return the rows of the table for one variant."""
    written = [s.checks for s in samples if s.checks is not None]
    times = [s.milliseconds for s in samples]
    reasons = Counter(s.reason for s in samples if s.reason is not None)
    n = len(written)

    def fails(name: str) -> str:
        return share(sum(not getattr(c, name) for c in written), n)

    return [
        ("written", share(n, len(samples))),
        ("of those: names a parameter or a name that is not there", fails("names_are_there")),
        ("says nothing, or only the function's name", fails("says_something")),
        ("quotes or sections unlike the file's", fails("style_is_that_of_the_file")),
        ("is cut off, or lacks its full stop", fails("ends_properly")),
        ("something else is changed", fails("only_it_is_new")),
        ("nothing to be said against it by code, of all", share(sum(c.all_hold for c in written), len(samples))),
        ("refused, with which reasons", ", ".join(f"{reason} {m}" for reason, m in reasons.most_common()) or "-"),
        ("median, slowest ms", f"{statistics.median(times):.0f}, {max(times):.0f}" if times else "-"),
    ]


def listing(samples: Sequence[DocstringSample]) -> str:
    """Return all docstrings in Markdown, for a reader to judge: the code, what was there, what is there now."""
    parts: list[str] = []
    for i, sample in enumerate(samples, 1):
        now = sample.now if sample.now is not None else f"(none: {sample.reason} {sample.detail})".replace(" )", ")")
        against = (
            [] if sample.checks is None else [n for n, ok in msgspec.structs.asdict(sample.checks).items() if not ok]
        )
        noted = f"\n\nNot: {', '.join(against).replace('_', ' ')}" if against else ""
        fields = (("was", sample.was), ("now", now))
        said = "\n\n".join(f"{name}:\n\n{_quoted(text)}" for name, text in fields)
        code = f"```python\n{sample.code.strip()}\n```"
        parts.append(f"### {i}. {_short(sample.path)}:{sample.line}\n\n{code}\n\n{said}{noted}")
    return "\n\n".join(parts)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


def _short(path: str) -> str:
    """Return the end of a path, from the package on."""
    return re.split(r"(?:site-packages|held-out|fitting)/", path)[-1]
