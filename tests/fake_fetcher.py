"""Passes for `infill model fetch qwen-0.5b --json --progress`, without a network: `python -m tests.fake_fetcher WHAT`.

`good` makes the model's folder, `bad` fails as the command does, `holds` waits to be interrupted and then tidies up.
Each run leaves a line in `fetches` beside the models: its process id, its niceness and, later, how it ended.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from model.config import DEFAULT_NAME
from model.user_folders import user_models

TOTAL = 491_400_064
LIMIT_S = 60.0
STARTED, TIDIED = "started", "tidied"
REASON = "qwen-0.5b: no network"


def record() -> Path:
    """Where the runs are told."""
    return user_models().parent / "fetches"


def main(what: str) -> int:
    record().parent.mkdir(parents=True, exist_ok=True)
    note(f"{STARTED} {os.getpid()} {Path.cwd()}")
    try:
        return fetch(what)
    except KeyboardInterrupt:  # whenever it comes
        note(TIDIED)
        return 130


def fetch(what: str) -> int:
    for done in range(0, TOTAL, TOTAL // 4):
        tell("downloading", done, TOTAL)
    if what == "bad":
        sys.stderr.write(f"a warning of a library\ninfill: {REASON}\n")
        return 2
    if what == "holds":
        time.sleep(LIMIT_S)
    tell("converting", 1, 2)
    folder = user_models() / DEFAULT_NAME
    folder.mkdir(parents=True)
    print(json.dumps({"path": str(folder), "n_bytes": 1}), flush=True)
    return 0


def tell(stage: str, done: int, total: int) -> None:
    print(json.dumps({"stage": stage, "done": done, "total": total}), flush=True)


def note(line: str) -> None:
    with record().open("a") as stream:
        stream.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
