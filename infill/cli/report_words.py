"""What the reports of fills and of rewrites share: names and times for programs, words for people."""

from __future__ import annotations

from collections.abc import Mapping

from infill.cli.console import YELLOW, painted
from infill.files.read import printable
from infill.types import Completion, Filled, NoFill


def json_name(name: str) -> str:
    """`name` as JSON can hold it: bytes that are not UTF-8 become U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def rounded(timings_ms: Mapping[str, float]) -> dict[str, float]:
    """Milliseconds by stage, to the microsecond."""
    return {stage: round(ms, 3) for stage, ms in timings_ms.items()}


def plural(n: int, what: str) -> str:
    """A number of things, as `1 step` or `3 steps`."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def made_by(completion: Completion) -> str:
    """The source of a text, the denoising steps that it took if any, and why it ended."""
    steps = (plural(completion.steps, "step"),) if completion.steps else ()
    return ", ".join((completion.source, *steps, completion.stop_reason))


def reason_words(nothing: NoFill) -> str:
    """Why there is nothing."""
    return f"{nothing.reason} ({printable(nothing.detail)})" if nothing.detail else nothing.reason


def nothing_to_show(colour: bool) -> str:
    """The state of a position or a range of lines for which there is no code."""
    return painted("nothing to show", YELLOW, colour)


def timed_line(location: object, state: str, milliseconds: float, why: str) -> str:
    """One line: what became of a position or a range of lines, how long it took, and why."""
    return f"{location}: {state} in {milliseconds:.0f} ms: {why}"


def stages_of(result: Filled | NoFill) -> str:
    """Which model was asked and how long each stage took, in brackets after a blank; empty where neither is known."""
    asked = [f"by {result.model}"] if result.model else []
    stages = [f"{stage} {ms:.0f} ms" for stage, ms in result.timings_ms.items()]
    return f" [{', '.join(asked + stages)}]" if asked or stages else ""
