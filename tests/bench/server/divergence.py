"""Random edits of odd text in every encoding: does the server's copy stay the client's?"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types

from dg_lsp.documents.documents import Documents
from tests.bench.replay.places import Places, sound_places
from tests.bench.server.wire import SCRIPTED, URI, Wire

ENCODINGS = ("utf-8", "utf-16", "utf-32")
PIECES = ("a", "x = 1", "é", "e\u0301", "\t", " ", "😋", "👩‍🚀", "𝒳", "漢", "\ufeff", "\u200d")
ENDS = ("\n", "\r\n", "\r", "\n\r", "\f", "\v", "\x1c", "\x85", "\u2028", "\u2029")
_MAX_CHARS = 300


def class_divergences(n_edits: int, seed: int = 0) -> int:
    """Edits after which `Documents` had another text than plain slicing gives; `n_edits` over three encodings."""
    wrong = 0
    for encoding in ENCODINGS:
        documents = Documents(encoding)
        text = ""
        documents.open(URI, 1, text, "python")
        for version, (start, end, new) in enumerate(_edits(n_edits // 3, random.Random(f"{seed} {encoding}")), 2):
            start, end = _sound(text, start, end)
            places = Places(text, encoding)
            ends = (types.Position(**places.position(offset)) for offset in (start, end))
            text = text[:start] + new + text[end:]
            change = types.TextDocumentContentChangePartial(text=new, range=types.Range(*ends))
            documents.change(URI, version, [change])
            snapshot = documents.get(URI)
            if snapshot is None or snapshot.text != text:
                wrong += 1
                documents.open(URI, version, text, "python")
    return wrong


def stdio_divergences(n_edits: int, folder: Path, seed: int = 0, check_every: int = 100) -> int:
    """Checks (by hash, one for every `check_every` edits) at which a server had another text."""
    script = folder / "hash.jsonl"
    script.write_text(json.dumps({"after": "", "echo_hash": True}) + "\n")
    wrong = 0
    for encoding in ENCODINGS:
        with Wire((*SCRIPTED, str(script))) as wire:
            wire.begin(encoding)
            wire.wait_ready()
            wire.open(URI, "")
            edits = _edits(n_edits // 3, random.Random(f"{seed} {encoding} stdio"))
            for count, (start, end, new) in enumerate(edits, 1):
                wire.edit(URI, *_sound(wire.texts[URI], start, end), new)
                if count % check_every == 0 or count == n_edits // 3:
                    wanted = hashlib.sha256(wire.texts[URI].encode()).hexdigest()
                    wrong += [item["insertText"] for item in wire.items(URI)] != [wanted]
    return wrong


def _edits(n: int, draw: random.Random) -> Iterator[tuple[float, float, str]]:
    """(start, length, text) with start and length as shares; now and then a large deletion keeps the text short."""
    for _ in range(n):
        new = "".join(draw.choice(PIECES if draw.random() < 0.6 else ENDS) for _ in range(draw.randrange(5)))
        length = draw.random() if draw.random() < 0.1 else draw.random() * 0.03
        yield draw.random(), length, new


def _sound(text: str, start: float, length: float) -> tuple[int, int]:
    """The shares as offsets between which something may be replaced."""
    places = sound_places(text)
    first = int(start * len(places))
    if len(text) > _MAX_CHARS:
        first, length = 0, 0.7
    return places[first], places[min(len(places) - 1, first + int(length * len(places)))]
