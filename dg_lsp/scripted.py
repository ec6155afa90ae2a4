"""A filler that reads its answers from a file, for tests of editors that need exact texts.

The file has one JSON object per line; the first rule that fits answers:

    {"after": "return ", "text": "a + b"}           the text before the cursor ends with `after`
    {"selected": "old()", "text": "new()"}          the selection is exactly this
    {"after": "slow", "text": "x", "delay_ms": 900}  answer late; a cancel ends the wait
    {"after": "#hash", "echo_hash": true}           the answer is the SHA-256 of the document's UTF-8 text
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import msgspec

from infill.types import Completion, Filled, FillRequest, Hole, InputError, NoFill, Span
from model.types import CancelToken

_POLL_S = 0.005


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the script."""

    after: str = ""
    text: str = ""
    selected: str | None = None
    delay_ms: float = 0
    echo_hash: bool = False


def open_script(path: Path) -> ScriptedFiller:
    """Return the filler for a script file; `InputError` names the line that cannot be read."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise InputError(f"cannot read the fill script {path}: {error.strerror}") from error
    rules: list[Rule] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rules.append(msgspec.json.decode(line, type=Rule))
        except msgspec.DecodeError as error:
            raise InputError(f"{path}, line {number}: {error}") from error
    return ScriptedFiller(f"script:{path.name}", rules)


class ScriptedFiller:
    """A `Filler` without a model; it ignores deadlines, since a test says how long it takes."""

    def __init__(self, name: str, rules: list[Rule]) -> None:
        self._name = name
        self._rules = rules

    @property
    def model_name(self) -> str:
        """`script:` and the file's name."""
        return self._name

    @property
    def show_threshold(self) -> float:
        """Zero: what a script says is always shown."""
        return 0.0

    def fill(self, request: FillRequest, cancel: CancelToken) -> Filled | NoFill:
        """Return the answer of the first rule that fits."""
        rule = next((rule for rule in self._rules if _fits(rule, request)), None)
        if rule is None:
            return NoFill("empty_fill")
        until = time.monotonic() + rule.delay_ms / 1000
        while time.monotonic() < until and not cancel.cancelled:
            time.sleep(_POLL_S)
        if cancel.cancelled:
            return NoFill("cancelled")
        span = request.selection or Span(request.offset or 0, request.offset or 0)
        text = hashlib.sha256(request.text.encode()).hexdigest() if rule.echo_hash else rule.text
        hole = Hole(span, "selection" if request.selection else "line_end", "", multiline=True)
        completion = Completion(span, text, 1.0, (text,), (0.0,), 0, "converged", "diffusion")
        return Filled(hole, (completion,), request.seed)


def _fits(rule: Rule, request: FillRequest) -> bool:
    if request.selection is None:
        return rule.selected is None and request.text.endswith(rule.after, 0, request.offset)
    selected = request.text[request.selection.start : request.selection.end]
    return rule.selected == selected and request.text.endswith(rule.after, 0, request.selection.start)
