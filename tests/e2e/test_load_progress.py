"""A real checkpoint in the published layout loads: how far it is, in bytes, wherever it does."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Client

pytest.importorskip("torch")
from tests.model.conftest import N_VOCAB, byte_tokenizer
from tests.model.weights.synthetic import write_checkpoint

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name != "posix", reason="needs sockets with paths")]

SERVER = str(Path(__file__).with_name("slow_server.py"))
PROGRESS = {"window": {"workDoneProgress": True}}
LIMIT_S = 120.0


@pytest.mark.parametrize("where", ["own", "shared"])
async def test_bytes_are_told_while_a_model_loads(
    tmp_path: Path, runtime_folder: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(Path(SERVER).parents[2]))
    folder = write_checkpoint(tmp_path / "small", n_layers=4, hidden=128, n_experts=8, expert=64, n_vocab=N_VOCAB)
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    until, script = tmp_path / "until", tmp_path / "script.jsonl"
    script.write_text(json.dumps({"after": "", "text": "embedded"}))
    client = await Client.start(str(folder), str(until), str(script), where, program=(SERVER,))
    client.limit_s = LIMIT_S
    await client.initialize(**PROGRESS)

    def reports() -> list[dict[str, Any]]:
        return [told["value"] for told in client.notifications("$/progress")]

    await client.until(lambda: any(report.get("percentage") for report in reports()), "a share of the bytes")
    begin, last = reports()[0], reports()[-1]
    assert (begin["kind"], begin["percentage"]) == ("begin", 0)
    assert 0 < last["percentage"] < 100 and re.fullmatch(r"\d+ of \d+ [kM]B", last["message"])
    told = (await client.ask("dgLsp/status"))["result"]
    assert told["fallback"] == "model_loading" and told["model"] == "script:script.jsonl"
    assert 0 < told["loadedBytes"] < told["totalBytes"]
    assert told["loadedBytes"] * 100 // told["totalBytes"] >= last["percentage"]
    until.touch()
    await client.until(lambda: reports()[-1]["kind"] == "end", "the end of the progress")
    shares = [report["percentage"] for report in reports() if report.get("percentage") is not None]
    assert shares == sorted(shares)
    told = (await client.ask("dgLsp/status"))["result"]
    assert (told["loadedBytes"], told["totalBytes"]) == (None, None)
    assert "Traceback" not in await client.close()
