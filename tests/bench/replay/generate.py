"""Makes recordings out of source code: segments of a file are taken out and typed in again as people type.

How they type is in `typist`; now and then a suggestion is taken. Pure: same sources, same seed, same recordings.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

from infill.syntax.languages import for_path
from tests.bench.replay.recording import Header, Recording
from tests.bench.replay.typist import SHARES, Style, Typist

MAX_CHARS = 60_000
MIN_LINES, MAX_LINES = 4, 18  # of a segment
MAX_STRETCH_CHARS = 400
KEYS_PER_DOCUMENT = 250


def generate(
    sources: Sequence[tuple[str, str]], n_keys: int, seed: int = 0, shares: Mapping[str, float] = SHARES
) -> list[Recording]:
    """Recordings of at least `n_keys` keys in all, from (name, text) pairs in a random order.

    A name says the language.
    """
    draw = random.Random(seed)
    usable = [(name, text) for name, text in sources if len(text) <= MAX_CHARS and _is_plain(text)]
    draw.shuffle(usable)
    recordings: list[Recording] = []
    while (left := n_keys - sum(r.n_keys for r in recordings)) > 0:
        if not usable:
            raise ValueError("too little source to type")
        name, text = usable.pop()
        recording = _of_file(name, text, min(left, KEYS_PER_DOCUMENT), draw, shares)
        if recording is not None:
            recordings.append(recording)
    return recordings


def first_keys(recordings: Sequence[Recording], n_keys: int) -> list[Recording]:
    """The recordings up to the key of that number; what comes after it is left out."""
    kept: list[Recording] = []
    for recording in recordings:
        left = n_keys - sum(r.n_keys for r in kept)
        keys = [n for n, event in enumerate(recording.events) if event.edit is not None and event.cause == "key"]
        if left > 0:
            kept.append(Recording(recording.header, recording.events[: keys[min(left, len(keys)) - 1] + 1]))
    return kept


def _is_plain(text: str) -> bool:
    return "\r" not in text and not re.search(r"[^\t\n]\t", text) and text.endswith("\n")


def _of_file(name: str, text: str, n_keys: int, draw: random.Random, shares: Mapping[str, float]) -> Recording | None:
    """Take segments out of a file until enough is to be typed; None for a file without any."""
    language = for_path(name)
    by_indent = language is None or language.block_style == "indent"
    segments = _stretches(text, draw, by_indent)
    chosen: list[tuple[int, int]] = []
    for start, end in segments:
        if all(end <= other_start or start >= other_end for other_start, other_end in chosen):
            chosen.append((start, end))
        if sum(end - start for start, end in chosen) >= n_keys:
            break
    if not chosen:
        return None
    chosen.sort()
    before = text
    for start, end in reversed(chosen):
        before = before[:start] + before[end:]
    openers = (":", "(", "[", "{") if by_indent else ("(", "[", "{")
    typist = Typist(before, draw, Style(_unit(text), openers), shares)
    for start, end in chosen:  # the ones above are typed already, so the place is that of the whole text
        typist.look(start)
        typist.type(text[start:end])
    own = language.lsp_ids[0] if language is not None else "python"
    return Recording(Header(text=before, name=name, language=own), tuple(typist.events))


def _unit(text: str) -> str:
    """The unit of indentation of a text: a tab, or the blanks of its shallowest lines."""
    found = re.findall(r"^(\t|  +)(?=[^\s*])", text, re.MULTILINE)
    if "\t" in found:
        return "\t"
    return "  " if sum(len(indent) % 4 == 2 for indent in found) > len(found) / 4 else "    "


def _stretches(text: str, draw: random.Random, by_indent: bool) -> list[tuple[int, int]]:
    """Runs of lines after a line that opens a block, from the end of that line to the end of another.

    In a language of braces they close all that they open, and no more.
    """
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    if by_indent:
        heads = [n for n, line in enumerate(lines) if line.rstrip().endswith(":") and line.startswith((" ", "def "))]
    else:
        heads = [n for n, line in enumerate(lines) if line.rstrip().endswith("{")]
    draw.shuffle(heads)
    found: list[tuple[int, int]] = []
    for head in heads:
        last = min(head + draw.randint(MIN_LINES, MAX_LINES), len(lines) - 2)
        begin = starts[head] + len(lines[head])
        while last > head and not (
            lines[last].strip()
            and starts[last + 1] - begin <= MAX_STRETCH_CHARS
            and (by_indent or _is_closed(lines[head + 1 : last + 1]))
        ):
            last -= 1
        if last > head:
            found.append((begin, starts[last] + len(lines[last])))
    return found


def _is_closed(lines: Sequence[str]) -> bool:
    """Whether the lines close every brace that they open, and none before it."""
    depth = 0
    for char in "".join(lines):
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0
