"""The result of a job as SARIF 2.1.0: a result for every hole, with the change as a fix where there is one."""

from __future__ import annotations

from typing import Any

import msgspec

from infill.jobs.result import HoleResult, JobResult
from infill.reports.places import Lines, Region, uri

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {"fill": "code is missing", "rewrite": "code is to be rewritten", "refine": "code is to be refined"}


def sarif(result: JobResult, version: str) -> bytes:
    """Return the report; `version` is that of this program."""
    action = result.spec.action
    lines = {file.path: Lines(file.source.text) for file in result.plan.files}
    rule = {"id": f"infill/{action}", "shortDescription": {"text": _RULES[action]}}
    driver = {"name": "infill", "version": version, "rules": [rule]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(done, lines[done.hole.file.path], action) for done in result.holes],
    }
    report = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def _result(done: HoleResult, lines: Lines, action: str) -> dict[str, Any]:
    hole, candidate = done.hole, done.candidate
    artifact = {"uri": uri(hole.file.path)}
    region = _region(lines.region(hole.about))
    found: dict[str, Any] = {
        "ruleId": f"infill/{action}",
        "level": "warning" if candidate is None else "note",
        "message": {"text": f"nothing to show: {done.why}" if candidate is None else _said(done)},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": {"infillHole/v1": hole.key},
    }
    if candidate is not None:
        replacements = [
            {"deletedRegion": _region(lines.region(part.span)), "insertedContent": {"text": part.text}}
            for part in candidate.changes
        ]
        change = {"artifactLocation": artifact, "replacements": replacements}
        found["fixes"] = [{"description": {"text": _said(done)}, "artifactChanges": [change]}]
        found["rank"] = round(candidate.confidence * 100, 1)
    return found


def _said(done: HoleResult) -> str:
    candidate = done.candidate
    return "" if candidate is None else f"a change with confidence {candidate.confidence:.2f} ({candidate.source})"


def _region(region: Region) -> dict[str, int]:
    return {
        "startLine": region.first,
        "startColumn": region.first_column,
        "endLine": region.last,
        "endColumn": region.last_column,
    }
