"""The result of a job as Markdown, for a reviewer: what it was, each hole with its confidence, and what is left."""

from __future__ import annotations

import re

from infill.files.decode import printable
from infill.jobs.result import HoleResult, JobResult

_MOST = 200  # holes in the table: a summary on GitHub may not be longer than 1 MiB


def markdown(result: JobResult) -> str:
    """Return the summary."""
    spec, holes = result.spec, result.holes
    n_done = sum(done.candidate is not None for done in holes)
    told = f": {_cell(spec.instruct.text)}" if spec.instruct.text else ""
    lines = [
        f"## infill {spec.action}{told}",
        "",
        f"{n_done} of {len(holes)} holes changed in {len(result.changed)} of {result.plan.n_files} files; "
        f"selector `{_cell(spec.select.selector)}`, model {_cell(result.model)}, seed {spec.seed}.",
    ]
    if spec.verify.command and n_done:
        lines += ["", f"`{_cell(spec.verify.command)}` passes with these changes."]
    if holes:
        lines += ["", "| hole | confidence | what became of it |", "|---|---|---|"]
        lines += [_row(done) for done in holes[:_MOST]]
    if len(holes) > _MOST:
        lines += ["", f"{len(holes) - _MOST} more holes are not shown."]
    return "\n".join(lines) + "\n"


def _row(done: HoleResult) -> str:
    hole, candidate = done.hole, done.candidate
    lines = f"{hole.first}" if hole.first == hole.last else f"{hole.first}-{hole.last}"
    place = f"`{_cell(printable(hole.file.path))}:{lines}`"
    if candidate is None:
        return f"| {place} | | left: {_cell(done.why)} |"
    other = f", candidate {done.chosen + 1}" if done.chosen else ""
    left = f", {candidate.n_left} left" if candidate.n_left else ""
    return f"| {place} | {candidate.confidence:.2f} | changed by {candidate.source}{other}{left} |"


def _cell(text: str) -> str:
    """Return a text that can stand in a cell of a table: on one line, and without a meaning in Markdown or HTML."""
    line = " ".join(text.split()).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return re.sub(r"([|`<>])", r"\\\1", line)
