"""The result of a job as workflow commands of GitHub Actions, which shows them beside the code."""

from __future__ import annotations

from infill.jobs.result import HoleResult, JobResult


def workflow_commands(result: JobResult) -> str:
    """Return a line for every hole: a notice where it was changed, a warning where nothing was."""
    return "".join(_line(done, result.spec.action) for done in result.holes)


def _line(done: HoleResult, action: str) -> str:
    hole, candidate = done.hole, done.candidate
    kind = "warning" if candidate is None else "notice"
    said = f"nothing to show: {done.why}" if candidate is None else f"confidence {candidate.confidence:.2f}"
    place = f"file={_property(hole.file.path)},line={hole.first},endLine={hole.last}"
    return f"::{kind} {place},title={_property(f'infill {action}')}::{_data(said)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _data(shown).replace(":", "%3A").replace(",", "%2C")
