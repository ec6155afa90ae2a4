from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from dg_lsp.app.server import Server, create_server
from dg_lsp.backend.scheduler import in_process
from dg_lsp.settings import EngineChoice
from infill.types import FillRequest, InputError
from model.types import CancelToken, OnBytes
from tests.dg_lsp.changes import replace_all
from tests.dg_lsp.server_fakes import WAIT_S, FakeFiller, Wire, receive
from tests.scripted_filler import open_script

URI = "file:///a.py"
OPEN = {"textDocument": {"uri": URI, "languageId": "python", "version": 1, "text": "x"}}
CHANGE = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": "y"}]}
INLINE = {
    "textDocument": {"uri": URI},
    "position": {"line": 0, "character": 1},
    "context": {"triggerKind": 1},
}


async def test_nothing_is_kept_per_message(served: tuple[Server, Wire]) -> None:
    server, _ = served
    receive(server, "textDocument/didOpen", OPEN)
    for number in range(200):
        receive(server, "textDocument/didChange", CHANGE)
        receive(server, "$/setTrace", {"value": "off"})
        receive(server, "dgLsp/status", None, id=f"s{number}")
        receive(server, "no/such", None, id=f"n{number}")
        receive(server, "workspace/executeCommand", {"command": "dg-lsp.accepted"}, id=f"c{number}")
    await asyncio.sleep(0)
    assert server.rpc._request_futures == {}
    assert server.rpc._result_types == {}
    assert not server.workspace.text_documents  # pygls keeps no second copy


async def test_an_object_inside_the_parameters_is_not_taken_for_a_message(
    served: tuple[Server, Wire],
) -> None:
    server, wire = served
    nested = {"jsonrpc": "2.0", "id": 9, "method": "shutdown"}
    receive(server, "workspace/executeCommand", {"command": "dg-lsp.accepted", "arguments": [nested]}, id=2)
    assert wire.sent[-1] == {"jsonrpc": "2.0", "id": 2, "result": None}


async def test_an_error_inside_a_handler_is_an_answer_without_details(
    served: tuple[Server, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, wire = served
    monkeypatch.setattr(server.session, "dispatcher", None)
    receive(server, "dgLsp/status", None, id=3)
    assert wire.sent[-1]["error"] == {"code": -32603, "message": "Internal Error: AttributeError"}


async def test_an_error_inside_ghost_text_is_an_empty_answer(
    served: tuple[Server, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, wire = served
    receive(server, "textDocument/didOpen", OPEN)
    monkeypatch.setattr(server.session, "settings", None)
    receive(server, "textDocument/inlineCompletion", INLINE, id=4)
    for _ in range(3):
        await asyncio.sleep(0)
    assert wire.sent[-1] == {"jsonrpc": "2.0", "id": 4, "result": {"items": []}}
    assert server.session.last_reason == "internal_error AttributeError"


async def test_the_deadline_and_the_trigger_reach_the_model(served: tuple[Server, Wire], filler: FakeFiller) -> None:
    server, wire = served
    receive(server, "textDocument/didOpen", OPEN)
    for kind in (2, 1):
        params = INLINE | {"context": {"triggerKind": kind}}
        receive(server, "textDocument/inlineCompletion", params, id=f"k{kind}")
        while not any(message.get("id") == f"k{kind}" for message in wire.sent):
            await asyncio.sleep(0.001)
    automatic, manual = filler.asked
    assert (manual.trigger, automatic.trigger) == ("manual", "automatic")
    assert manual.deadline_ms is not None and 800 < manual.deadline_ms <= 3000
    assert automatic.deadline_ms is not None and automatic.deadline_ms <= 800
    assert (manual.text, manual.language, manual.offset) == ("x", "python", 1)


async def test_an_answer_about_a_text_that_moved_on_is_not_sent(
    served: tuple[Server, Wire], filler: FakeFiller
) -> None:
    server, wire = served
    receive(server, "textDocument/didOpen", OPEN)
    filler.release.clear()
    receive(server, "textDocument/inlineCompletion", INLINE, id=5)
    assert await asyncio.to_thread(filler.started.acquire, timeout=WAIT_S)
    server.session.documents.change(URI, 2, [replace_all("y")])  # as when the change comes just after the answer
    filler.release.set()
    while wire.sent[-1].get("id") != 5:
        await asyncio.sleep(0.001)
    assert wire.sent[-1]["result"] == {"items": []}
    assert server.session.last_reason == "document_changed"


@pytest.mark.parametrize(
    ("flag", "setting", "opened"), [("./a", "./b", "./a"), (None, "./b", "./b"), (None, None, None)]
)
async def test_the_command_lines_model_comes_before_the_editors(
    filler: FakeFiller, flag: str | None, setting: str | None, opened: str | None
) -> None:
    asked: list[str | None] = []

    def open_filler(choice: EngineChoice, on_bytes: OnBytes) -> FakeFiller:
        asked.append(choice.spec.model)
        return filler

    server = create_server(in_process(open_filler), {"model": flag} if flag else None)
    server.rpc.set_writer(Wire(), include_headers=False)
    params = {
        "processId": None,
        "rootUri": None,
        "capabilities": {},
        "initializationOptions": {"model": setting},
    }
    receive(server, "initialize", params, id=1)
    receive(server, "initialized", {})
    assert server.session.loading is not None
    await server.session.loading
    server.session.dispatcher.close()
    assert asked == [opened]


def test_a_script_that_cannot_be_used_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"after": "a", "text": "b"}\n\n{"aftr": "c"}\n')
    with pytest.raises(InputError, match=r"line 3.*aftr"):
        open_script(path)
    with pytest.raises(InputError, match="cannot read"):
        open_script(tmp_path / "none")


def test_a_script_answers_by_its_first_fitting_rule(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"after": "n ", "text": "1"}\n{"selected": "n", "text": "2"}\n{"text": "3"}\n')
    filler = open_script(path)

    def text(offset: int) -> str:
        filled = filler.fill(FillRequest("return n ", "python", offset=offset), CancelToken())
        return filled.completions[0].text if filled.completions else ""  # type: ignore[union-attr]

    assert (text(9), text(3)) == ("1", "3")


@pytest.mark.parametrize(
    ("setting", "plugged", "n_items"), [("same", False, 1), ("manual", False, 0), ("manual", True, 1)]
)
async def test_automatic_answers_can_stop_on_battery(
    served: tuple[Server, Wire], monkeypatch: pytest.MonkeyPatch, setting: str, plugged: bool, n_items: int
) -> None:
    server, wire = served
    monkeypatch.setattr("dg_lsp.features.common.suggesting.on_battery", lambda: not plugged)
    server.session.settings = msgspec.structs.replace(server.session.settings, on_battery=setting)
    receive(server, "textDocument/didOpen", OPEN)
    for request_id, kind in ((5, 1), (6, 2)):  # by hand, by itself
        receive(server, "textDocument/inlineCompletion", {**INLINE, "context": {"triggerKind": kind}}, id=request_id)
        while wire.sent[-1].get("id") != request_id:
            await asyncio.sleep(0.001)
    answers = {message["id"]: len(message["result"]["items"]) for message in wire.sent if message.get("id") in (5, 6)}
    assert answers == {5: 1, 6: n_items}
    assert (server.session.last_reason == "on_battery") is (n_items == 0)
