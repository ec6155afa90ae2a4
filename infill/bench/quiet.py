"""`infill bench quiet`: how often nothing is suggested where nothing should be, beside what is suggested elsewhere.

The places are drawn by seed from finished code, see `quiet_places`; the line ends are those of `infill bench line`
from the same files, asked in the same way: silence that is bought by saying nothing at all shows there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec
from tqdm import tqdm

from infill.bench.fills import goes_as_far
from infill.bench.hole_sampling import BenchHole
from infill.bench.quiet_places import KINDS, QuietPlace
from infill.bench.tables import Rows, share
from infill.types import Context, Dismissed, Filled, Filler, FillRequest, NoFill, Span
from model.types import CancelToken

LINE = "line"
SHOWN_CHARS = 60  # of the line on either side, in a sample


class QuietSample(msgspec.Struct, frozen=True):
    """What was said at one place, a line of `--json`; `said` is None where nothing was."""

    bench: str
    kind: str
    path: str
    language: str
    offset: int
    left: str  # of the line before the cursor
    right: str
    said: str | None
    reason: str | None
    source: str | None
    confidence: float
    answer: str  # what was taken out there
    milliseconds: float

    @property
    def right_as_far(self) -> bool:
        """Whether what was said is what stood there, as far as it goes."""
        return self.said is not None and goes_as_far(self.said, self.answer)


def quiet_answers(
    filler: Filler,
    places: Sequence[QuietPlace],
    holes: Sequence[BenchHole],
    seed: int,
    context: Callable[[BenchHole], Context] = lambda _: Context(),
) -> list[QuietSample]:
    """Ask at the places and at the line ends as an editor does while somebody types.

    At a place of the kind "dismissed" the question is put again with what was said as dismissed; it counts only where
    something was.
    """
    lines = [_line_place(hole) for hole in holes]
    samples: list[QuietSample] = []
    for place in tqdm([*places, *lines], "quiet", leave=False, disable=None):
        hole = BenchHole(place.path, place.text, Span(place.offset, place.offset), place.language)
        request = FillRequest(
            text=place.text,
            language=place.language,
            offset=place.offset,
            trigger="automatic",
            seed=seed,
            context=context(hole),
        )
        sample = _asked(filler, place, request)
        if place.kind == "dismissed":
            if sample.said is None:
                continue
            again = _asked(filler, place, msgspec.structs.replace(request, dismissed=(Dismissed(sample.said),)))
            sample = again if again.said == sample.said else msgspec.structs.replace(again, said=None)
        samples.append(sample)
    return samples


def _line_place(hole: BenchHole) -> QuietPlace:
    return QuietPlace(LINE, hole.path, hole.language, hole.holed, hole.span.start, hole.answer)


def _asked(filler: Filler, place: QuietPlace, request: FillRequest) -> QuietSample:
    started = time.perf_counter()
    result = filler.fill(request, CancelToken())
    milliseconds = (time.perf_counter() - started) * 1000
    said = result.completions[0] if isinstance(result, Filled) else None  # unasked, so it would be shown
    start = place.text.rfind("\n", 0, place.offset) + 1
    return QuietSample(
        bench="quiet",
        kind=place.kind,
        path=place.path,
        language=place.language,
        offset=place.offset,
        left=place.text[start : place.offset][-SHOWN_CHARS:],
        right=place.text[place.offset :].partition("\n")[0][:SHOWN_CHARS],
        said=said.text if said else None,
        reason=result.reason if isinstance(result, NoFill) else None,
        source=said.source if said else None,
        confidence=said.confidence if said else 0.0,
        answer=place.answer,
        milliseconds=round(milliseconds, 1),
    )


def quiet_figures(samples: Sequence[QuietSample]) -> Rows:
    """Return the rows of the table: silence by kind and in all, then coverage and precision on line ends."""
    quiet = [s for s in samples if s.kind != LINE]
    lines = [s for s in samples if s.kind == LINE]
    shown = [s for s in lines if s.said is not None]
    by_kind = {kind: [s for s in quiet if s.kind == kind] for kind in KINDS}
    times = sorted(s.milliseconds for s in lines)
    return [
        *((f"silent: {kind}", _silence(of_kind)) for kind, of_kind in by_kind.items()),
        ("silent, all these places", _silence(quiet)),
        ("line ends of the same files: something shown", share(len(shown), len(lines))),
        ("right as far as it goes, of those", share(sum(s.right_as_far for s in shown), len(shown))),
        ("p50 ms of a line end", f"{times[len(times) // 2]:.0f}" if times else "-"),
    ]


def _silence(samples: Sequence[QuietSample]) -> str:
    return share(sum(s.said is None for s in samples), len(samples))
