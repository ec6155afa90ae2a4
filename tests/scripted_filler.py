"""A filler that reads its answers from a file, for tests of editors that need exact texts.

The file has one JSON object per line; the first rule that fits answers:

    {"after": "return ", "text": "a + b"}           the text before the cursor ends with `after`
    {"selected": "old()", "text": "new()"}          the selection is exactly this
    {"after": "slow", "text": "x", "delay_ms": 900}  answer late; a cancel ends the wait
    {"after": "#hash", "echo_hash": true}           the answer is the SHA-256 of the document's UTF-8 text
    {"free": ["pass", "..."], "texts": ["f()", "x"]}  a rewrite with frozen parts: what is free is exactly this
    {"selected": "a", "text": "b", "strength": 0.4}  only a refinement of this strength
    {"selected": "a", "text": "bc", "drafts": 2}     show so many drafts on the way: the beginnings of the text
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import msgspec

from infill.holes.target import applied
from infill.prompt.segments import free_spans
from infill.types import (
    Completion,
    Draft,
    Filled,
    FillRequest,
    Hole,
    InputError,
    NoFill,
    OnDraft,
    Part,
    Request,
    RewriteRequest,
    Span,
)
from model.types import CancelToken


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the script."""

    after: str = ""
    text: str = ""
    texts: tuple[str, ...] = ()  # one for each free stretch
    selected: str | None = None
    free: tuple[str, ...] | None = None
    strength: float | None = None
    drafts: int = 0
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

    @property
    def languages(self) -> None:
        """None: a script answers in any language."""
        return None

    @property
    def takes_instructions(self) -> bool:
        """False: a script does not read."""
        return False

    @property
    def reads_ahead(self) -> bool:
        """False: there is no prompt."""
        return False

    @property
    def device(self) -> str:
        """Nowhere: nothing is computed."""
        return "none"

    def fill(self, request: Request, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        """Return the answer of the first rule that fits; what is frozen comes from the request's text."""
        rule = next((rule for rule in self._rules if _fits(rule, request)), None)
        if rule is None:
            return NoFill("empty_fill")
        for step in range(1, rule.drafts + 1):
            _wait(rule.delay_ms / (rule.drafts + 1), cancel)
            if on_draft is not None and not cancel.cancelled:
                on_draft(Draft(_answer(rule, request, step / rule.drafts).text, step, rule.drafts))
        _wait(rule.delay_ms / (rule.drafts + 1), cancel)
        if cancel.cancelled:
            return NoFill("cancelled")
        completion = _answer(rule, request, 1.0)
        hole = Hole(
            completion.span, "selection" if isinstance(request, RewriteRequest) else "line_end", "", multiline=True
        )
        return Filled(hole, (completion,), request.seed)


def _answer(rule: Rule, request: Request, share: float) -> Completion:
    """What the rule says, or the first part of it."""
    rewrites = isinstance(request, RewriteRequest)
    span = request.selection if rewrites else Span(request.offset, request.offset)
    texts = rule.texts or (hashlib.sha256(request.text.encode()).hexdigest() if rule.echo_hash else rule.text,)
    texts = tuple(text[: round(len(text) * share)] for text in texts)
    parts: tuple[Part, ...] = ()
    if isinstance(request, RewriteRequest) and request.frozen:
        free = free_spans(request.text, span, request.frozen)
        parts = tuple(Part(piece, texts[min(i, len(texts) - 1)]) for i, piece in enumerate(free))
        whole = applied(request.text, parts)
        text = whole[span.start : len(whole) - (len(request.text) - span.end)]
    else:
        text = texts[0]
    return Completion(span, text, 1.0, (text,), (0.0,), rule.drafts, "converged", "diffusion", parts)


def _wait(ms: float, cancel: CancelToken) -> None:
    """Wait, but not beyond a cancel."""
    over = threading.Event()
    cancel.on_cancel(over.set)
    over.wait(ms / 1000)


def _fits(rule: Rule, request: Request) -> bool:
    if isinstance(request, FillRequest):
        return (
            rule.strength is None
            and rule.selected is None
            and rule.free is None
            and request.text.endswith(rule.after, 0, request.offset)
        )
    if rule.strength is not None and rule.strength != request.strength:
        return False
    span = request.selection
    if rule.free is not None:
        free = free_spans(request.text, span, request.frozen)
        return rule.free == tuple(request.text[piece.start : piece.end] for piece in free)
    selected = request.text[span.start : span.end]
    return rule.selected == selected and request.text.endswith(rule.after, 0, span.start)
