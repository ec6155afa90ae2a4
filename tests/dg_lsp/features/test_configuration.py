"""The client's configuration: what it wins over, what a change does to the model, and clients that do not answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from dg_lsp.app.server import Server, create_server
from dg_lsp.backend.scheduler import in_process
from dg_lsp.features import configuration
from dg_lsp.settings import EngineChoice
from infill.types import Filler
from model.types import ModelSpec, OnBytes
from tests.dg_lsp.server_fakes import FakeFiller, Wire, receive

ASKS = {"workspace": {"configuration": True}}
PLACE = {"textDocument": {"uri": "untitled:a"}, "position": {"line": 0, "character": 3}}


class Window:
    """A server in this process with its client, and what its models were opened with."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.opened: list[EngineChoice] = []
        self.fillers: list[FakeFiller] = []
        self.server: Server = create_server(in_process(self._open))
        self.server.rpc.set_writer(self.wire, include_headers=False)

    def _open(self, choice: EngineChoice, on_bytes: OnBytes) -> Filler:
        self.opened.append(choice)
        self.fillers.append(FakeFiller())
        return self.fillers[-1]

    def start(self, options: Any = None, capabilities: Any = ASKS) -> None:
        params = {"processId": None, "rootUri": None, "capabilities": capabilities, "initializationOptions": options}
        receive(self.server, "initialize", params, id=1)
        receive(self.server, "initialized", {})

    async def until(self, true: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while not true():
                await asyncio.sleep(0.001)

    def asked(self, method: str = "workspace/configuration") -> list[dict[str, Any]]:
        return [message for message in self.wire.sent if message.get("method") == method]

    async def has_asked(self, n_times: int) -> None:
        await self.until(lambda: len(self.asked()) >= n_times)

    async def answer(self, number: int, **parts: Any) -> None:
        """Answer the server's `number`th question for the configuration."""
        await self.has_asked(number + 1)
        message = {"jsonrpc": "2.0", "id": self.asked()[number]["id"]} | parts
        self.server.rpc.receive(json.dumps(message).encode())

    async def changes(self, number: int, configured: Any) -> None:
        receive(self.server, "workspace/didChangeConfiguration", {"settings": None})
        await self.answer(number, result=[configured])

    def told(self) -> list[str]:
        return [message["params"]["message"] for message in self.asked("window/showMessage")]

    async def ready(self, n_opened: int) -> None:
        await self.until(lambda: len(self.opened) == n_opened and self.server.session.dispatcher.state == "ready")


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    window = Window()
    yield window
    window.server.session.dispatcher.close()


async def test_the_model_opens_with_what_the_configuration_says(window: Window) -> None:
    window.start({"threads": 2, "niceness": 5})
    await window.until(window.asked)
    assert window.asked()[0]["params"] == {"items": [{"section": "dgLsp"}]}
    assert window.opened == []
    await window.answer(0, result=[{"threads": 3}])
    await window.ready(1)
    assert window.opened == [EngineChoice(ModelSpec(threads=3, niceness=5))]


async def test_a_client_that_tells_of_a_change_before_it_answers_is_waited_for(window: Window) -> None:
    """VS Code does so when it is asked to tell of changes."""
    window.start()
    await window.has_asked(1)
    receive(window.server, "workspace/didChangeConfiguration", {"settings": None})
    await window.has_asked(2)
    assert window.opened == []
    for number in range(2):
        await window.answer(number, result=[{"threads": 3}])
    await window.ready(1)
    assert window.opened == [EngineChoice(ModelSpec(threads=3))]


@pytest.mark.parametrize("answer", [{"result": None}, {"result": []}, {"result": [None]}, {"result": {}},
                                    {"error": {"code": -32601, "message": "no"}}])  # fmt: skip
async def test_a_client_that_has_none_leaves_the_options(window: Window, answer: Any) -> None:
    window.start({"threads": 2})
    await window.answer(0, **answer)
    await window.ready(1)
    assert window.opened == [EngineChoice(ModelSpec(threads=2))]
    assert window.told() == []


async def test_a_client_that_does_not_answer_is_not_waited_for(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(configuration, "PATIENCE_S", 0.01)
    window.start({"threads": 2})
    await window.ready(1)
    await window.answer(0, result=[{"threads": 3}])
    await window.ready(2)
    assert [choice.spec.threads for choice in window.opened] == [2, 3]


async def test_another_engine_is_opened_once_for_what_needs_one(window: Window) -> None:
    window.start()
    await window.answer(0, result=[None])
    await window.ready(1)
    await window.changes(1, {"deadlineMs": 100, "languages": ["go"]})
    await window.until(lambda: window.server.session.settings.deadline_ms == 100)
    await window.changes(2, {"threads": 4})
    await window.ready(2)
    for n_asked in (4, 5):
        receive(window.server, "workspace/didChangeConfiguration", {"settings": None})
        await window.has_asked(n_asked)
    await window.answer(3, result=[{"threads": 5}])
    await window.answer(4, result=[{"threads": 4, "lookAhead": False, "doubts": True}])  # back before it came to that
    await window.until(lambda: not window.server.session.settings.look_ahead)
    assert window.server.session.loading is not None
    await window.server.session.loading
    assert [choice.spec.threads for choice in window.opened] == [None, 4]
    (told,) = window.told()
    assert "'doubts' was removed" in told, "an old configuration is told once, and no mistake"


async def test_what_is_open_is_answered_and_the_next_question_goes_to_the_new_engine(window: Window) -> None:
    window.start()
    await window.answer(0, result=[None])
    await window.ready(1)
    document = {"uri": "untitled:a", "languageId": "python", "version": 1, "text": "abc"}
    receive(window.server, "textDocument/didOpen", {"textDocument": document})
    window.fillers[0].release.clear()
    asked = PLACE | {"context": {"triggerKind": 1}}
    receive(window.server, "textDocument/inlineCompletion", asked, id=10)
    await window.until(lambda: window.fillers[0].asked)
    await window.changes(1, {"niceness": 3})
    await window.ready(2)
    receive(window.server, "textDocument/inlineCompletion", asked, id=11)
    answers: dict[Any, Any] = {}

    def both() -> bool:
        answers.update({m["id"]: m["result"] for m in window.wire.sent if m.get("id") in (10, 11)})
        return len(answers) == 2

    await window.until(both)
    assert answers[10] == {"items": []}
    assert len(answers[11]["items"]) == 1
    assert (len(window.fillers[0].asked), len(window.fillers[1].asked)) == (1, 1)
    receive(window.server, "dgLsp/status", None, id=12)
    await window.until(lambda: any(m.get("id") == 12 for m in window.wire.sent))
    assert window.wire.sent[-1]["result"]["modelCalls"] >= 1


async def test_what_watches_the_server_hears_of_the_new_engine_too(window: Window) -> None:
    window.start({"statusNotification": True})
    await window.answer(0, result=[None])
    await window.ready(1)
    await window.changes(1, {"statusNotification": True, "stats": False, "context": False, "threads": 2})
    await window.ready(2)
    session = window.server.session
    assert (session.usage.on, session.context.of("untitled:a").texts) == (False, ())
    n_told = len(window.asked("didChangeStatus"))
    session.dispatcher.on_change()
    await window.changes(2, {"statusNotification": True, "automatic": False})
    await window.until(lambda: len(window.asked("didChangeStatus")) > n_told)
    assert window.asked("didChangeStatus")[-1]["params"]["kind"] == "Inactive"
    assert session.dispatcher.on_change == session.changed


async def test_each_problem_is_named_once(window: Window) -> None:
    window.start({"colour": 1})
    await window.answer(0, result=[{"deadlineMs": "soon"}])
    await window.ready(1)
    await window.changes(1, {"deadlineMs": "soon"})
    await window.changes(2, {"deadlineMs": "soon", "shape": 1})
    await window.until(lambda: len(window.told()) == 2)
    first, second = window.told()
    assert "'colour'" in first and "'deadlineMs'" in first
    assert "'shape'" in second and "'colour'" not in second and "'deadlineMs'" not in second


async def test_an_older_answer_that_comes_late_does_not_count(window: Window) -> None:
    window.start()
    await window.answer(0, result=[None])
    await window.ready(1)
    for n_asked in (2, 3):
        receive(window.server, "workspace/didChangeConfiguration", {"settings": None})
        await window.has_asked(n_asked)
    await window.answer(2, result=[{"deadlineMs": 2}])
    await window.answer(1, result=[{"deadlineMs": 1}])
    await window.changes(3, {"deadlineMs": 2, "lookAhead": False})
    await window.until(lambda: not window.server.session.settings.look_ahead)
    assert window.server.session.settings.deadline_ms == 2


async def test_an_untrusted_workspaces_configuration_opens_no_model_of_its_own(window: Window) -> None:
    window.start({"trusted": False})
    await window.answer(0, result=[{"model": "./evil", "trusted": True}])
    await window.ready(1)
    await window.changes(1, {"model": "./worse", "threads": 2})
    await window.ready(2)
    assert [choice.spec.model for choice in window.opened] == [None, None]
    (told,) = window.told()
    assert "'model'" in told and "'trusted'" in told


@pytest.mark.parametrize(
    ("pushed", "deadline_ms", "n_told"),
    [
        ({"dgLsp": {"deadlineMs": 100}, "pylsp": {"x": 1}}, 100, 0),
        ({"deadlineMs": 100}, 100, 0),
        ({"deadlineMs": 100, "pylsp": {"x": 1}}, 100, 0),
        ({"dgLsp": None}, 250, 0),
        ({"pylsp": {"x": 1}}, 250, 0),
        (None, 250, 0),
        ({"deadlineMs": "soon"}, 250, 1),
        ({"dgLsp": []}, 250, 1),
        ("x", 250, 1),
        ({"dgLsp": {"trusted": False}}, 250, 1),
    ],
)
async def test_a_client_that_pushes(window: Window, pushed: Any, deadline_ms: float, n_told: int) -> None:
    window.start({"deadlineMs": 250}, capabilities={})
    receive(window.server, "workspace/didChangeConfiguration", {"settings": pushed})
    await window.ready(1)
    assert window.asked() == []
    settings = window.server.session.settings
    assert (settings.deadline_ms, settings.trusted, len(window.told())) == (deadline_ms, True, n_told)
