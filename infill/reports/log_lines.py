"""What a job tells while it runs, as one JSON object a line for `--log-json`. Holds no text of the files."""

from __future__ import annotations

from typing import Any

import msgspec

from infill.jobs.events import Asked, Event, Noted, Planned
from infill.jobs.plan import PlannedHole
from infill.jobs.result import HoleResult, JobResult


def event_line(event: Event) -> str:
    """Return one line, without line break, for what happened."""
    return _line(_fields(event))


def result_lines(result: JobResult) -> list[str]:
    """Return a line for what became of each hole, and one for the whole job."""
    lines = [_line(_outcome(done)) for done in result.holes]
    n_done = sum(done.candidate is not None for done in result.holes)
    end = {"event": "end", "holes": len(result.holes), "changed": n_done, "files": len(result.changed)}
    return [*lines, _line(end)]


def _fields(event: Event) -> dict[str, Any]:
    if isinstance(event, Planned):
        plan = event.plan
        counts = {"files": len(plan.files), "searched": plan.n_files, "holes": len(plan.holes), "kept": event.n_kept}
        return {"event": "plan", **counts}
    if isinstance(event, Asked):
        answer = event.answer
        best = answer.candidates[0] if answer.candidates else None
        return {
            "event": "hole",
            **_place(event.hole),
            "n": event.n,
            "candidates": len(answer.candidates),
            "confidence": best and best.confidence,
            "source": best and best.source,
            "reason": answer.reason or None,
            "detail": answer.detail or None,
            "ms": answer.milliseconds,
            "kept": event.kept,
        }
    if isinstance(event, Noted):
        return {"event": "note", "text": event.text}
    fields = {"event": "verify", "holes": event.n_holes, "passed": event.passed, "s": round(event.seconds, 2)}
    return {**fields, "why": event.why or None, "kept": event.kept}


def _outcome(done: HoleResult) -> dict[str, Any]:
    candidate = done.candidate
    status = "left" if candidate is None else "changed"
    chosen = None if done.chosen is None else done.chosen + 1
    fields = {"event": "outcome", **_place(done.hole), "status": status, "candidate": chosen}
    return {**fields, "confidence": candidate and candidate.confidence, "why": done.why or None}


def _place(hole: PlannedHole) -> dict[str, Any]:
    return {"file": hole.file.path, "first": hole.first, "last": hole.last}


def _line(fields: dict[str, Any]) -> str:
    if "file" in fields:
        fields["file"] = fields["file"].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return msgspec.json.encode(fields).decode()
