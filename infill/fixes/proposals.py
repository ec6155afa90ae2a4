"""Every edit by code alone that removes what a diagnostic reports, as far as code can see: the likely ones first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from infill.checks.compile import Excerpt
from infill.fixes.edit import Edit
from infill.fixes.imports import import_edits
from infill.fixes.names import name_edits
from infill.fixes.report import Report
from infill.fixes.syntax_edits import syntax_edits
from infill.fixes.unused import unused_edits
from infill.syntax.tree import Syntax
from infill.types import Context, Span

LESS = 6.0  # nats of doubt about another name where the import of this one is known
MOST = 12  # edits that a model is to judge
_MOST_TRIED = 400
_IMPORT = re.compile(r"\s*(?:import|from|(?:pub\s+)?use)\b|\s*(?:\w+\s+)?\"[^\"\n]+\"\s*$")


class Mending:
    """Knows what is wrong with a text at a report, and whether another text is without it."""

    def __init__(self, syntax: Syntax, report: Report) -> None:
        self._syntax, self.report = syntax, report
        line = syntax.line(min(report.span.start, len(syntax.text)))
        is_python = syntax.language.id == "python"
        self.is_broken = bool(_size(syntax)) or (is_python and not _compiles(syntax, line, _of(syntax, line)))
        self.name = "" if self.is_broken else report.name(syntax)
        self.is_unknown = bool(self.name) and "name" in report.troubles

    def is_mended(self, span: Span, text: str) -> bool:
        """Whether the error is gone, as far as code can see, with this text in place of a span, and none is new."""
        after = self._syntax.edited(span, text)
        if self.is_broken:
            return self._parses_better(after, span, text)
        if _size(after) or (self._syntax.language.id == "python" and not _compiles(self._syntax, span, text)):
            return False
        return not self.is_unknown or not _is_unknown_still(self._syntax, after, text, self.name)

    def _parses_better(self, after: Syntax, span: Span, text: str) -> bool:
        if _size(after) and _size(after) >= _size(self._syntax):
            return False
        python = self._syntax.language.id == "python"
        return not _size(after) and (not python or _compiles(self._syntax, span, text))


def proposals(syntax: Syntax, mending: Mending, context: Context) -> list[Edit]:
    """Return at most `MOST` edits, each of which removes the error; where the words say of what kind, only of that."""
    troubles, found = mending.report.troubles, dict[str, Edit]()
    edits = list(islice(_tried(syntax, mending, context), _MOST_TRIED))
    hinted = [edit for edit in edits if edit.trouble in troubles or edit.trouble == "word"]
    for some in (hinted, [edit for edit in edits if edit not in hinted]):
        for edit in some:
            after = edit.applied(syntax.text)
            if after not in found and mending.is_mended(edit.span, edit.text):
                found[after] = edit
        if found:
            break
    return sorted(found.values(), key=lambda edit: edit.doubt)[:MOST]


def _tried(syntax: Syntax, mending: Mending, context: Context) -> Iterator[Edit]:
    report = mending.report
    if mending.is_broken:
        yield from syntax_edits(syntax, report)
        return
    if mending.is_unknown:
        imports = list(import_edits(syntax, mending.name, context))
        yield from imports
        is_used_more = len(re.findall(rf"(?<![\w.]){re.escape(mending.name)}(?!\w)", syntax.text)) > 1
        for edit in name_edits(syntax, report, context.texts):
            is_less = bool(imports) and (is_used_more or edit.span.start < edit.span.end)
            yield msgspec.structs.replace(edit, doubt=edit.doubt + LESS) if is_less else edit
    if "unused" in report.troubles:
        yield from unused_edits(syntax, report)
    if "equals" in report.troubles:
        yield from (edit for edit in syntax_edits(syntax, report) if edit.trouble == "equals")


def _size(syntax: Syntax) -> int:
    """Return how many characters are in errors, a missing token counting as one."""
    return sum(max(problem.span.end - problem.span.start, 1) for problem in syntax.problems)


def _of(syntax: Syntax, span: Span) -> str:
    return syntax.text[span.start : span.end]


def _compiles(syntax: Syntax, span: Span, text: str) -> bool:
    return Excerpt(syntax, span).compiles(text)[0] is not False


def imports(text: str, name: str) -> bool:
    """Return whether a new text is an import that gives the name a meaning."""
    return _IMPORT.match(text) is not None and name in re.findall(r"\w+", text)


def _is_unknown_still(before: Syntax, after: Syntax, text: str, name: str) -> bool:
    """Whether the name is used as often as before, and the new text is no import that gives it a meaning."""
    if _IMPORT.match(text):
        return not imports(text, name)
    used = re.compile(rf"(?<![\w.:]){re.escape(name)}(?!\w)|(?<=[.:]){re.escape(name)}(?!\w)")
    bare = re.compile(rf"(?<![\w.:]){re.escape(name)}(?!\w)")
    pattern = bare if bare.search(before.text) else used
    return len(pattern.findall(after.text)) >= len(pattern.findall(before.text))
