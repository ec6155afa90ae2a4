"""What typing with the server is like: plays recordings of typing to it and counts what an editor would show.

`python tests/bench/bench_typing.py [--keys N] [--speed S]` types held-out source as a person would, with the
embedded model; `--recording FILE ...` plays those instead (the format: tests/bench/replay/recording.py), and `--save
FOLDER` only writes what would be typed. A speed above 1 also shortens the editor's wait: use 1 for true figures.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.bench.hole_sampling import held_out_files
from infill.bench.tables import machine
from tests.bench.replay.counts import Counts, figures, table
from tests.bench.replay.editor import DEBOUNCE_MS
from tests.bench.replay.generate import first_keys, generate
from tests.bench.replay.play import play_all
from tests.bench.replay.recording import Recording, RecordingError, read_recording, write_recording
from tests.bench.server.apart import engines_apart
from tests.e2e.client import Client


async def replay(
    recordings: list[Recording], arguments: list[str], speed: float = 1.0, debounce_ms: float = DEBOUNCE_MS
) -> Counts:
    """Play recordings to a new server; one server for each position encoding that they name."""
    total = Counts()
    for encoding in sorted({recording.header.encoding for recording in recordings}):
        client = await Client.start("--stdio", *arguments)
        client.limit_s = 120
        await client.initialize(general={"positionEncodings": [encoding]})
        await client.ready()
        same = [recording for recording in recordings if recording.header.encoding == encoding]
        total = added(total, await play_all(client, same, speed, debounce_ms))
        await client.ask("shutdown")
        client.notify("exit")
        await client.close()
    return total


def added(one: Counts, other: Counts) -> Counts:
    """Both together; model calls that one of them does not know are not known."""
    if one.keys == 0:
        return other
    values = {}
    for field in msgspec.structs.fields(Counts):
        pair = getattr(one, field.name), getattr(other, field.name)
        values[field.name] = None if None in pair else pair[0] + pair[1]
    return Counts(**values)


def held_out_recordings(n_keys: int, seed: int = 0) -> list[Recording]:
    """Recordings of typing the held-out packages that are installed here."""
    return first_keys(generate([(p.name, p.read_text("utf-8")) for p in held_out_files()], n_keys, seed), n_keys)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=2000, help="keys to type (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of what is typed and how (default %(default)s)")
    parser.add_argument("--recording", type=Path, nargs="+", metavar="FILE", help="play these")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="write the recordings there and end")
    parser.add_argument("--speed", type=float, default=1.0, help="times as fast as recorded (default %(default)s)")
    parser.add_argument("--debounce", type=float, default=DEBOUNCE_MS, metavar="MS", help="default: %(default)s")
    parser.add_argument("--server", nargs=argparse.REMAINDER, default=[], help="the rest is for the server")
    args = parser.parse_args()
    try:
        recordings = [read_recording(path) for path in args.recording or ()]
    except RecordingError as error:
        sys.exit(str(error))
    recordings = recordings or held_out_recordings(args.keys, args.seed)
    if args.save is not None:
        args.save.mkdir(parents=True, exist_ok=True)
        for number, recording in enumerate(recordings):
            write_recording(recording, args.save / f"typing{number:03}.jsonl")
        return
    with engines_apart():
        counts = asyncio.run(replay(recordings, args.server, args.speed, args.debounce))
    print(f"{machine()}, {time.strftime('%Y-%m-%d')}, speed {args.speed:g}\n")
    print(table(figures(counts, args.speed)))


if __name__ == "__main__":
    main()
