"""What `make dist` left in dist/: one version, all that is needed and nothing else, and a wheel that works alone."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from dg_lsp import __version__
from tests.release.installed import ROOT, filled, ghost_text, install, run, sizes

DIST = ROOT / "dist"
PACKAGES = ("dg_lsp/", "infill/", "model/")
pytestmark = pytest.mark.skipif(not DIST.is_dir(), reason="no dist folder: `make dist` fills it and runs this")
MAX_BYTES = 25_000_000  # the embedded model with its graphs is 15 of them, the canvas adapter 9


def tracked(folder: str) -> set[str]:
    """The files of a folder that git knows."""
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(listed.stdout.split())


def the_only(pattern: str) -> Path:
    found = list(DIST.glob(pattern))
    assert len(found) == 1, f"{pattern} in {DIST}: {found}"
    return found[0]


@pytest.fixture(scope="module")
def wheel() -> dict[str, bytes]:
    """The wheel's files."""
    with zipfile.ZipFile(the_only("*.whl")) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def commands() -> Iterator[Path]:
    """The commands of an environment that has the wheel and nothing else, far from this checkout."""
    with tempfile.TemporaryDirectory(prefix="dg-lsp-dist-") as folder:
        yield install(the_only("*.whl"), Path(folder))


def test_one_version() -> None:
    names = {path.name for path in DIST.iterdir()}
    assert names == {
        f"dg_lsp-{__version__}-py3-none-any.whl",
        f"dg_lsp-{__version__}.tar.gz",
        "dg-lsp.vsix",
    }


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: dict[str, bytes]) -> None:
    info = f"dg_lsp-{__version__}.dist-info"
    own = {name for name in wheel if not name.startswith(info)}
    modules = {name for name in tracked(".") if name.startswith(PACKAGES) and name.endswith(".py")}
    data = tracked("model/embedded") | tracked("model/tokenize/prompts") | {"model/train/manifest.json"}
    data |= {"model/train/canvas/corpus.json", "model/causal/canvas.safetensors"}
    data |= tracked("model/causal/graphs") | {"model/causal/written.bin", "model/causal/APACHE-2.0.txt"}
    data |= tracked("infill/bench/instruct/tasks") | {"infill/bench/code/packages.toml"}
    assert own == modules | data
    assert all(wheel[name] == (ROOT / name).read_bytes() for name in own)
    assert wheel[f"{info}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    metadata = message_from_bytes(wheel[f"{info}/METADATA"])
    assert (metadata["Version"], metadata["License-Expression"]) == (__version__, "Apache-2.0")
    assert sum(map(len, wheel.values())) < MAX_BYTES * 1.2 and the_only("*.whl").stat().st_size < MAX_BYTES


def test_the_source_holds_what_the_wheel_is_made_of(wheel: dict[str, bytes]) -> None:
    with tarfile.open(the_only("*.tar.gz")) as archive:
        names = {member.name.split("/", 1)[1] for member in archive.getmembers() if member.isfile()}
    names = {name for name in names if ".egg-info/" not in name}
    made_of = {name for name in wheel if name.startswith(PACKAGES)}
    assert names - made_of == {"LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}
    assert made_of <= names and the_only("*.tar.gz").stat().st_size < MAX_BYTES


def test_the_extension_has_the_version_and_the_licences() -> None:
    with zipfile.ZipFile(the_only("*.vsix")) as archive:
        manifest = json.loads(archive.read("extension/package.json"))
        licence, others = (archive.read(f"extension/{name}").decode() for name in ("LICENSE.txt", "dist/licenses.txt"))
    assert manifest["version"] == __version__
    assert licence == (ROOT / "LICENSE").read_text("utf-8")
    assert {"vscode-languageclient", "vscode-jsonrpc"} <= set(re.findall(r"^# (\S+) ", others, re.MULTILINE))


async def test_the_wheel_works_alone(commands: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = commands.parents[1]
    where = run(commands / "python", "-c", "import dg_lsp, infill, model; print(dg_lsp.__file__)", cwd=folder)
    assert Path(where.strip()).is_relative_to(folder)
    assert run(commands / "dg-lsp", "--version", cwd=folder) == f"dg-lsp {__version__}\n"
    filled(commands, folder)
    await ghost_text(commands, folder)
    with capsys.disabled():
        _print_sizes(sizes(commands, folder))


def _print_sizes(found: list[tuple[str, int]]) -> None:
    print(f"\n{sum(size for _, size in found) / 1e6:.0f} MB in {len(found)} packages:")
    print(", ".join(f"{name} {size / 1e6:.1f}" for name, size in found))
