"""No network: the server fills in a namespace that has none, and no code of a fill's process asks for any."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dg_lsp.features.offer_model import NOT_NOW
from tests.e2e.client import ROOT, SCRIPTED, URI, Client, write_script
from tests.fake_fetcher import record

WEIGHTS = ROOT / "model" / "embedded" / "model.safetensors"
LIMIT_S = 120.0  # to load, and for each answer: the machine may be busy
WRAPPER = ("unshare", "--user", "--map-root-user", "--net")
TEXT = "def area(w, h):\n    return w * "

pytestmark = pytest.mark.e2e
needs_weights = pytest.mark.skipif(not WEIGHTS.is_file(), reason="model/embedded/model.safetensors is missing")

CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)"

# One fill as the command makes it, under a hook that hears of every socket, name look-up and web request.
HOOKED = """
import json, sys
from pathlib import Path
heard = []
def hook(event, args):
    if event.partition(".")[0] in ("socket", "urllib", "http", "ftplib", "smtplib", "ssl"):
        heard.append(event)
sys.addaudithook(hook)
{code}
print(json.dumps(heard), file=sys.stderr)
"""
FILL = """
from infill.cli.main import main
code = main(["fill", "area.py:2:16"])
assert code in (0, 1), code
import dg_lsp.app.server, dg_lsp.app.explain, dg_lsp.app.transport
assert "onnxruntime" in sys.modules
assert "httpx2" not in sys.modules
"""
ASK = """
import socket
try:
    socket.create_connection(("127.0.0.1", 9), 0.1)
except OSError:
    pass
"""


def why_no_namespace() -> str | None:
    """Why this system cannot take the network away from a process; None when it can."""
    if shutil.which(WRAPPER[0]) is None:
        return "there is no unshare command here"
    run = subprocess.run([*WRAPPER, "true"], capture_output=True, text=True)
    return run.stderr.strip() or "unshare failed" if run.returncode else None


@pytest.fixture
def namespace() -> tuple[str, ...]:
    why = why_no_namespace()
    if why is not None:
        pytest.skip(f"no network namespace: {why}")
    return WRAPPER


def test_the_namespace_has_no_network(namespace: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connect = [sys.executable, "-c", CONNECT, str(listener.getsockname()[1])]
        assert subprocess.run(connect, capture_output=True).returncode == 0
        assert subprocess.run([*namespace, *connect], capture_output=True).returncode != 0


@pytest.mark.weights
@needs_weights
async def test_the_server_fills_without_a_network(
    namespace: tuple[str, ...], tmp_path: Path, runtime_folder: Path
) -> None:
    """Server and engine both: the runtime folder is this test's own, so the engine starts in the namespace too."""
    client = await Client.start("--stdio", wrapper=namespace)
    client.limit_s = LIMIT_S
    await client.initialize({"manualDeadlineMs": 600_000}, roots={"rootUri": tmp_path.as_uri()})
    await asyncio.wait_for(client.ready(), LIMIT_S)
    uri = (tmp_path / "area.py").as_uri()
    client.open(uri, TEXT)
    items = await client.items(uri)
    status = (await client.ask("dgLsp/status"))["result"]
    assert items and items[0]["insertText"], status
    assert status["shared"] is True
    assert "Traceback" not in await client.close()


async def test_the_question_for_the_default_model_uses_no_network(
    namespace: tuple[str, ...], tmp_path: Path, runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who says "Not now" where there is no network sees no more of it, and no process is started to fetch."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("CI", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    script = write_script(tmp_path, [])
    fetches = json.dumps([sys.executable, "-m", "tests.fake_fetcher", "good"])
    own = ("--fill-script", str(script), "--fetch-command", fetches, "--offer-after", "0.1")
    client = await Client.start("--stdio", *own, wrapper=namespace, program=SCRIPTED)
    client.limit_s = LIMIT_S
    client.replies["window/showMessageRequest"] = {"title": NOT_NOW}
    await client.initialize(window={"showMessage": {}})
    await asyncio.wait_for(client.ready(), LIMIT_S)
    client.open(URI, "return")
    client.edit(URI, 6, 6, " ")
    await client.until(lambda: client.notifications("window/showMessageRequest"), "a question")
    await client.ask("shutdown")
    assert not record().exists() and not client.notifications("window/showMessage")
    client.notify("exit")
    assert "Traceback" not in await client.close()


def heard(code: str, folder: Path) -> list[str]:
    """What the hook heard while a process of its own ran this code."""
    command = [sys.executable, "-c", HOOKED.format(code=code)]
    (folder / "area.py").write_text(f"{TEXT}\n")
    run = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stderr.splitlines()[-1])


@pytest.mark.weights
@needs_weights
def test_a_fill_opens_no_socket(tmp_path: Path) -> None:
    assert heard(FILL, tmp_path) == []


def test_the_hook_hears_of_a_socket(tmp_path: Path) -> None:
    assert "socket.connect" in heard(ASK, tmp_path)


# A library's native code is not heard by Python's hooks. ONNX Runtime's telemetry looks up a host about 11 s after
# its start, so the process stays for longer than that after a fill.
STAYS_S = 14
STAYING = f"""
import time
from infill.cli.main import main
assert main(["fill", "area.py:2:16"]) in (0, 1)
time.sleep({STAYS_S})
"""


def filled_in(home: Path, wrapper: tuple[str, ...], code: str) -> None:
    """Run code after a fill by a user with an empty home."""
    (home / "area.py").write_text(f"{TEXT}\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_", "HF_"))}
    environment = kept | {"PYTHONPATH": str(ROOT), "HOME": str(home)}
    command = [*wrapper, sys.executable, "-c", code]
    run = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
    assert run.returncode == 0, run.stderr


@pytest.mark.reports
@pytest.mark.weights
@needs_weights
def test_a_fill_writes_nothing_into_an_empty_home(tmp_path: Path) -> None:
    filled_in(tmp_path, (), STAYING.replace(str(STAYS_S), "1"))
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"area.py"}


def calls_to_the_network(trace: str) -> list[str]:
    """Lines of a trace that speak of an internet address, or of the name service that would look one up."""
    return [line for line in trace.splitlines() if "AF_INET" in line or "nscd" in line or "systemd/resolve" in line]


@pytest.mark.reports
@pytest.mark.weights
@needs_weights
@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace command here")
def test_no_native_code_of_a_fill_looks_anything_up(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    filled_in(tmp_path, ("strace", "-f", "-e", "trace=network", "-o", str(trace)), STAYING)
    assert calls_to_the_network(trace.read_text()) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace command here")
def test_the_trace_shows_a_connection(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    subprocess.run(["strace", "-f", "-e", "trace=network", "-o", str(trace), sys.executable, "-c", ASK], check=True)
    assert calls_to_the_network(trace.read_text())
