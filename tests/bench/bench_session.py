"""A session of typing as a person has it: real files typed key by key through the server, with a person's pauses.

`python tests/bench/bench_session.py [--keys N] [--language ID] [--source PATH ...] [--model NAME] [--list]` counts what
ghost text was offered, how much of it was right, wrong or gone again before it could be read, and the keys that it
saved: what is right is taken once it has been on the screen for as long as reading takes. It is measured in real time.
`--list` names every ghost text that was wrong or flashed by.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.bench.code.code_set import code_sets
from infill.bench.tables import machine
from infill.types import InputError
from tests.bench.replay.counts import table
from tests.bench.replay.episodes import listing, session_figures
from tests.bench.replay.generate import first_keys, generate
from tests.bench.replay.play import Pace, Played, play_session
from tests.bench.replay.recording import Recording
from tests.bench.replay.typist import SHARES
from tests.bench.server.apart import engines_apart
from tests.e2e.client import Client

MOST_FILES = 300  # beside a file that is typed, which are copied so that the server can read them
# Suggestions are taken when they are right and read, not at moments of the recording. One key in twelve comes after a
# stop to think, which makes three keys a second in all.
PLAIN = {**SHARES, "accept": 0.0, "blind": 0.0, "think": 0.08}


def session_recordings(files: list[Path], folder: Path, n_keys: int, seed: int) -> list[Recording]:
    """Recordings of typing the files, as copies below `folder` with what lies beside them.

    The server reads no ignored files, and installed packages are often ignored.
    """
    by_copy = [(str(folder / f"p{n}" / path.parent.name / path.name), path) for n, path in enumerate(files)]
    texts = [(name, path.read_text("utf-8", "replace")) for name, path in by_copy]
    recordings = first_keys(generate(texts, n_keys, seed, PLAIN), n_keys)
    sources = dict(by_copy)
    for recording in recordings:
        copy, own = Path(recording.header.name), sources[recording.header.name]
        copy.parent.mkdir(parents=True)
        for beside in sorted(own.parent.glob(f"*{own.suffix}"))[:MOST_FILES]:
            if beside != own:
                shutil.copyfile(beside, copy.parent / beside.name)
        copy.write_text(recording.header.text, "utf-8")
    return recordings


async def session(
    recordings: list[Recording], folder: Path, arguments: list[str], options: dict[str, Any], pace: Pace
) -> Played:
    """Play the recordings to a new server whose workspace is the folder; `options` are its settings."""
    client = await Client.start("--stdio", *arguments)
    client.limit_s = 300
    await client.initialize(options, {"rootUri": folder.as_uri()}, general={"positionEncodings": ["utf-16"]})
    await client.ready()
    played = await play_session(client, recordings, pace)
    await client.ask("shutdown")
    client.notify("exit")
    await client.close()
    return played


def silences(log: str) -> str:
    """Why automatic requests were answered with nothing, the most frequent reason first, by the server's log."""
    found = re.findall(r"inlineCompletion .*reason=(\w+)", log)
    counts = Counter(reason for reason in found if reason not in ("filled", "still_fits"))
    return ", ".join(f"{reason} {n}" for reason, n in counts.most_common()) or "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--keys", type=int, default=900, help="keys to type, some five minutes (default %(default)s)")
    add("--seed", type=int, default=0, help="of what is typed and how (default %(default)s)")
    add("--language", default="python", help="default: %(default)s")
    add("--source", type=Path, nargs="+", metavar="PATH", help="files or folders of yours instead")
    add("--set", choices=["held_out", "fitting", "installed"], help="as of infill bench (default: held_out if fetched)")
    add("--model", metavar="NAME", help="of the server, as its own option")
    add("--settings", type=json.loads, default={}, metavar="JSON", help="of the server, such as '{\"niceness\": 0}'")
    add("--list", action="store_true", help="name what was wrong or flashed by")
    add("--speed", type=float, default=1.0, help="times as fast; above 1 the model is too slow (default %(default)s)")
    args = parser.parse_args()
    try:
        code = code_sets(args.set, args.language, args.source)[0]
    except InputError as error:
        sys.exit(str(error))
    with engines_apart(), tempfile.TemporaryDirectory(prefix="dg-lsp-session-") as name:
        folder = Path(name).resolve()
        recordings = session_recordings(code.files, folder, args.keys, args.seed)
        log = folder / "server.log"
        arguments = ["--log-file", str(log), *(["--model", args.model] if args.model else [])]
        played = asyncio.run(session(recordings, folder, arguments, args.settings, Pace(args.speed, takes_right=True)))
        why = silences(log.read_text("utf-8"))
    n_keys = sum(recording.n_keys for recording in recordings)
    print(f"{args.language}, {len(recordings)} files of {code.what}; {machine()}, {time.strftime('%Y-%m-%d')}\n")
    rows = session_figures(played.counts, played.episodes, n_keys, played.minutes, args.speed)
    print(table([*rows, ("silence, by reason", why, "", None)]))
    if args.list:
        print(f"\n{listing(played.episodes)}")


if __name__ == "__main__":
    main()
