"""Archives of packages: their files, and what they state about themselves."""

from __future__ import annotations

import email
import io
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path


def archive_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files in a wheel or source archive."""
    if path.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(path) as z:
            for info in z.infolist():
                if not info.is_dir():
                    yield info.filename, z.read(info)
    else:
        with tarfile.open(path) as t:
            for member in t:
                if member.isfile() and (f := t.extractfile(member)) is not None:
                    yield member.name, f.read()


def metadata(path: Path) -> tuple[str, str, str]:
    """Name, version and licence as the archive itself states them."""
    wanted = re.compile(r"(\.dist-info/METADATA|^[^/]+/PKG-INFO)$")
    raw = next(raw for name, raw in archive_files(path) if wanted.search(name))
    meta = email.message_from_file(io.StringIO(raw.decode("utf-8", "replace")))
    classifiers = [c.split(" :: ")[-1] for c in meta.get_all("Classifier") or [] if c.startswith("License ::")]
    licence = meta.get("License-Expression") or ", ".join(classifiers) or (meta.get("License") or "?").split("\n")[0]
    return str(meta["Name"]).lower(), str(meta["Version"]), licence[:80]
