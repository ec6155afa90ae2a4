"""`infill fix`: mends what another program reports, or what the tree and the file's own names show at a line.

Diagnostics of one file are mended in the order of the text, each in the text as it is by then: so the import that one
needed is there for the next.
"""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from infill.cli import console
from infill.cli.command_input import (
    STDIN,
    TargetArguments,
    add_common_options,
    language_id,
    parsed,
    read_sources,
)
from infill.cli.diagnostics import Diagnostic, diagnostics_in
from infill.cli.edits import EditedText
from infill.cli.pieces import ALREADY, Answers, Piece, finish, syntax_of, tell
from infill.cli.rewrite_report import Lines, Rewritten
from infill.files.read import SourceFile, offset_of, printable
from infill.pipeline.action_request import Asking
from infill.types import Filled, InputError, NoFill, Part, Span

NOTHING_WRONG = NoFill("no_target", "nothing is wrong there by the tree and the file's own names; give --message")


class _Arguments(TargetArguments):
    """What `infill fix` was given; argparse fills it in."""

    message: str | None
    code: str | None
    source: str | None
    diagnostics: str | None


class _Fault(msgspec.Struct, frozen=True):
    """One thing to mend: `span` is of the text as it was read; without words, what is wrong is to be found there."""

    lines: Lines
    source: SourceFile
    span: Span
    words: str


def fix(argv: list[str]) -> int:
    """Run `infill fix`; return its exit code."""
    args = _parse(argv)
    given = [_at(target, args) for target in args.targets] if args.diagnostics is None else _reported(args)
    if not given:
        console.say("nothing to fix: no diagnostic reports a fault here")
        return 0
    sources = read_sources((one.file for one in given), args)
    faults = [_fault(one, sources[one.file]) for one in given]
    by_source: dict[Path | None, list[_Fault]] = {}
    for one in sorted(faults, key=lambda fault: fault.span.start):
        by_source.setdefault(one.source.path, []).append(one)
    languages = {path: language_id(own[0].source, args.language) for path, own in by_source.items()}
    answers = Answers(args, any(languages.values()))
    mended = [_Mended(own[0].source, languages[path], answers) for path, own in by_source.items()]
    done: list[Rewritten] = []
    for file, own in zip(mended, by_source.values(), strict=True):
        for fault in own:
            done += file.mend(fault, args)
    return finish([(file.source, file.text) for file in mended], done, args)


class _Mended:
    """One file while it is mended; knows what earlier changes have given a meaning to."""

    def __init__(self, source: SourceFile, language: str | None, answers: Answers) -> None:
        self.source, self._language, self._answers = source, language, answers
        self._edited = EditedText(source.text)
        self._imported: set[str] = set()

    @property
    def text(self) -> str:
        """The text as it is by now."""
        return self._edited.text

    def mend(self, fault: _Fault, args: _Arguments) -> list[Rewritten]:
        """Mend one fault, or all that is wrong at its place, and say what came of it."""
        done: list[Rewritten] = []
        for report, span in self._problems(fault):
            started = time.perf_counter()
            result, changes = self._mend(fault, report, span)
            done.append(Rewritten(fault.lines, result, changes, (time.perf_counter() - started) * 1000))
            tell(done[-1], args)
        return done

    def _problems(self, fault: _Fault) -> list[tuple[str, Span]]:
        """Return what is wrong, in words and with the place in the text as it was read; no words for nothing."""
        from infill.fixes.own_reports import own_reports  # after the input was checked: loads a grammar

        start = self._edited.offset_now(fault.span.start)
        syntax = None if self._language is None else syntax_of(self.text, self._language)
        if fault.words or syntax is None or start is None:
            return [(fault.words, fault.span)]
        reports = own_reports(syntax, Span(start, syntax.line(start).end))
        before = [(one.message, self._edited.span_in_original(one.span)) for one in reports]
        return [(words, span) for words, span in before if span is not None] or [("", fault.span)]

    def _mend(self, fault: _Fault, words: str, span: Span) -> tuple[Filled | NoFill, tuple[Part, ...]]:
        """Return the answer, and its changes of the text as it was read."""
        from infill.fixes.proposals import Mending, imports
        from infill.fixes.report import Report
        from infill.holes.find_target import find_target

        syntax = None if self._language is None else syntax_of(self.text, self._language)
        start, end = self._edited.offset_now(span.start), self._edited.offset_now(span.end)
        if syntax is None or start is None:
            told = NoFill("superseded", "an earlier change replaced this code")
            return (NoFill("unknown_language", "give --language ID") if syntax is None else told), ()
        if not words:
            return NOTHING_WRONG, ()
        problem = Span(start, start if end is None else end)
        name = Mending(syntax, Report(words, problem)).name
        if name in self._imported:
            return ALREADY, ()
        target = find_target(syntax, "fix", Span(start, start), problem)
        if isinstance(target, NoFill):
            return target, ()
        asking = Asking("fix", diagnostics=(words,))
        result = self._answers.answer(Piece(fault.lines, self.source, self._language, target, asking))
        if isinstance(result, NoFill):
            return result, ()
        parts = target.changes(result.completions[0])
        self._imported |= {name for part in parts if name and imports(part.text, name)}
        return self._applied(result, parts)

    def _applied(self, result: Filled, parts: Sequence[Part]) -> tuple[Filled | NoFill, tuple[Part, ...]]:
        """Make the changes, which are of the text as it is by now; return them as ones of the text as it was read."""
        original = [self._edited.span_in_original(part.span) for part in parts]
        changes = tuple(
            msgspec.structs.replace(part, span=span)
            for part, span in zip(parts, original, strict=True)
            if span is not None
        )
        if len(changes) < len(parts):
            return NoFill("superseded", "it would replace an earlier change"), ()
        for part in reversed(parts):
            self._edited.apply(part.span, part.text)
        return result, changes


def _parse(argv: list[str]) -> _Arguments:
    parser = argparse.ArgumentParser(
        prog="infill fix",
        usage="infill fix [options] FILE:LINE[:COL] [...] | --diagnostics FILE|- [FILE[:LINE] ...]",
        description="Mend a fault that another program reports, and print the change as a unified diff. Without "
        "--message, what the syntax and the file's own names show at the line is mended: a missing bracket or colon, a "
        "misspelt name, a missing import. Line and column count from 1; -:LINE reads standard input.",
        epilog="exit codes: 0 all mended, 1 at least one is not, 2 usage or set-up",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("targets", metavar="FILE:LINE[:COL]", nargs="*", help="where the fault is")
    add("--message", metavar="TEXT", help="what is wrong, in the words of the program that reports it")
    add("--code", metavar="C", help="its code or rule, such as F821; says what is wrong where there is no message")
    add("--source", metavar="S", help="which program reports it, such as pyright")
    formats = "JSON lines, SARIF, or what ruff check and pyright print as JSON"
    add("--diagnostics", metavar="FILE|-", help=f"mend all of these: {formats}; places then say which of them")
    add_common_options(parser, "fault")
    args = parsed(parser, argv, _Arguments())
    said = [f"--{name}" for name in ("message", "code", "source") if getattr(args, name) is not None]
    if args.diagnostics is None and not args.targets:
        parser.error("give FILE:LINE, or --diagnostics")
    if args.diagnostics is not None and said:
        parser.error(f"{said[0]} is about one place; the diagnostics have their own")
    if args.diagnostics == STDIN and any(target.partition(":")[0] == STDIN for target in args.targets):
        parser.error("diagnostics and text cannot both come from standard input")
    return args


def _at(target: str, args: _Arguments) -> Diagnostic:
    parts = re.fullmatch(r"(.+?):([0-9]{1,9})(?::([0-9]{1,9}))?", target, re.DOTALL)
    if not parts:
        raise InputError(f"{printable(target)}: is not FILE:LINE or FILE:LINE:COL (both count from 1)")
    column = None if parts[3] is None else int(parts[3])
    return Diagnostic(parts[1], int(parts[2]), column, message=args.message or "", code=args.code, source=args.source)


def _reported(args: _Arguments) -> list[Diagnostic]:
    """Return the diagnostics of the other program, of the places that were named if any were, each once."""
    assert args.diagnostics is not None
    stream = args.diagnostics == STDIN
    name = "stdin" if stream else args.diagnostics
    file = SourceFile.read_stream(name, console.stdin_bytes()) if stream else SourceFile.read(name)
    wanted: set[tuple[str, int | None]] = set()
    for target in args.targets:
        parts = re.fullmatch(r"(.+?)(?::([0-9]{1,9}))?", target, re.DOTALL)
        assert parts is not None
        wanted.add((os.path.realpath(parts[1]), None if parts[2] is None else int(parts[2])))
    found = [one for one in diagnostics_in(file.raw, printable(name)) if one.words]
    kept = (one for one in found if not wanted or _is_wanted(one, wanted))
    by_place = {(os.path.realpath(one.file), one.line, one.column, one.words): one for one in kept}
    return list(by_place.values())


def _is_wanted(one: Diagnostic, wanted: set[tuple[str, int | None]]) -> bool:
    path = os.path.realpath(one.file)
    return (path, None) in wanted or (path, one.line) in wanted


def _fault(one: Diagnostic, source: SourceFile) -> _Fault:
    """Find the place of a diagnostic in its file. Raises `InputError` where the file has no such place."""
    where = f"{printable(one.file)}:{one.line}"
    try:
        line = offset_of(source.text, one.line, 1)
        text = re.split(r"[\r\n]", source.text[line:], maxsplit=1)[0]
        indent = len(text) - len(text.lstrip())
        if one.column is None:
            span = Span(line + indent, line + len(text.rstrip()) if text.strip() else line)
        else:
            start = _offset(source.text, one.line, one.column, one.utf16)
            end_line, end_column = one.end_line or one.line, one.end_column
            end = start if end_column is None else _offset(source.text, end_line, end_column, one.utf16)
            span = Span(start, max(start, end))
    except InputError as error:
        raise InputError(f"{where}: {error}; the diagnostics may be of an older text") from None
    n_lines = source.text.count("\n", span.start, span.end)
    return _Fault(Lines(one.file, one.line, one.line + n_lines), source, span, one.words)


def _offset(text: str, line: int, column: int, utf16: bool) -> int:
    """Return the offset of a line and a column from 1, which counts characters or UTF-16 units."""
    start = offset_of(text, line, 1)
    if not utf16:
        return offset_of(text, line, column)
    units, at = 0, start
    while units < column - 1 and at < len(text) and text[at] not in "\r\n":
        units += 2 if ord(text[at]) > 0xFFFF else 1
        at += 1
    if units < column - 1:
        raise InputError(f"column {column} is outside line {line}")
    return at
