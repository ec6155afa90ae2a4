"""`infill bench hints`: type hints are taken out of held-out functions and asked for as *Complete type hints* does."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from itertools import accumulate

import msgspec

from infill.bench.hole_sampling import Files, texts_that_parse
from infill.bench.values import Proposals
from infill.holes.find_target import find_target
from infill.syntax.function_syntax import FUNCTION_SYNTAX
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Context, Filled, Filler, NoFill, Span
from model.types import CancelToken

LEAST = 2  # type hints that a function must have


class Unhinted(msgspec.Struct, frozen=True):
    """A file, an offset in one of its functions, and the spans taken out there: colons or arrows with their types."""

    path: str
    text: str
    at: int
    hints: tuple[Span, ...]

    @property
    def answers(self) -> tuple[str, ...]:
        """The types that were taken out, in order."""
        return tuple(hint_alone(self.text[span.start : span.end]) for span in self.hints)

    @property
    def holed(self) -> str:
        """The text without the hints."""
        edges = [0, *(at for span in self.hints for at in (span.start, span.end)), len(self.text)]
        return "".join(self.text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))

    @property
    def hole_offsets(self) -> tuple[int, ...]:
        """The offsets in `holed` where the hints are missing, in order."""
        gone = accumulate((span.end - span.start for span in self.hints), initial=0)
        return tuple(span.start - less for span, less in zip(self.hints, gone, strict=False))

    def ask(self, filler: Filler, least: float, seed: int, context: Context) -> Proposals:
        """Return the proposal for each missing hint, none below the confidence `least` (0..1)."""
        python = by_id("python")
        assert python is not None
        target = find_target(parse(python, self.holed), "type_hints", Span(self.at, self.at))
        if isinstance(target, NoFill):
            return [None] * len(self.hints)
        request = msgspec.structs.replace(target.request("python"), seed=seed, context=context, least_confidence=least)
        result = filler.fill(request, CancelToken())
        changes = target.changes(result.completions[0]) if isinstance(result, Filled) else ()
        found = {change.span.start: (hint_alone(change.text), change.confidence) for change in changes}
        return [found.get(at) for at in self.hole_offsets]


def unhinted(files: Files, limit: int, seed: int) -> list[Unhinted]:
    """Return at most `limit` functions of files that parse, drawn evenly over all with enough unquoted types."""
    found = [one for path, text in texts_that_parse(files).items() for one in _functions(str(path), text)]
    random.Random(seed).shuffle(found)
    return found[:limit]


def _functions(path: str, text: str) -> Iterator[Unhinted]:
    starts = list(accumulate((len(line.encode()) for line in text.splitlines(keepends=True)), initial=0))
    raw = text.encode()

    def offset(line: int, column: int) -> int:
        return len(raw[: starts[line - 1] + column].decode())

    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        hints: list[Span] = []
        for arg in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
            if arg.annotation is not None:
                start = offset(arg.lineno, arg.col_offset) + len(arg.arg)
                hints.append(Span(start, offset(*_end(arg.annotation))))
        if function.returns is not None:
            arrow = text.rindex("->", 0, offset(function.returns.lineno, function.returns.col_offset))
            hints.append(Span(len(text[:arrow].rstrip()), offset(*_end(function.returns))))
        pattern = next(form.hints.pattern for form in FUNCTION_SYNTAX.values() if form.hints)
        if len(hints) >= LEAST and all(re.fullmatch(pattern, hint_alone(text[h.start : h.end])) for h in hints):
            hints.sort(key=lambda hint: hint.start)
            yield Unhinted(path, text, offset(function.lineno, function.col_offset), tuple(hints))


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def hint_alone(hint: str) -> str:
    """The type alone of what is inserted: ": int = " before a default, " -> int" after the parameters."""
    return hint.strip().removeprefix(":").removeprefix("->").removesuffix("=").strip()
