"""A slow model reads before it is asked: where the cursor rests, not what is ignored, not in a question's way."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Client

pytest.importorskip("torch")
pytest.importorskip("onnx")
from model.causal.convert import convert
from tests.model.causal.conftest import byte_tokenizer, small_model

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name != "posix", reason="needs sockets with paths")]

SERVER = str(Path(__file__).with_name("slow_reader.py"))
MS = 20.0  # to read a token: all of a prompt takes seconds
CODE = "".join(f"const v{i} = f({i});\n" for i in range(30)).replace(" f(15);", "")
AT = CODE.index("\n", CODE.index("const v15"))  # behind `=`: a line that is finished is left alone
REFRESHES = {"experimental": {"dgLsp": {"refresh": True}}}
READ = re.compile(r"read ahead ms=\S+ reason=(\w+) tokens=(\d+)")
ASKED = re.compile(r"inlineCompletion .*reason=(\w+) .*?model=(\S+) unread=(\d+)")

Start = Callable[..., Awaitable[Client]]


class Log:
    """What the server has written to its log so far."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def read(self) -> list[tuple[str, int]]:
        """Reason and unread tokens of each read ahead."""
        return [(reason, int(n)) for reason, n in READ.findall(self._path.read_text())]

    @property
    def asked(self) -> list[tuple[str, str, int]]:
        """Reason, model and unread tokens of each question that a model took."""
        return [(reason, model, int(n)) for reason, model, n in ASKED.findall(self._path.read_text())]

    async def until_read(self) -> None:
        async with asyncio.timeout(60):
            while not any(reason == "read" for reason, _ in self.read):
                await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny causal model that shows whatever it writes."""
    published, folder = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("models") / "tiny"
    small_model().save_pretrained(published)
    byte_tokenizer().save(str(published / "tokenizer.json"))
    convert(published, folder, "float32")
    limits = {"max_prompt_tokens": 460, "far_suffix_tokens": 100, "show_threshold": 0.0, "draft_tokens": [8, 8]}
    for name, n_tokens in (("tiny", 0), ("brief", 200)):  # 0: one prompt, whose tokens can be counted
        if name != folder.name:
            shutil.copytree(folder, folder.with_name(name))
        (folder.with_name(name) / "infill.json").write_text(json.dumps(limits | {"brief_tokens": n_tokens}))
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Log:
    (tmp_path / "log").touch()
    return Log(tmp_path / "log")


@pytest.fixture
async def start(tmp_path: Path, model: Path, log: Log, runtime_folder: Path) -> AsyncIterator[Start]:
    clients: list[Client] = []

    async def begin(where: str = "own", name: str = "tiny", **options: Any) -> Client:
        command = ("sh", "-c", f'exec "$@" 2>"{tmp_path}/log"', "sh")
        client = await Client.start(str(model.with_name(name)), str(MS), where, wrapper=command, program=(SERVER,))
        clients.append(client)
        await client.initialize(options={"deadlineMs": 4000, **options}, **REFRESHES)
        await client.ready()
        return client

    yield begin
    for client in clients:
        await client.close()
        assert "Traceback" not in (tmp_path / "log").read_text()


def rest(client: Client, uri: str, offset: int) -> None:
    position = client.position(uri, offset)
    client.notify("dgLsp/didMoveCursor", {"textDocument": {"uri": uri}, "position": position})


async def status(client: Client) -> dict[str, Any]:
    return (await client.ask("dgLsp/status"))["result"]


@pytest.mark.parametrize("where", ["own", "shared"])
async def test_after_a_rest_the_first_question_reads_next_to_nothing(start: Start, log: Log, where: str) -> None:
    client = await start(where)
    client.open("file:///a.ts", CODE, "typescript")
    rest(client, "file:///a.ts", AT)
    await log.until_read()
    assert (await status(client))["state"] == "ready" and (await status(client))["modelCalls"] == 0
    client.edit("file:///a.ts", AT, AT, " x(")
    await client.items("file:///a.ts", AT + 3, manual=False)
    reason, _, unread = log.asked[-1]
    assert reason != "reading" and unread <= 5 < 200 < max(n for _, n in log.read)


@pytest.mark.parametrize("where", ["own", "shared"])
async def test_a_question_stops_the_reading_and_gets_its_answer_once_that_is_done(
    start: Start, log: Log, where: str
) -> None:
    client = await start(where)
    for uri in ("file:///a.ts", "file:///b.ts"):
        client.open(uri, CODE.replace("v", uri[-4]), "typescript")
    rest(client, "file:///a.ts", AT)
    await asyncio.sleep(1)  # it reads
    began = time.monotonic()
    assert await client.items("file:///b.ts", AT, manual=False) == []
    assert time.monotonic() - began < 3, "nobody waits for what is read ahead"
    assert log.asked[-1][0] == "reading" and (await status(client))["lastReason"] == "reading"
    await client.until(lambda: client.notifications("dgLsp/refresh"), "a word that there would be an answer now")
    assert client.notifications("dgLsp/refresh") == [{"uri": "file:///b.ts", "version": 1}]
    await client.items("file:///b.ts", AT, manual=False)
    reason, _, unread = log.asked[-1]
    assert reason != "reading" and unread <= 1
    assert "cancelled" in [reason for reason, _ in log.read]


async def test_at_a_new_place_a_few_lines_are_read_first_and_the_question_is_answered_from_them(
    start: Start, log: Log
) -> None:
    client = await start(name="brief")
    client.open("file:///a.ts", CODE, "typescript")
    assert await client.items("file:///a.ts", AT, manual=False) == [] and log.asked[-1][0] == "reading"
    await client.until(lambda: client.notifications("dgLsp/refresh"), "a word that there would be an answer now")
    done = [(reason, n) for reason, n in log.read if reason != "superseded"]
    assert len(done) == 1 and done[0][0] == "reading" and done[0][1] <= 200
    await client.items("file:///a.ts", AT, manual=False)
    reason, _, unread = log.asked[-1]
    assert reason != "reading" and unread <= 1
    await log.until_read()
    assert sum(n for _, n in log.read) > 300, "then the rest"


async def test_what_an_interrupted_reading_has_read_is_not_read_again(start: Start, log: Log) -> None:
    client = await start()
    client.open("file:///a.ts", CODE, "typescript")
    await client.items("file:///a.ts", AT, manual=False)
    await asyncio.sleep(3)
    client.edit("file:///a.ts", AT, AT, "y")
    await client.items("file:///a.ts", AT + 1, manual=False)
    await client.until(lambda: client.notifications("dgLsp/refresh"), "the rest is read")
    (_, _, all_of_it), (reason, _, left) = log.asked[0], log.asked[-1]
    assert reason == "reading" and left < all_of_it - 30, "some pieces were done"
    assert log.read[-1] == ("read", left)


async def test_the_embedded_model_answers_in_its_language_while_the_other_reads(start: Start, log: Log) -> None:
    client = await start()
    code = CODE.replace("const ", "").replace(";", "")
    client.open("file:///a.py", code, "python")
    at = code.index("\n", AT // 2) - 1
    await client.items("file:///a.py", at, manual=False)
    assert log.asked[-1][1] == "dg-embedded-6m"
    assert (await status(client))["model"] == "tiny"
    await log.until_read()
    assert log.read[-1][1] > 100


async def test_nothing_that_is_ignored_is_read_ahead_nor_where_the_user_wants_none(
    start: Start, log: Log, tmp_path: Path
) -> None:
    (tmp_path / ".dgignore").write_text("secret.ts\n")
    client = await start(lookAhead=False)
    client.open("file:///a.ts", CODE, "typescript")
    rest(client, "file:///a.ts", AT)
    await asyncio.sleep(1)
    assert (await status(client))["queue"] == 0 and log.read == []
    client.notify("workspace/didChangeConfiguration", {"settings": {"dgLsp": {"lookAhead": True}}})
    hidden = (tmp_path / "secret.ts").as_uri()
    client.open(hidden, CODE, "typescript")
    rest(client, hidden, AT)
    await asyncio.sleep(0.5)
    assert log.read == [] and (await status(client))["speculativeCalls"] == 0
    rest(client, "file:///a.ts", AT)
    await log.until_read()
