"""Where the tests of a file usually are: they say what a function that is still to be written has to do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

FOLDERS = ("tests", "test", "spec", "__tests__")
JAVA_MAIN, JAVA_TEST = os.path.join("src", "main"), os.path.join("src", "test")
USUAL = ("test_{}{}", "{}_test{}")
NAMES = {
    **dict.fromkeys((".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs"), ("{}.test{}", "{}.spec{}")),
    ".go": ("{}_test{}",),
    ".java": ("{}Test{}", "{}Tests{}"),
}


def test_files(path: str, roots: Sequence[str]) -> Iterator[str]:
    """Yield the paths, existing or not, at which the tests of the file at `path` may be; `roots` are the project's."""
    folder, own = os.path.split(path)
    stem, ending = os.path.splitext(own)
    names = [name.format(stem, ending) for name in NAMES.get(ending, USUAL)]
    for tests in dict.fromkeys(_folders(folder, roots)):
        yield from (os.path.join(tests, name) for name in names)


def _folders(folder: str, roots: Sequence[str]) -> Iterator[str]:
    """Yield the folder of a file and those of tests in and beside it and at the top, there also at the same place."""
    yield folder
    if JAVA_MAIN in folder:
        yield folder.replace(JAVA_MAIN, JAVA_TEST)
    for at in (folder, os.path.dirname(folder)):
        yield from (os.path.join(at, name) for name in FOLDERS)
    for root in roots:
        place = os.path.relpath(folder, root)
        if place.startswith(os.pardir):
            continue
        parts = [part for part in place.split(os.sep) if part != os.curdir]
        for name in FOLDERS[:3]:  # the same place, without a folder such as src, without the package in it, and the top
            yield from (os.path.join(root, name, *parts[n:]) for n in (0, 1, 2, len(parts)))
