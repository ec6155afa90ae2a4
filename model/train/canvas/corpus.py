"""The corpus in twelve languages: packages by name and hash, their sources cleaned, as ids of the base's tokenizer.

`python -m model.train.canvas.corpus fetch` downloads what `corpus.json` names, through pip and npm as they are set up;
`build` writes `tokens.npy` and `ends.npy`. Nothing of a package is installed or run. What a benchmark measures on is
not in the list, and nothing that was first published in 2025 or later.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from tokenizers import Tokenizer

from model.config import HELD_OUT
from model.train.archives import archive_files
from model.train.cleaning import GENERATED, SECRET, SKIPPED_PARTS
from model.weights.manifest import sha256_of

MANIFEST = Path(__file__).with_name("corpus.json")
ENDINGS = (
    ".py", ".js", ".mjs", ".jsx", ".ts", ".tsx", ".go", ".rs", ".java", ".c", ".h", ".cpp", ".hpp", ".sh", ".css",
    ".html", ".json",
)  # fmt: skip
BUILT = re.compile(
    r"(^|/)(dist|umd|min|bundles?|esm\d*|cjs|fesm\d*)(/|$)|\.min\.|\.umd\.|bundle"
)  # not written by hand
MIN_CHARS, MAX_CHARS, MAX_LINE, MAX_MEAN_LINE = 600, 120_000, 300, 80
JSON_SHARE = 0.1  # of JSON files: they are many, and say little
TOKENS, ENDS = "tokens.npy", "ends.npy"


class Archive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A package of the manifest; `sha256` is of the archive."""

    name: str
    version: str
    registry: Literal["pip", "npm"]
    licence: str
    file: str
    sha256: str


def read_manifest(path: Path = MANIFEST) -> list[Archive]:
    """The packages to train on."""
    return msgspec.json.decode(path.read_bytes(), type=list[Archive])


def fetch(folder: Path, archives: list[Archive]) -> None:
    """Download what is not there yet and check every hash; ends with a message where one differs."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in archives:
        path = folder / one.file
        if not path.exists():
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
            npm = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
            command = [*pip, f"{one.name}=={one.version}"]
            if one.registry == "npm":
                command = [*npm, f"{one.name}@{one.version}"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if sha256_of(path) != one.sha256:
            sys.exit(f"{path}: hash differs from the manifest; delete it and fetch again")


def clean(name: str, raw: bytes) -> str | None:
    """The text of a source file worth training on, or None."""
    if not name.endswith(ENDINGS) or SKIPPED_PARTS.search(name.rpartition("/")[0]) or BUILT.search(name):
        return None
    try:
        text = raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")
    if not MIN_CHARS <= len(text) <= MAX_CHARS or max(map(len, lines)) > MAX_LINE or "\x00" in text:
        return None
    if len(text) / len(lines) > MAX_MEAN_LINE or GENERATED.search(text[:2000]) or SECRET.search(text):
        return None
    return text


def texts(folder: Path, archives: list[Archive]) -> Iterator[str]:
    """Clean sources, each once, with a line of account for each package."""
    seen: set[int] = set()
    for one in archives:
        n = n_kept = 0
        for name, raw in sorted(archive_files(folder / one.file)):
            n += name.endswith(ENDINGS)
            if name.endswith(".json") and random.Random(name).random() > JSON_SHARE:
                continue
            text = clean(name, raw)
            key = hash(re.sub(r"\s+", "", text or ""))
            if text is None or key in seen:
                continue
            seen.add(key)
            n_kept += 1
            yield text
        print(f"{one.name:24} {n_kept:6} of {n:6} files", flush=True)


def build(found: list[str], tokenizer: Tokenizer, out: Path, most_tokens: int) -> int:
    """Write the files' ids in random order, and where each ends; returns how many ids."""
    out.mkdir(parents=True, exist_ok=True)
    random.Random(0).shuffle(found)
    pieces: list[np.ndarray] = []
    ends: list[int] = [0]
    for text in found:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        pieces.append(np.array(ids, np.int32))
        ends.append(ends[-1] + len(ids))
        if ends[-1] > most_tokens:
            break
    np.save(out / TOKENS, np.concatenate(pieces))
    np.save(out / ENDS, np.array(ends))
    return ends[-1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m model.train.canvas.corpus", description=__doc__)
    parser.add_argument("step", choices=["fetch", "build"])
    parser.add_argument("--packages", type=Path, default=Path("data/canvas/packages"), help="folder of archives")
    parser.add_argument("--out", type=Path, default=Path("data/canvas"), help="folder of the ids")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json of the base, which `infill model fetch` brings")
    parser.add_argument("--tokens", type=int, default=25_000_000, help="at most (default %(default)s)")
    args = parser.parse_args()
    archives = [one for one in read_manifest() if one.name.replace("-", "_") not in HELD_OUT]
    if args.step == "fetch":
        fetch(args.packages, archives)
    else:
        if args.tokenizer is None:
            parser.error("build needs --tokenizer")
        n = build(list(texts(args.packages, archives)), Tokenizer.from_file(str(args.tokenizer)), args.out, args.tokens)
        print(f"{n} ids")


if __name__ == "__main__":
    main()
