"""Recordings: the file format, the generator, and following one while suggestions are taken."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill.bench.hole_sampling import held_out_files
from tests.bench.replay.follow import Follower, difference
from tests.bench.replay.generate import first_keys, generate
from tests.bench.replay.places import Places, sound_places
from tests.bench.replay.recording import (
    Edit,
    Event,
    Header,
    Recording,
    RecordingError,
    read_recording,
    write_recording,
)
from tests.bench.replay.typist import SHARES, Style, Typist

SOURCE = '''"""Boxes."""


class Shelf:
    def __init__(self, boxes, name="shelf"):
        self.boxes = list(boxes)
        self.name = name

    def total(self, names):
        count = 0

        for name in names:
            if name in self.boxes:
                count += len(self.boxes[name])
            else:
                print(f"no {name}", {"known": [1, 2]}, 'it\\'s')
        return (
            count
        )

    def path(self, root):
        return os.path.join(root, "shelf")
'''


def test_a_recording_comes_back_from_its_file(tmp_path: Path) -> None:
    (recording,) = generate([("boxes.py", SOURCE)], 1, seed=3)
    write_recording(recording, tmp_path / "a.jsonl")
    assert read_recording(tmp_path / "a.jsonl") == recording


def test_odd_line_ends_stay_inside_a_text(tmp_path: Path) -> None:
    recording = Recording(Header("a\u2028b\f\x85\r\n😋\ufeff", encoding="utf-8"), (Event(1.0, Edit(1, 2, "\x1c\r")),))
    write_recording(recording, tmp_path / "a.jsonl")
    assert read_recording(tmp_path / "a.jsonl") == recording


def test_the_example_in_the_format_is_one(tmp_path: Path) -> None:
    from tests.bench.replay import recording

    lines = [line.strip() for line in (recording.__doc__ or "").splitlines() if line.startswith("    {")]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    assert read_recording(path).final_text == "def f(x):\n    \n"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("", "line 1"),
        ('{"text": ""}\nhello', "line 2"),
        ('{"text": "ab"}\n{"at_ms": 1, "edit": {"start": 1, "end": 9, "text": ""}}', "line 2: the edit is outside"),
        ('{"text": "ab"}\n{"at_ms": 9, "cursor": 0}\n{"at_ms": 1, "cursor": 0}', "line 3: events must be in the order"),
        ('{"text": "ab"}\n{"at_ms": 1, "cursor": 3}', "line 2: the cursor is outside"),
        ('{"text": "ab"}\n{"at_ms": 1, "press": "x"}', "line 2: Object contains unknown field `press`"),
        ('{"text": "ab", "format": "typing/2"}', "line 1"),
    ],
)
def test_a_bad_file_is_refused_by_its_line(tmp_path: Path, lines: str, problem: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(lines)
    with pytest.raises(RecordingError, match=problem):
        read_recording(path)


@pytest.mark.parametrize("seed", range(30))
def test_what_is_typed_is_the_source_in_the_end(seed: int) -> None:
    (recording,) = generate([("boxes.py", SOURCE)], 1, seed)
    assert recording.final_text == SOURCE
    times = [event.at_ms for event in recording.events]
    assert times == sorted(times)


SCRIPT = """import { load } from "./load";

export class Store {
  private readonly kept = new Map<string, number>();

  add(name: string, n = 1): number {
    if (n < 0) {
      throw new Error(`bad: ${n}`);
    } else {
      this.kept.set(name, {
        ...load(name),
        n,
      }.n);
    }
    return [1, 2, 3].reduce((a, b) => {
      return a + b;
    }, n);
  }
}
"""
GO = """package p

func add(kept map[string]int, name string) (int, error) {
\tif n, ok := kept[name]; ok {
\t\treturn n, nil
\t}
\tfor i := range kept {
\t\tswitch {
\t\tcase i == "a":
\t\t\tkept[i]++
\t\tdefault:
\t\t\tkept[i] = 1
\t\t}
\t}
\treturn 0, nil
}
"""


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("name", "source", "language"), [("store.ts", SCRIPT, "typescript"), ("add.go", GO, "go")], ids=["ts", "go"]
)
def test_other_languages_are_typed_with_their_braces_and_tabs(name: str, source: str, language: str, seed: int) -> None:
    (recording,) = generate([(name, source)], 1, seed)
    assert recording.final_text == source
    assert recording.header.language == language
    typed = [event.edit.text for event in recording.events if event.edit is not None]
    if language == "go":
        assert not any("  " in text for text in typed), "the editor indents as the file does"


def test_enter_between_brackets_puts_the_closing_one_below_and_the_typist_goes_over_it() -> None:
    typist = Typist("", random.Random(1), Style("  ", ("{",)), {**SHARES, "typo": 0.0, "undo": 0.0, "look": 0.0})
    typist.type("f() {\n  a;\n}\ng;")
    assert typist.text == "f() {\n  a;\n}\ng;"
    enter = next(event for event in typist.events if event.edit is not None and event.edit.text.startswith("\n"))
    assert enter.edit is not None and enter.edit.text == "\n  \n" and enter.cursor == 8
    assert [event.cursor for event in typist.events if event.edit is None and event.cursor is not None] == [12]


def test_held_out_files_are_typed_as_people_type() -> None:
    sources = [(path.name, path.read_text("utf-8")) for path in held_out_files()]
    texts = {text for _, text in sources}
    recordings = generate(sources, 2000)
    assert recordings == generate(sources, 2000)
    assert sum(recording.n_keys for recording in recordings) >= 2000
    assert all(recording.final_text in texts for recording in recordings)
    events = [event for recording in recordings for event in recording.events]
    gaps = sorted(b.at_ms - a.at_ms for r in recordings for a, b in zip(r.events, r.events[1:], strict=False))
    assert 90 < gaps[len(gaps) // 2] < 200
    assert any(event.cause == "undo" for event in events)
    assert {event.accept for event in events} == {None, "whole", "word"}
    assert sum(event.edit is not None and event.edit.text == "" for event in events) > 20  # backspaces
    assert any(event.edit is not None and event.edit.text == "()" for event in events)


def test_the_first_keys_of_recordings() -> None:
    recordings = [keys("abc"), keys("def"), keys("ghi")]
    assert [recording.n_keys for recording in first_keys(recordings, 5)] == [3, 2]
    assert first_keys(recordings, 99) == recordings


def test_too_little_source_is_said() -> None:
    with pytest.raises(ValueError, match="too little source"):
        generate([("empty.py", "x = 1\n")], 1)


def keys(text: str) -> Recording:
    events = [Event(100.0 * n, Edit(n, n, char)) for n, char in enumerate(text)]
    return Recording(Header(text=""), tuple(events))


def test_what_a_suggestion_has_typed_is_skipped_with_its_time() -> None:
    follower = Follower(keys("return x"))
    for _ in range(3):
        follower.done()
    assert follower.comes_to("return") == 3
    assert follower.comes_to("rex") is None
    follower.skip(3)
    event = follower.next()
    assert event is not None and event.edit == Edit(6, 6, " ")
    assert (follower.text, follower.shift_ms, event.at_ms - follower.shift_ms) == ("return", 300.0, 300.0)


TEXTS = st.lists(st.sampled_from(["a", "é", "😋", "\n", "\r\n", "\r", "\f", "\u2028"]), max_size=12).map("".join)


@given(TEXTS, TEXTS)
def test_a_difference_leads_from_one_text_to_the_other(old: str, new: str) -> None:
    edit = difference(old, new)
    assert edit.applied(old) == new
    assert {edit.start, edit.end} <= set(sound_places(old))


@given(TEXTS, st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_positions_go_there_and_back(text: str, encoding: str) -> None:
    places = Places(text, encoding)
    for offset in sound_places(text):
        assert places.offset(places.position(offset)) == offset


def test_a_position_inside_a_character_or_past_the_line_is_no_place() -> None:
    assert Places("😋", "utf-16").offset({"line": 0, "character": 1}) is None
    assert Places("a\nb", "utf-16").offset({"line": 0, "character": 2}) is None
    assert Places("a", "utf-16").offset({"line": 1, "character": 0}) is None
