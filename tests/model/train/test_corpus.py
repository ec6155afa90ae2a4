"""The corpus: what is held out is not in what is trained on, not even as another package's copy."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from model.train import corpus
from model.train.documents import read_documents

pytest.importorskip("datasketch", reason="datasketch is of the train extra")


def source(name: str) -> str:
    return "".join(f"def {name}_{i}(value):\n    return check_{i}(value) + value * {i}\n\n\n" for i in range(12))


def wheel(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as z:
        name = path.name.split("-")[0]
        z.writestr(f"{name}-1.dist-info/METADATA", f"Name: {name}\nVersion: 1\nLicense-Expression: MIT\n")
        for file, text in files.items():
            z.writestr(file, text)


def test_a_copy_of_a_held_out_file_is_not_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages, held_out = tmp_path / "packages", tmp_path / "heldout"
    packages.mkdir()
    held_out.mkdir()
    wheel(held_out / "held-1-py3-none-any.whl", {"held/a.py": source("held")})
    copied = source("held").replace("value * 3", "value * 33")
    wheel(packages / "other-1-py3-none-any.whl", {"other/copied.py": copied, "other/own.py": source("own")})
    monkeypatch.setattr(corpus, "HERE", tmp_path)
    monkeypatch.setattr(corpus, "stdlib_files", lambda: iter([("std.py", source("std").encode())]))
    corpus.lock(packages)
    assert [package.name for package in corpus.read_manifest()] == [corpus.STDLIB, "other"]
    corpus.build(packages, tmp_path / "out")
    read = {half: [d.path for d in read_documents(tmp_path / f"out/{half}.jsonl")] for half in ("heldout", "train")}
    assert read == {"heldout": ["held/a.py"], "train": ["std.py", "other/own.py"]}
