"""`python -m tests.bench.bench_read_ahead [FILE]`: how much of a question's prompt is read before it is asked.

With the default model, which must have been fetched. The server opens the file without twenty lines from its middle;
the cursor rests there, and then the first question is asked. The same without a rest, in another copy. Then the lines
are typed, with a person's pauses and an editor's automatic brackets left out, and each pause asks. Prints times, and
how many of the questions that the model took found their prompt read.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.bench.tables import machine
from infill.syntax.languages import for_path
from tests.e2e.client import Client

ROOT = Path(__file__).resolve().parents[2]
USUAL = ROOT / "editors/vscode/src/rewriting.ts"
N_TYPED = 20  # lines
KEY_S, LINE_S = 0.13, 0.8  # after a key, and at a line's end
READ = re.compile(r"read ahead .*reason=read ")
LINE = re.compile(r"inlineCompletion .*reason=(\w+) .*?model=(\S+) unread=(\d+)")


class Session:
    """A server with the default model, and one client that says where its cursor rests."""

    def __init__(self, client: Client, log: Path, language: str) -> None:
        self.client, self.log, self.language = client, log, language

    async def status(self) -> dict[str, Any]:
        return (await self.client.ask("dgLsp/status"))["result"]

    def open(self, uri: str, text: str) -> None:
        self.client.open(uri, text, self.language)

    def rest(self, uri: str, offset: int) -> None:
        position = self.client.position(uri, offset)
        self.client.notify("dgLsp/didMoveCursor", {"textDocument": {"uri": uri}, "position": position})

    async def read(self) -> None:
        """Return when a prompt was read ahead to its end."""
        while not READ.search(self.log.read_text()):
            await asyncio.sleep(0.02)

    async def asked(self, uri: str, offset: int) -> str:
        """Ask as typing does; what came of it, in words."""
        began = time.monotonic()
        items = await self.client.items(uri, offset, manual=False)
        status = await self.status()
        ms = (time.monotonic() - began) * 1000
        model, unread = self.questions()[-1][1:]
        said = "filled" if items else status["lastReason"]
        return f"{ms:.0f} ms, {said}, by {model}, {unread} tokens unread"

    def questions(self) -> list[tuple[str, str, int]]:
        """Reason, model and unread tokens of each question that a model took."""
        return [(reason, model, int(n)) for reason, model, n in LINE.findall(self.log.read_text())]


def keys(text: str) -> Iterator[str]:
    """Cut into what one key makes: a line's end brings the next line's indentation, as editors do it."""
    return (found[0] for found in re.finditer(r"\n[ \t]*|.", text))


async def typed(session: Session, uri: str, at: int, text: str) -> None:
    """Type a text; each key asks, as in an editor, and the newer question ends the older one."""
    asked: list[asyncio.Task[Any]] = []
    for key in keys(text):
        session.client.edit(uri, at, at, key)
        at += len(key)
        asked.append(asyncio.create_task(session.client.items(uri, at, manual=False)))
        await asyncio.sleep(LINE_S if key.startswith("\n") else KEY_S)
    await asyncio.gather(*asked)


async def measure(path: Path, shared: bool) -> None:
    text = path.read_text("utf-8")
    language = for_path(str(path), text)
    assert language is not None, f"{path}: no known language"
    lines = text.splitlines(keepends=True)
    first = len(lines) // 2
    before, middle = "".join(lines[:first]), "".join(lines[first : first + N_TYPED])
    left = before.rstrip("\n") + "\n" + "".join(lines[first + N_TYPED :])
    at = len(before)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        client = await Client.start("--stdio", "--log-file", str(log))
        client.limit_s = 120
        await client.initialize(options={"sharedEngine": shared}, experimental={"dgLsp": {"refresh": True}})
        await client.ready()
        while (await client.ask("dgLsp/status"))["result"]["fallback"] == "model_loading":
            await asyncio.sleep(0.05)
        session = Session(client, log, language.lsp_ids[0] if language.lsp_ids else language.id)
        model = (await session.status())["model"]
        print(
            f"{path.name}, {model}, {'shared engine' if shared else 'one process'}; {machine()}; "
            f"load {psutil.getloadavg()[0]:.1f}\n"
        )
        uri = (Path(folder) / path.name).as_uri()
        began = time.monotonic()
        session.open(uri, left)
        session.rest(uri, at)
        await session.read()
        print(f"opened, at rest, all read: {time.monotonic() - began:.2f} s")
        print(f"first question after that: {await session.asked(uri, at)}")
        cold = (Path(folder) / f"cold_{path.name}").as_uri()
        session.open(cold, left.replace("const ", "let "))
        began = time.monotonic()
        print(f"first question without it: {await session.asked(cold, at - left[:at].count('const ') * 2)}")
        if session.questions()[-1][0] == "reading":
            await client.until(lambda: client.notifications("dgLsp/refresh"), "a refresh")
            print(f"the client is told to ask again after {time.monotonic() - began:.2f} s")
            print(f"the same question then: {await session.asked(cold, at - left[:at].count('const ') * 2)}")
        n_before = len(session.questions())
        began = time.monotonic()
        await typed(session, uri, at, middle)
        questions = session.questions()[n_before:]
        warm = sum(reason != "reading" and by == model for reason, by, _ in questions)
        unread = sorted(n for _, _, n in questions)
        print(f"\n{len(middle)} characters typed in {time.monotonic() - began:.0f} s")
        print(f"questions that a model took: {len(questions)}")
        print(f"prompt read in time for {warm} ({100 * warm / max(len(questions), 1):.0f} %)")
        print(f"tokens unread: p50 {unread[len(unread) // 2]}, p90 {unread[len(unread) * 9 // 10]}, most {unread[-1]}")
        print("reasons: " + ", ".join(f"{why} {n}" for why, n in Counter(w for w, _, _ in questions).most_common()))
        await client.ask("shutdown")
        client.notify("exit")
        await client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", default=USUAL, help="source to type in (default: %(default)s)")
    parser.add_argument("--shared", action="store_true", help="with the engine that all windows share")
    args = parser.parse_args()
    asyncio.run(measure(args.file, args.shared))


if __name__ == "__main__":
    main()
