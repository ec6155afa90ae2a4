"""What other tools' tests ask of a completion, asked of ours: bracket and line repeats, overlap, indentation.

Each case stands for one of a public repository, named by file, commit, place in the file (from 1) and licence. It
is made after that case, with text of our own: the same place of the cursor, the same mistake of a model, the outcome
that the other tool wants. Where ours is another, the data say why, and the list is exact.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from infill.candidates.postprocess import postprocess
from infill.candidates.sources import Candidate, closed
from infill.checks.parse_check import ParseCheck
from infill.holes.find_hole import find_hole
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Hole

CURSOR = "‸"
FILES = sorted(Path(__file__).parent.glob("*.json"))


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document with a cursor, the model's words, and the document that the other tool wants."""

    number: int
    language: str
    before: str
    fill: str
    after: str


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    commit: str
    cases: tuple[Case, ...]


class Peer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`differs` names a reason for each case, by the file's name and the number, that comes out otherwise."""

    repository: str
    licence: str
    agree: int
    files: tuple[Source, ...]
    reasons: dict[str, str]
    differs: dict[str, str]

    def cases(self) -> dict[str, Case]:
        return {
            f"{source.path.rpartition('/')[2]} {case.number}": case for source in self.files for case in source.cases
        }


def outcome(case: Case) -> str:
    """The document after what our pipeline would show for this one fill, which no judge compares."""
    language = by_id(case.language)
    assert language is not None
    text = case.before.replace(CURSOR, "")
    syntax = parse(language, text)
    hole = find_hole(syntax, case.before.index(CURSOR), "manual")
    assert isinstance(hole, Hole)
    prefix, suffix = text[: hole.span.start], text[hole.span.end :]
    raw = Candidate(case.fill, (), (), 0, "converged", "left_to_right")
    fills = [candidate.text for candidate in (raw, *closed([raw], prefix, suffix))]
    by_indent = language.block_style == "indent"
    tidied = [postprocess(fill, hole, prefix, suffix, indent_blocks=by_indent) for fill in fills]
    parse_check = ParseCheck(syntax, hole.span)
    for fill in tidied:
        if fill.strip() and parse_check.check(fill).ok:
            return prefix + fill + suffix
    shorter = [cut for fill in tidied if fill.strip() and (cut := parse_check.cut_back(fill)) is not None]
    return prefix + shorter[0] + suffix if shorter else text


def read(path: Path) -> Peer:
    return msgspec.json.decode(path.read_bytes(), type=Peer)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_agree_but_those_with_a_reason(path: Path) -> None:
    peer = read(path)
    cases = peer.cases()
    outcomes = {name: outcome(case) for name, case in cases.items()}
    differing = {name for name, case in cases.items() if outcomes[name] != case.after}
    assert differing == set(peer.differs), json.dumps(
        {name: [cases[name].after, outcomes[name]] for name in differing ^ set(peer.differs)}, indent=1
    )
    assert len(cases) - len(differing) == peer.agree


def test_the_data_are_whole() -> None:
    peers = [read(path) for path in FILES]
    assert sum(len(peer.cases()) for peer in peers) >= 60
    for peer in peers:
        assert peer.licence in ("MIT", "Apache-2.0", "BSD-3-Clause")
        assert len(peer.cases()) == sum(len(source.cases) for source in peer.files)
        assert all(len(source.commit) == 40 for source in peer.files)
        assert set(peer.differs.values()) == set(peer.reasons)
        assert all(case.before.count(CURSOR) == 1 and CURSOR not in case.after for case in peer.cases().values())
