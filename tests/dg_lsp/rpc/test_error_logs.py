"""Errors of ours may quote the user's text: what they say stays below the log's usual level."""

from __future__ import annotations

import asyncio
import logging

import pytest

from dg_lsp.app.server import Server
from tests.dg_lsp.server_fakes import FakeFiller, Wire, receive

WORD = "quokka"
URI = f"file:///{WORD}.py"


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
async def test_what_went_wrong_is_named_by_its_kind_alone(
    served: tuple[Server, Wire], filler: FakeFiller, caplog: pytest.LogCaptureFixture, level: int
) -> None:
    server, wire = served
    caplog.set_level(level)
    logging.getLogger("pygls").setLevel(logging.WARNING)  # as the command sets it
    filler.error = ValueError(f"cannot fill {WORD}")
    document = {"uri": URI, "languageId": WORD, "version": 1, "text": WORD}
    receive(server, "textDocument/didOpen", {"textDocument": document})
    params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 1}, "context": {"triggerKind": 1}}
    receive(server, "textDocument/inlineCompletion", params, id=5)
    while wire.sent[-1].get("id") != 5:
        await asyncio.sleep(0.001)
    assert server.session.last_reason == "model_failed"
    assert "ValueError" in caplog.text
    assert (WORD in caplog.text) is (level == logging.DEBUG)
