"""`infill bench quiet`: where its places are, and what counts as silence there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infill.bench.hole_sampling import BenchHole
from infill.bench.main import main
from infill.bench.quiet import quiet_answers, quiet_figures
from infill.bench.quiet_places import CUT_KINDS, KINDS, QuietPlace, quiet_places
from infill.holes.unasked import refusal
from infill.syntax.languages import by_id
from infill.syntax.prose import prose_at
from infill.syntax.tree import parse
from infill.types import Completion, Filled, Hole, NoFill, Request, Span
from model.types import CancelToken

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "infill" / "bench").rglob("*.py")) + sorted((ROOT / "infill" / "prompt").rglob("*.py"))
COMPONENT = """import { a } from "./a";

/** Says it. */
const TABLE = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];

export function view(name: string) {
  const said = a(name, TABLE);  // in a row
  log("said it", said);

  return <p>Hello there, {said}</p>;
}
"""


class Talker:
    """Says one text everywhere, whatever was asked; with `once` not where it was dismissed."""

    model_name, show_threshold = "talker", 0.5

    def __init__(self, text: str, confidence: float = 0.9, once: bool = False) -> None:
        self.text, self.confidence, self.once = text, confidence, once
        self.asked: list[Request] = []

    def fill(self, request: Request, cancel: CancelToken) -> Filled | NoFill:
        self.asked.append(request)
        if self.confidence < self.show_threshold or (self.once and request.dismissed):
            return NoFill("not_confident")
        span = Span(request.offset, request.offset)
        done = Completion(span, self.text, self.confidence, (), (), 0, "converged", "left_to_right")
        return Filled(Hole(span, "line_end", "", False), (done,), request.seed)


def place(kind: str) -> QuietPlace:
    return QuietPlace(kind, "a.py", "python", "x = \n", 4, "1")


def test_places_are_spread_over_the_kinds_and_the_same_again() -> None:
    places = quiet_places(FILES, 44, seed=1)
    assert places == quiet_places(FILES, 44, seed=1) != quiet_places(FILES, 44, seed=2)
    n_of = {kind: sum(one.kind == kind for one in places) for kind in KINDS}
    assert n_of.pop("text") == 0, "Python has no text between tags"
    assert set(n_of.values()) == {4}
    for one in places:
        assert (one.answer != "") <= (one.kind in CUT_KINDS)
        if one.kind in ("comment", "string"):
            python = by_id("python")
            assert python is not None and prose_at(parse(python, one.text), one.offset) == one.kind
        if one.kind not in CUT_KINDS:
            assert one.text == Path(one.path).read_text("utf-8")


def test_other_languages_have_such_places_by_their_grammars(tmp_path: Path) -> None:
    (tmp_path / "view.tsx").write_text(COMPONENT)
    places = quiet_places([tmp_path / "view.tsx"], 22, seed=0)
    assert {one.kind for one in places} == set(KINDS)
    assert {one.language for one in places} == {"tsx"}
    finished = {one.text[: one.offset].rpartition("\n")[2] for one in places if one.kind == "before a blank line"}
    assert finished and finished <= {'import { a } from "./a";', "];", '  log("said it", said);'}


@pytest.mark.parametrize("kind", ["generated", "opened block", "data row"])
def test_what_these_places_are_is_found_without_a_model(kind: str) -> None:
    python = by_id("python")
    assert python is not None
    places = [one for one in quiet_places(FILES, 66, seed=3) if one.kind == kind]
    assert places
    for one in places:
        assert refusal(parse(python, one.text), one.offset) is not None or kind == "data row", one.text[: one.offset][
            -200:
        ]


def test_what_is_shown_is_no_silence() -> None:
    kinds = ["finished line", "finished line", "comment"]
    loud = quiet_answers(Talker("2"), [place(kind) for kind in kinds], [], 0)
    shy = quiet_answers(Talker("2", confidence=0.4), [place(kind) for kind in kinds], [], 0)
    rows = dict(quiet_figures([*loud[1:], *shy[:1]]))
    assert rows["silent: finished line"] == "50.0 % (1 of 2)" and rows["silent: comment"] == "0.0 % (0 of 1)"
    assert rows["silent, all these places"] == "33.3 % (1 of 3)"


def test_a_dismissed_text_may_not_come_again_and_counts_only_where_it_came() -> None:
    again, once, silent = (
        quiet_answers(talker, [place("dismissed")], [], 0)
        for talker in (Talker("2"), Talker("2", once=True), Talker("2", confidence=0.1))
    )
    assert [sample.said for sample in again] == ["2"] and [sample.said for sample in once] == [None] and not silent


def test_line_ends_are_asked_unasked_and_compared_as_far_as_they_go() -> None:
    talker = Talker("1")
    hole = BenchHole("a.py", "x = 1 + y\n", Span(4, 9))
    rows = dict(quiet_figures(quiet_answers(talker, [], [hole, hole], 0)))
    assert rows["line ends of the same files: something shown"] == "100.0 % (2 of 2)"
    assert rows["right as far as it goes, of those"] == "100.0 % (2 of 2)"
    assert {request.trigger for request in talker.asked} == {"automatic"}


def test_a_run_prints_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    source = str(ROOT / "infill/pipeline/filler.py")
    assert main(["quiet", "--limit", "11", "--source", source, "--json"]) == 0
    out, err = capsys.readouterr()
    samples = [json.loads(line) for line in out.splitlines()]
    assert {"line", "generated", "finished line"} <= {s["kind"] for s in samples}
    assert all(s["reason"] == "generated_file" for s in samples if s["kind"] == "generated")
    assert "silent, all these places" in err


def test_the_session_is_named_with_the_command_that_runs_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["session"]) == 2
    assert "make bench-session" in capsys.readouterr().err
