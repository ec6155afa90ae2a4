"""Packages of 2025 and 2026: listed, fetched through pip and npm without running anything of them, and drawn from."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import msgspec
import pytest

from infill.bench.code import code_set, fetch, first_release
from infill.bench.code.code_set import code_sets
from infill.bench.code.download import download
from infill.bench.code.listing import SINCE, Package, read_list
from infill.bench.code.unpack import MAX_BYTES, unpack
from infill.bench.main import main
from infill.types import InputError

PYTHON = "def area(width: int, height: int) -> int:\n    return width * height\n"
PERMISSIVE = {"MIT", "Apache-2.0", "ISC", "BSD-3-Clause", "Unlicense", "MIT AND BSD-3-Clause"}


def package(archive: Path | None = None, **changed: object) -> Package:
    """A listed package, by default of Python, with the hash of an archive."""
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest() if archive else "0" * 64
    one = Package("some-code", "1.0", "held_out", "wheel", ("python",), "MIT", sha256, SINCE)
    return msgspec.structs.replace(one, **changed)


def tarball(path: Path, members: dict[str, str], links: tuple[tarfile.TarInfo, ...] = ()) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
        for link in links:
            tar.addfile(link)
    return path


def wheel(folder: Path, members: dict[str, str], name: str = "some_code-1.0") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as zipped:
        for member, text in members.items():
            zipped.writestr(member, text)
        project, version = name.split("-")
        zipped.writestr(f"{name}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n")
        zipped.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        zipped.writestr(f"{name}.dist-info/RECORD", "")
    return path


def write_list(path: Path, packages: list[Package]) -> Path:
    lines = [f"[[package]]\n{_toml(one)}" for one in packages]
    path.write_text("\n".join(lines))
    return path


def _toml(one: Package) -> str:
    fields = {name: value for name, value in msgspec.structs.asdict(one).items() if value is not None}
    return "".join(
        f"{name} = {value if name == 'first' else json.dumps(value)}\n" for name, value in fields.items() if value != ()
    )


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip finds packages in, and no network."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return folder


def test_the_committed_list_has_new_packages_of_many_languages_in_two_sets() -> None:
    listed = read_list()
    of_python = [one for one in listed if "python" in one.languages]
    assert sum(one.set == "held_out" for one in of_python) >= 30
    assert sum(one.set == "fitting" for one in of_python) >= 12
    for language in ("typescript", "javascript", "go", "rust", "java", "c"):
        assert {one.set for one in listed if language in one.languages} == {"held_out", "fitting"}
    assert len({one.sha256 for one in listed}) == len({one.folder for one in listed}) == len(listed)
    weaker = {one.licence for one in listed} - PERMISSIVE
    assert weaker == {"MPL-2.0"} and all(one.set == "fitting" for one in listed if one.licence == "MPL-2.0")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"first": SINCE.replace(year=2024)}, "before 2025-01-01"),
        ({"first": None}, "neither the date"),
        ({"languages": ("cobol",)}, "cobol is no language"),
        ({"sha256": "12"}, "sha256"),
    ],
)
def test_a_list_with_an_unfit_package_is_refused(tmp_path: Path, changed: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_list(write_list(tmp_path / "list.toml", [package(**changed)]))


def test_an_archive_writes_only_plain_source_files_below_its_folder(tmp_path: Path) -> None:
    link, hard = tarfile.TarInfo("p-1.0/link.py"), tarfile.TarInfo("p-1.0/hard.py")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard.type, hard.linkname = tarfile.LNKTYPE, "p-1.0/a/good.py"
    members = {
        "p-1.0/a/good.py": PYTHON,
        "p-1.0/../../evil.py": PYTHON,
        "p-1.0/..": PYTHON,
        "/p-1.0//absolute.py": PYTHON,
        "p-1.0/a\\..\\evil.py": PYTHON,
        "p-1.0/C:/evil.py": PYTHON,
        "p-1.0/a/long.py": "#" * (MAX_BYTES + 1),
        "p-1.0/a/made.py": "# @generated by a tool\n" + PYTHON,
        "p-1.0/tests/test_a.py": PYTHON,
        "p-1.0/_vendor/b.py": PYTHON,
        "p-1.0/a/data.bin": "x",
        "p-1.0/a/other.go": "package a\n",
    }
    archive = tarball(tmp_path / "p-1.0.tar.gz", members, (link, hard))
    place = tmp_path / "in" / "p"
    place.parent.mkdir()
    assert unpack(archive, package(kind="sdist"), place) == 1
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()] == [
        "p-1.0.tar.gz",
        str(Path("in/p/a/good.py")),
    ]
    assert place.joinpath("a/good.py").read_text() == PYTHON


def test_named_folders_and_left_out_parts_decide_what_is_read(tmp_path: Path) -> None:
    members = {"p/lib/a.py": PYTHON, "p/src/b.py": PYTHON, "p/src/copied/c.py": PYTHON}
    archive = tarball(tmp_path / "p.tgz", members)
    assert unpack(archive, package(kind="npm", under=("lib", "src"), without=("/copied/",)), tmp_path / "p") == 2


def test_an_archive_that_cannot_be_read_or_has_no_source_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.whl").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"some-code==1\.0: broken\.whl cannot be read"):
        unpack(tmp_path / "broken.whl", package(), tmp_path / "p")
    with pytest.raises(InputError, match=r"has no source of python"):
        unpack(tarball(tmp_path / "e.tgz", {"p/readme.md": "x"}), package(kind="npm"), tmp_path / "p")


@pytest.mark.parametrize("build", ["setup.py", "pyproject.toml"])
def test_no_code_of_a_source_package_is_run(tmp_path: Path, index: Path, build: str) -> None:
    mark = tmp_path / "ran"
    runs = f"open({str(mark)!r}, 'w').close()\n"
    how = {
        "setup.py": {"setup.py": runs + "from setuptools import setup\nsetup(name='some-code', version='1.0')\n"},
        "pyproject.toml": {
            "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']\n",
            "own.py": runs,
        },
    }[build]
    info = "Metadata-Version: 2.1\nName: some-code\nVersion: 1.0\n"
    members = {**how, "PKG-INFO": info, "src/a.py": PYTHON}
    archive = tarball(index / "some_code-1.0.tar.gz", {f"some_code-1.0/{name}": text for name, text in members.items()})
    (tmp_path / "to").mkdir()
    found = download(package(archive, kind="sdist"), tmp_path / "to")
    assert found.name == "some_code-1.0.tar.gz" and not mark.exists()


def test_another_archive_under_the_same_name_is_refused(tmp_path: Path, index: Path) -> None:
    wheel(index, {"a.py": PYTHON})
    (tmp_path / "to").mkdir()
    with pytest.raises(InputError, match=r"some-code==1\.0: pip cannot fetch it"):
        download(package(), tmp_path / "to")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_npm_packs_without_scripts_and_the_hash_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for npm, which would use the network: it copies an archive where npm would put it."""
    archive = tarball(tmp_path / "a-b-1.0.tgz", {"package/src/a.js": "export const a = 1\n"})
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(
        f'#!/bin/sh\n[ "$1 $2 $3" = "pack @a/b@1.0 --ignore-scripts" ] || exit 3\n'
        f'for last; do :; done\ncp "{archive}" "$last/"\n'
    )
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(npm.parent), prepend=os.pathsep)
    one = package(archive, name="@a/b", kind="npm", languages=("javascript",))
    (tmp_path / "to").mkdir()
    assert download(one, tmp_path / "to").read_bytes() == archive.read_bytes()
    (tmp_path / "again").mkdir()
    with pytest.raises(InputError, match=r"@a/b@1\.0: .*has the SHA-256 .*not used"):
        download(msgspec.structs.replace(one, sha256="1" * 64), tmp_path / "again")
    with pytest.raises(InputError, match=r"@a/c@1\.0: npm cannot fetch it"):
        download(msgspec.structs.replace(one, name="@a/c"), tmp_path / "again")


def test_fetching_goes_on_where_it_broke(tmp_path: Path, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = wheel(index, {"one/a.py": PYTHON}, "one-1.0")
    second = wheel(tmp_path / "later", {"two/a.py": PYTHON}, "two-1.0")
    packages = [package(first, name="one"), package(second, name="two", set="fitting")]
    command = ["--list", str(write_list(tmp_path / "list.toml", packages))]
    assert fetch.main(command) == 1
    said = capsys.readouterr().err
    assert "one==1.0: 1 files" in said and "two==1.0: pip cannot fetch it" in said and "what is missing" in said
    second.rename(index / second.name)
    first.unlink()
    assert fetch.main(command) == 0
    assert "one==1.0: is there" in capsys.readouterr().err
    folders = sorted(path.name for path in fetch.packages_folder().iterdir())
    assert folders == sorted(one.folder for one in packages)


def test_a_package_of_which_more_languages_are_listed_is_fetched_again(
    tmp_path: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = wheel(index, {"one/a.py": PYTHON, "one/a.css": "a {\n}\n"}, "one-1.0")
    listed, place = tmp_path / "list.toml", fetch.packages_folder() / package(archive, name="one").folder
    for languages, files in ((("python",), ["a.py"]), (("python", "css"), ["a.css", "a.py"])):
        write_list(listed, [package(archive, name="one", languages=languages)])
        assert fetch.main(["--list", str(listed)]) == 0
        assert sorted(path.name for path in place.rglob("*.*")) == files
        assert f"one==1.0: {len(files)} files" in capsys.readouterr().err
    write_list(listed, [package(archive, name="one", languages=("python", "html"))])
    assert fetch.main(["--list", str(listed)]) == 1
    assert "has no source of html" in capsys.readouterr().err
    assert sorted(path.name for path in place.rglob("*.*")) == ["a.css", "a.py"]


def test_benches_draw_from_what_is_fetched_and_say_so(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = "\n".join(f"def f{i}(count: int) -> int:\n    total = count + {i}\n    return total\n" for i in range(20))
    archives = [wheel(index, {f"{name}/a.py": body}, f"{name}-1.0") for name in ("one", "two")]
    packages = [package(archive, name=archive.name.split("-")[0]) for archive in archives]
    listed = write_list(tmp_path / "list.toml", [*packages, package(name="three")])
    monkeypatch.setattr(code_set, "read_list", lambda: read_list(listed))
    with pytest.raises(InputError, match="infill bench fetch"):
        code_sets("fitting", "python", None)
    assert "older than the default model" in code_sets(None, "python", None)[0].what
    with pytest.raises(InputError, match="no code of go"):
        code_sets(None, "go", None)

    assert fetch.main(["--list", str(listed)]) == 1  # the third cannot be had
    held_out, installed = code_sets(None, "python", None)
    assert held_out.what.startswith("2 of 3 held-out packages first published in 2025 or 2026")
    assert "older than the default model" in installed.what and len(held_out.packages) == 2
    assert main(["line", "--limit", "4", "--set", "held_out", "--model", "embedded"]) == 0
    said = capsys.readouterr()
    assert "line, python: 4 holes of 2 of 3 held-out packages" in said.out and "installed here" not in said.out


def test_other_languages_have_no_benches_of_functions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["holes", "--language", "go"]) == 2
    assert "holes takes no language" in capsys.readouterr().err
    assert main(["line", "--language", "golang"]) == 2
    assert "no language id" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_an_older_release_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stand-in for a Python whose pip asks an index: it knows one release, of 2025-03-01."""
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\nfor last; do :; done\n"
        '[ -z "$PIP_FIND_LINKS" ] || exit 4\n'
        '[ "$5" = some-code ] || { echo "ERROR: No matching distribution found" >&2; exit 1; }\n'
        'case "$last" in 2025-03-01*) echo "ERROR: No matching distribution found" >&2; exit 1;; esac\n'
        'echo \'{"versions": ["0.2", "0.1"]}\'\n'
    )
    python.chmod(0o755)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    first = SINCE.replace(month=3, day=1)
    cases = (
        ("some-code", first, 0, "ok: some-code: none before 2025-03-01; the oldest now: 0.1"),
        ("some-code", first.replace(day=2), 1, "OLDER: some-code: released before 2025-03-02"),
        ("other-code", first, 1, "no release at all"),
    )
    for name, day, code, told in cases:
        listed = write_list(tmp_path / "list.toml", [package(name=name, first=day)])
        assert first_release.main(["--list", str(listed), "--python", str(python)]) == code
        assert told in capsys.readouterr().err
