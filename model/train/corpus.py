"""The corpus: permissively licensed Python packages, fetched by name, cleaned, written as JSON lines.

`manifest.json` names every package with version, licence, file and hash; the text itself stays outside
git. `lock` writes the manifest from downloaded files, `fetch` downloads what it names and checks the
hashes, `build` writes `train.jsonl` and `heldout.jsonl`. Held-out packages are never trained on.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import msgspec

from model.config import HELD_OUT
from model.train.archives import archive_files, metadata
from model.train.cleaning import (
    NearDuplicates,
    clean,
)
from model.train.documents import Document, write_documents
from model.weights.manifest import sha256_of

HERE = Path(__file__).parent
STDLIB = "python-stdlib"


class Package(msgspec.Struct, frozen=True):
    """One line of the manifest; `sha256` is of the downloaded file (of all sources, for the library)."""

    name: str
    version: str
    licence: str
    file: str
    sha256: str


def read_manifest() -> list[Package]:
    """Packages to train on, in the order of the file."""
    return msgspec.json.decode((HERE / "manifest.json").read_bytes(), type=list[Package])


def stdlib_files() -> Iterator[tuple[str, bytes]]:
    """Python files of the running interpreter's standard library."""
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        if "site-packages" not in path.parts:
            yield str(path.relative_to(root)), path.read_bytes()


def package_files(package: Package, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Files of one package of the manifest."""
    return stdlib_files() if package.name == STDLIB else archive_files(folder / package.file)


def documents(packages: list[Package], folder: Path, duplicates: NearDuplicates) -> Iterator[Document]:
    """Clean source files of the packages, unlike any seen before, with a line of account for each package."""
    for package in packages:
        n_files = n_kept = n_chars = 0
        for name, raw in package_files(package, folder):
            n_files += name.endswith(".py")
            text = clean(name, raw)
            if text is None or duplicates.seen(text):
                continue
            n_kept, n_chars = n_kept + 1, n_chars + len(text)
            yield Document(package.name, name, text)
        print(f"{package.name:24} {n_kept:6} of {n_files:6} files {n_chars / 1e6:8.1f} M characters", flush=True)


def sha256_of_all(files: Iterator[tuple[str, bytes]]) -> str:
    """Digest of names and contents in order, in hexadecimal digits."""
    digest = hashlib.sha256()
    for name, raw in files:
        digest.update(name.encode() + b"\0" + raw + b"\0")
    return digest.hexdigest()


def lock(folder: Path) -> None:
    """Write the manifest from the archives that lie in `folder`."""
    version = ".".join(map(str, sys.version_info[:3]))
    packages = [Package(STDLIB, version, "PSF-2.0", "", sha256_of_all(stdlib_files()))]
    for path in sorted(folder.iterdir()):
        name, version, licence = metadata(path)
        if name.replace("-", "_") not in HELD_OUT:
            packages.append(Package(name, version, licence, path.name, sha256_of(path)))
    (HERE / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(packages), indent=1) + b"\n")


def download(requirement: str, folder: Path) -> None:
    """Fetch one package, without what it depends on."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), requirement]
    subprocess.run(command, check=True)


def fetch(folder: Path) -> None:
    """Download what the manifest names and check every hash; then the held-out packages."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in read_manifest():
        if package.name == STDLIB:
            continue
        if not (folder / package.file).exists():
            download(f"{package.name}=={package.version}", folder)
        if sha256_of(folder / package.file) != package.sha256:
            raise SystemExit(f"{package.file}: hash differs from the manifest; delete it and fetch again")
    held_out = folder.parent / "heldout"
    held_out.mkdir(exist_ok=True)
    for name in HELD_OUT:
        if not any(p.name.lower().replace("-", "_").startswith(name) for p in held_out.iterdir()):
            download(name, held_out)


def build(folder: Path, out: Path) -> None:
    """Clean both halves by the same filter, so that figures compare; no file is like one that is held out."""
    out.mkdir(parents=True, exist_ok=True)
    held_out = [Package(m[0], m[1], m[2], p.name, "") for p in sorted((folder.parent / "heldout").iterdir())
                for m in [metadata(p)]]  # fmt: skip
    duplicates = NearDuplicates()
    write_documents(documents(held_out, folder.parent / "heldout", duplicates), out / "heldout.jsonl")
    write_documents(documents(read_manifest(), folder, duplicates), out / "train.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["lock", "fetch", "build"])
    parser.add_argument("--packages", type=Path, default=Path("data/packages"), help="folder of archives")
    parser.add_argument("--out", type=Path, default=Path("data/corpus"), help="folder for the JSON lines")
    args = parser.parse_args()
    {"lock": lambda: lock(args.packages), "fetch": lambda: fetch(args.packages),
     "build": lambda: build(args.packages, args.out)}[args.step]()  # fmt: skip


if __name__ == "__main__":
    main()
