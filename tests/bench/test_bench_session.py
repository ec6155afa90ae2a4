"""The session bench's own logic: what is typed, where, and what the log says of silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill.bench.code.code_set import code_sets
from tests.bench.bench_session import session_recordings, silences
from tests.bench.replay.recording import Recording

ROOT = Path(__file__).parents[2]
LOG = """2026-11-30 16:23:44,897 INFO s: inlineCompletion ms=78.9 reason=in_comment trigger=automatic
2026-11-30 16:23:46,676 INFO s: inlineCompletion ms=109.2 reason=superseded trigger=automatic
2026-11-30 16:23:46,858 INFO s: inlineCompletion ms=132.1 reason=superseded trigger=automatic
2026-11-30 16:23:47,986 INFO s: inlineCompletion ms=915.0 reason=filled trigger=automatic
"""


def recordings(folder: Path, language: str, source: Path) -> list[Recording]:
    return session_recordings(code_sets(None, language, [source])[0].files, folder, 40, seed=0)


@pytest.mark.parametrize(
    ("language", "source"), [("python", ROOT / "infill" / "prompt"), ("typescript", ROOT / "editors/vscode/src")]
)
def test_a_copy_is_typed_with_what_lies_beside_the_file(tmp_path: Path, language: str, source: Path) -> None:
    made = recordings(tmp_path, language, source)
    assert sum(recording.n_keys for recording in made) == 40
    for recording in made:
        copy = Path(recording.header.name)
        assert recording.header.language == language and tmp_path in copy.parents
        assert copy.read_text("utf-8") == recording.header.text != (source / copy.name).read_text("utf-8")
        beside = {path.name for path in source.glob(f"*{copy.suffix}")}
        assert {path.name for path in copy.parent.iterdir()} == beside
        assert not any(event.accept for event in recording.events)


def test_silence_is_told_by_its_reasons() -> None:
    assert silences(LOG) == "superseded 2, in_comment 1" and silences("") == "-"
