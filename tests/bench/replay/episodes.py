"""Ghost text as a person sees it: what appeared, for how long, and whether it was what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from infill.checks.parse_check import closing_brackets
from tests.bench.replay.counts import Counts, percentile
from tests.bench.replay.follow import Follower
from tests.bench.replay.recording import Edit

FLASH_MS = 250.0  # what is gone sooner was read by nobody

End = Literal["typed over", "typed out", "taken", "replaced", "withdrawn", "left"]


class Episode(msgspec.Struct):
    """Ghost text from when it appears until it is gone. Times are milliseconds of the recording's clock."""

    began_ms: float
    left: str  # of the line before the cursor
    ghost: str
    name: str = ""  # of the document
    ended_ms: float = 0.0
    right: bool = False  # what is typed next is what it says
    takeable: bool = False  # long enough to be taken, and not tried in vain
    end: End = "left"

    @property
    def shown_ms(self) -> float:
        """How long it was on the screen."""
        return self.ended_ms - self.began_ms

    @property
    def is_flash(self) -> bool:
        """Whether it came and went before anybody could read it; what was typed out or taken has served."""
        return self.shown_ms < FLASH_MS and self.end not in ("taken", "typed out")


def is_right(follower: Follower, text: str, edit: Edit) -> bool:
    """Whether the recording goes on to type what the edit would put into `text`, to a word's end at least.

    An editor closes brackets itself: what opens one is right with its closing one behind it, too.
    """
    made = edit.applied(text)
    end = edit.start + len(edit.text)
    closers = closing_brackets(edit.text)
    wholes = [made] + ([made[:end] + closers + made[end:]] if closers else [])
    return any(follower.comes_to_word_end(whole, end) for whole in wholes)


def session_figures(
    counts: Counts, episodes: Sequence[Episode], n_keys: int, minutes: float, speed: float = 1.0
) -> list[tuple[str, str, str, bool | None]]:
    """Return (figure, measured, aim, reached) of a session; `n_keys` are those that it takes without suggestions."""
    wrong = [one for one in episodes if not one.right]
    flashes = [one for one in episodes if one.is_flash]
    pressed = counts.keys + counts.accepted_whole + counts.accepted_words
    silent = counts.answered - counts.refused - counts.answers_with_items
    times = [ms / speed for ms in counts.ghost_ms]
    late = f"{percentile(times, 0.5):.0f} / {percentile(times, 0.95):.0f} ms" if times else "-"
    return [
        ("typed", f"{n_keys} keys in {minutes:.1f} minutes", "", None),
        ("asked / answered with silence", f"{counts.requests} / {silent}", "", None),
        ("ghost text offered", str(len(episodes)), "", None),
        ("of it right as far as it goes", _share(len(episodes) - len(wrong), len(episodes)), "", None),
        ("of it wrong", _share(len(wrong), len(episodes)), "", None),
        (f"flashes shorter than {FLASH_MS:.0f} ms", _share(len(flashes), len(episodes)), "", None),
        ("keys saved", _share(n_keys - pressed, n_keys), "", None),
        (f"last key to ghost text, p50 / p95 of {len(times)}", late, "", None),
        ("flickers", str(counts.flickers), "0", counts.flickers == 0),
        ("unanswered, stale, misfits", f"{counts.unanswered}, {counts.stale}, {counts.misfits}", "0", None),
        ("documents that came out wrong", str(counts.diverged), "0", counts.diverged == 0),
    ]


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.0f} %)" if whole else "-"


def listing(episodes: Sequence[Episode]) -> str:
    """One line for each wrong or flashed ghost text, in the order of time."""
    lines = [
        f"{one.name}: {one.left.strip()!r} + {one.ghost!r}: {'right' if one.right else 'wrong'}, "
        f"{one.shown_ms:.0f} ms, {one.end}{', flash' if one.is_flash else ''}"
        for one in episodes
        if one.is_flash or not one.right
    ]
    return "\n".join(lines)
