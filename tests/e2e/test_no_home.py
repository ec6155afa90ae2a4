"""Nothing of the usual surroundings: no home folder, no such user, a deleted working folder, a cache of no use.

The commands and the server run as processes of their own. Each says a clear line or does its work, without a traceback.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.client import ROOT, Client

pytestmark = [pytest.mark.e2e, pytest.mark.reports, pytest.mark.skipif(os.name != "posix", reason="no such user ids")]
LIMIT_S = 120
CODE = "def area(width, height):\n    return width * "
NO_USER = """
import pwd


def getpwuid(user_id: int) -> None:
    raise KeyError(f"getpwuid(): uid not found: {user_id}")


pwd.getpwuid = getpwuid
"""
IN_DELETED_FOLDER = ("sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"')


@pytest.fixture
def nobody(tmp_path: Path) -> dict[str, str]:
    """Variables of a process whose user is in no list and has no home."""
    (tmp_path / "nobody").mkdir()
    (tmp_path / "nobody" / "sitecustomize.py").write_text(NO_USER)
    paths = os.pathsep.join([str(tmp_path / "nobody"), str(ROOT)])
    return {"PATH": os.environ["PATH"], "PYTHONPATH": paths}


@pytest.fixture
def gone(tmp_path: Path) -> str:
    """A folder for `IN_DELETED_FOLDER`."""
    (tmp_path / "gone").mkdir()
    return str(tmp_path / "gone")


def ran(*command: str, env: dict[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, timeout=LIMIT_S)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def infill(*arguments: str, env: dict[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return ran(sys.executable, "-m", "infill", *arguments, env=env, stdin=stdin)


def test_model_list_of_a_user_without_a_home(nobody: dict[str, str]):
    done = infill("model", "list", env=nobody)
    assert done.returncode == 0 and "embedded" in done.stdout
    named, converted, of_hub = done.stderr.splitlines()
    assert named.startswith("infill: models that were fetched by name cannot be listed: this user has no home folder")
    assert converted.startswith("infill: converted checkpoints cannot be listed: this user has no home folder; set HO")
    assert of_hub.startswith("infill: checkpoints of the hub cannot be listed: this user has no home folder; set HF")


@pytest.mark.parametrize("name", ["~/checkpoint", "~nobody-has-this-name/checkpoint", "checkpoint"])
@pytest.mark.parametrize("command", [("model", "verify"), ("model", "remove", "--yes"), ("doctor", "--model")])
def test_a_model_by_a_name_that_leads_nowhere(nobody: dict[str, str], command: tuple[str, ...], name: str):
    done = infill(*command, name, env=nobody)
    assert done.returncode in (1, 2) and name in done.stdout + done.stderr


def test_a_cache_that_is_no_folder(tmp_path: Path):
    (tmp_path / "file").write_text("")
    env = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "file"), "HF_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    (tmp_path / "hub").write_text("")
    done = infill("model", "list", env=env)
    assert done.returncode == 0 and "embedded" in done.stdout
    assert done.stderr.startswith("infill: checkpoints of the hub cannot be listed: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [("stats",), ("stats", "--reset"), ("engine", "status"), ("explain", __file__)])
def test_the_servers_other_commands_without_a_home(nobody: dict[str, str], command: tuple[str, ...]):
    done = ran(sys.executable, "-m", "dg_lsp", *command, env=nobody)
    assert done.returncode == 0 or done.stderr.splitlines()[0].endswith("this user has no home folder")


@pytest.mark.weights
def test_a_fill_from_a_deleted_folder(tmp_path: Path, gone: str):
    (tmp_path / "area.py").write_text(CODE)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    inside = (*IN_DELETED_FOLDER, gone, sys.executable, "-m", "infill", "fill")
    for place in ("-:2:20", f"{tmp_path}/area.py:2:20"):
        done = ran(*inside, place, env=env, stdin=CODE)
        assert (done.returncode, "+    return width * " in done.stdout) == (0, True), done
        Path(gone).mkdir()
    done = ran(*inside, "area.py:2:20", env=env)
    assert done.returncode == 2 and done.stderr.startswith("infill: area.py: ") and done.stderr.count("\n") == 1


@pytest.mark.weights
@pytest.mark.parametrize("sockets", ["usual", "nowhere"])
async def test_the_server_without_a_home(nobody: dict[str, str], tmp_path: Path, sockets: str):
    """It fills; by the shared engine where sockets can be, else by the model in its own process."""
    if sockets == "nowhere":
        nobody["DG_LSP_RUNTIME_DIR"] = "/proc/nowhere"
    wrapper = ("env", "-i", *(f"{name}={value}" for name, value in nobody.items()))
    assert await _fills(await Client.start("--stdio", wrapper=wrapper), tmp_path) == (sockets == "usual")


@pytest.mark.weights
async def test_the_server_in_a_deleted_folder(tmp_path: Path, gone: str):
    wrapper = ("env", f"PYTHONPATH={ROOT}", "DG_LSP_RUNTIME_DIR=relative", *IN_DELETED_FOLDER, gone)
    assert not await _fills(await Client.start("--stdio", wrapper=wrapper), tmp_path)


async def _fills(client: Client, folder: Path) -> bool:
    """Have the server fill; return whether the model was shared."""
    try:
        await client.initialize()
        await client.ready()
        uri = (folder / "area.py").as_uri()
        client.open(uri, CODE)
        assert await client.items(uri)
        return (await client.ask("dgLsp/status"))["result"]["shared"]
    finally:
        errors = await client.close()
        assert "Traceback" not in errors and "ERROR" not in errors, errors
