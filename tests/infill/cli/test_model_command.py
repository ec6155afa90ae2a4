"""`infill model` as people run it: a hub on this machine, its cache and ours in a folder of the test's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
from safetensors.torch import save_file  # noqa: E402

from infill.cli.main import main  # noqa: E402
from model.config import EMBEDDED  # noqa: E402
from model.load import load_engine  # noqa: E402
from model.types import CheckpointError, ModelSpec  # noqa: E402
from tests.infill.hub_server import COMMIT, Hub, serving  # noqa: E402
from tests.model.weights.conftest import published_once  # noqa: E402, F401

ROOT = Path(__file__).resolve().parents[3]
REPO = "somebody/small-it"
LARGE = "model-00000.safetensors"
PIECE = 10 << 20  # what the hub's client takes from a connection at once
TIMEOUT_S = 300

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nobody's caches, and a hub that refuses connections."""
    own = {"HF_HOME": str(tmp_path / "hub"), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    return os.environ | own | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_DISABLE_TELEMETRY": "1"}


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def run_it(*arguments: object, **given: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "infill", *map(str, arguments)]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=ROOT, **given
        )

    return run_it


@pytest.fixture
def hub(published_once: Path, tmp_path: Path, environment: dict[str, str]) -> Iterator[Hub]:  # noqa: F811
    """With a shard that holds nothing but vision, which nobody needs, and one that comes in two pieces."""
    folder = Path(shutil.copytree(published_once, tmp_path / "served"))
    index = folder / "model.safetensors.index.json"
    found = json.loads(index.read_text())
    found["weight_map"]["model.encoder.vision_tower.patch.weight"] = "model-vision.safetensors"
    found["weight_map"]["model.decoder.more.weight"] = LARGE
    save_file({"model.decoder.more.weight": torch.zeros(PIECE // 2 + 1000, dtype=torch.bfloat16)}, folder / LARGE)
    index.write_text(json.dumps(found))
    (folder / "model-vision.safetensors").write_bytes(b"x" * 1000)
    (folder / "notes.txt").write_text("not a part of the checkpoint")
    with serving(REPO, folder) as served:
        environment["HF_ENDPOINT"] = served.url
        yield served


def of_list(run: Run) -> dict[str, dict[str, Any]]:
    listed = run("model", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    return {one["name"]: one for one in map(json.loads, listed.stdout.splitlines())}


def shards(hub: Hub) -> list[str]:
    return sorted(path.name for path in hub.folder.glob("model-0*.safetensors"))


def test_what_is_fetched_is_listed_verified_and_opened_by_its_id(run: Run, hub: Hub) -> None:
    before = run("fill", "tests/demo/inventory.py:13:21", "--model", REPO)
    assert before.returncode == 2 and f"infill model fetch {REPO}" in before.stderr and hub.got == []
    hub.breaks[LARGE] = PIECE + 10
    fetched = run("model", "fetch", REPO)
    assert fetched.returncode == 0, fetched.stderr
    folder = Path(fetched.stdout.strip())
    assert folder.name == COMMIT and "files with nothing but the vision part are left out" in fetched.stderr
    assert not (folder / "model-vision.safetensors").exists() and not (folder / "notes.txt").exists()
    assert [asked for name, asked in hub.got if name == LARGE] == [None, f"bytes={PIECE}-"]
    for name in shards(hub):
        assert (folder / name).read_bytes() == (hub.folder / name).read_bytes()
    found = of_list(run)[REPO]
    assert (found["kind"], found["format"], found["path"]) == ("hub", "bf16", str(folder))
    assert found["n_bytes"] >= sum(path.stat().st_size for path in folder.iterdir())

    hub.got.clear()
    verified = run("model", "verify", REPO)
    assert verified.returncode == 0, verified.stdout
    assert [line.split()[:2] for line in verified.stdout.splitlines()] == [["ok", name] for name in shards(hub)]
    assert verified.stdout.count("by its checksum") == len(shards(hub))
    filled = run("fill", "-:1:8", "--model", REPO, "--deadline-ms", 2000, input="return \n")
    assert f"{REPO}: loaded" in filled.stderr, filled.stderr
    assert hub.got == []

    blob = (folder / LARGE).resolve()
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.write_bytes(data)
    wrong = run("model", "verify", REPO, "--json")
    assert wrong.returncode == 1 and "checksum is wrong" in json.loads(wrong.stdout.splitlines()[-1])["error"]


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_fetch_that_was_interrupted_goes_on_with_what_is_missing(
    run: Run, hub: Hub, environment: dict[str, str]
) -> None:
    hub.holds[LARGE] = PIECE // 2
    command = [sys.executable, "-m", "infill", "model", "fetch", REPO]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL) as fetching:
        assert hub.held.wait(TIMEOUT_S)
        while len({name for name, _ in hub.got if name.startswith("model-0")}) < len(shards(hub)):
            assert fetching.poll() is None
        fetching.send_signal(signal.SIGINT)
        hub.let_go.set()
        assert fetching.wait(TIMEOUT_S) == 130
    hub.got.clear()
    again = run("model", "fetch", REPO, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["path"].endswith(COMMIT)
    assert [name for name, _ in hub.got].count(LARGE) == 1 and len(hub.got) < len(shards(hub))
    assert not list(Path(environment["HF_HOME"]).rglob("*.incomplete"))


def test_what_cannot_be_fetched_is_one_line(run: Run, hub: Hub, environment: dict[str, str]) -> None:
    missing = run("model", "fetch", "somebody/other")
    assert missing.returncode == 2 and missing.stderr.count("\n") == 1 and "somebody/other" in missing.stderr
    (hub.folder / "config.json").write_text('{"model_type": "llama"}')
    other = run("model", "fetch", REPO)
    assert other.returncode == 2 and "'llama'" in other.stderr
    assert not any(name.endswith(".safetensors") for name, _ in hub.got)
    environment["HF_ENDPOINT"] = "http://127.0.0.1:9"
    nobody = run("model", "fetch", "somebody/else")
    assert nobody.returncode == 2 and nobody.stderr.count("\n") == 1


def test_a_checkpoint_is_converted_verified_used_and_removed(run: Run, published_once: Path, tmp_path: Path) -> None:  # noqa: F811
    folder = shutil.copytree(published_once, tmp_path / "small-it")
    made = run("model", "convert", folder, "--quant", "int4", "--embedding", "int8", "--json")
    assert made.returncode == 0, made.stderr
    place = Path(json.loads(made.stdout)["path"])
    found = of_list(run)[place.name]
    assert (found["kind"], found["format"], found["path"]) == ("converted", "int4, int8 embedding", str(place))
    assert run("model", "verify", place.name).returncode == 0
    out = tmp_path / "out"
    assert run("model", "convert", folder, out, "--quant", "int8", "--device", "cpu").stdout == f"{out}\n"
    again = run("model", "convert", folder, out, "--quant", "int8")
    assert again.returncode == 2 and "exists already" in again.stderr and out.is_dir()
    assert "is converted already" in run("model", "convert", out, tmp_path / "twice", "--quant", "int4").stderr
    assert load_engine(ModelSpec(str(out), device="cpu")).info.name == "out"

    refused = run("model", "remove", place.name, stdin=subprocess.DEVNULL)
    assert refused.returncode == 2 and "--yes" in refused.stderr and place.is_dir()
    assert run("model", "remove", out, "--yes").returncode == 2 and out.is_dir()  # not in the cache
    removed = run("model", "remove", place.name, "--yes")
    assert removed.stdout.startswith(f"removed {place.name}") and not place.exists()
    assert place.name not in of_list(run)


@pytest.mark.parametrize("device", ["cuda:7", "abacus"])
def test_a_device_that_is_not_there_is_one_line(published_once: Path, device: str) -> None:  # noqa: F811
    with pytest.raises(CheckpointError, match=f"^--device {device}: cannot be used here [^\n]*; cpu always can$"):
        load_engine(ModelSpec(str(published_once), device=device))


@pytest.mark.weights
@pytest.mark.reports
@pytest.mark.parametrize("name", ["dg-embedded-6m", str(EMBEDDED)])
def test_verify_takes_each_name_that_list_prints(name: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["model", "list"]) == 0
    assert name.encode() in capsysbinary.readouterr().out
    assert main(["model", "verify", name]) == 0
    assert b"model.safetensors" in capsysbinary.readouterr().out
