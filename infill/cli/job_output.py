"""What a job's result becomes: changed files or a diff, reports, and a line that says it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from infill.cli import console
from infill.cli.job_options import JobArguments
from infill.cli.report_words import plural
from infill.files.decode import printable
from infill.files.read import cause
from infill.jobs.result import FileResult, JobResult
from infill.journal.journal import Journal
from infill.journal.writes import write_changes, write_each
from infill.reports.annotations import workflow_commands
from infill.reports.html import html
from infill.reports.log_lines import result_lines
from infill.reports.markdown import markdown
from infill.reports.records import records
from infill.reports.sarif import sarif
from infill.types import InputError

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"  # what this variable names is appended to, as steps of a CI share it


def check_outputs(args: JobArguments) -> None:
    """Raise `InputError` for a file that cannot be written, before a model is loaded for it."""
    for name in filter(None, (args.patch, args.sarif, args.summary, args.html)):
        folder = os.path.dirname(os.path.abspath(name))
        if os.path.isdir(name) or not os.path.isdir(folder) or not os.access(folder, os.W_OK):
            raise InputError(f"{printable(name)}: cannot be written; its folder must be there, and yours to write")


def put_out(result: JobResult, args: JobArguments) -> None:
    """Print the records or the diff; a diff that is to be in a file goes there."""
    diff = b"".join(file.file.source.diff(file.text) for file in result.files)
    if args.patch:
        _write(args.patch, diff)
    if args.records:
        console.write_stdout(records(result))
    elif not args.patch and not (args.check or args.write):
        console.write_stdout(diff)


def write_files(result: JobResult, args: JobArguments, journal: Journal | None, code: int) -> JobResult:
    """Write the files; return the result with those holes left that could not be written.

    `code` is the exit code that the run has when it is ended now and the next one finishes it.
    """
    changes = [(file.file.source, file.text) for file in result.changed]
    if args.patch or args.records:
        put_out(result, args)
    if journal is None:
        failed = write_each(changes)
    else:
        journal.will_end_with(code)
        failed = write_changes(journal, changes, args.transaction)
    paths = {file.file.path: failed[name] for file in result.changed if (name := file.file.source.name) in failed}
    return _without(result, paths) if paths else result


def write_reports(result: JobResult, args: JobArguments, version: str) -> None:
    """Write what other tools read; raises `InputError` for a file that cannot be written."""
    if args.sarif:
        _write(args.sarif, sarif(result, version))
    if args.summary:
        appends = os.environ.get(_STEP_SUMMARY) == args.summary
        _write(args.summary, markdown(result).encode(), appends)
    if args.html:
        _write(args.html, html(result).encode())
    if args.github:
        for line in workflow_commands(result).splitlines():
            console.say(line)


def say_outcome(result: JobResult, args: JobArguments) -> None:
    """Say on stderr what is left and why, and what was done in all."""
    if args.log_json:
        for line in result_lines(result):
            console.say(line)
        return
    left = [done for done in result.holes if done.candidate is None]
    for done in left:
        if done.why != done.answer.why:  # else it was said when the model answered
            console.say(f"{printable(str(done.hole))}: left: {printable(done.why)}")
    n_changed = len(result.holes) - len(left)
    verb = "changed" if args.write else "would change"
    console.say(
        f"{plural(n_changed, 'hole')} of {len(result.holes)} filled; {plural(len(result.changed), 'file')} {verb}"
    )


def _without(result: JobResult, failed: dict[str, str]) -> JobResult:
    """Return a result in which the files with these paths are as they were, and why."""
    holes = tuple(
        msgspec.structs.replace(done, chosen=None, why=failed[done.hole.file.path])
        if done.hole.file.path in failed and done.chosen is not None
        else done
        for done in result.holes
    )
    files = tuple(FileResult(f.file, f.file.source.text) if f.file.path in failed else f for f in result.files)
    return msgspec.structs.replace(result, holes=holes, files=files)


def _write(name: str, data: bytes, appends: bool = False) -> None:
    try:
        with open(Path(name), "ab" if appends else "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise InputError(f"{printable(name)}: cannot be written ({cause(error)})") from None
