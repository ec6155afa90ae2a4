"""The files of the project that a text of a language other than Python imports, by what its import lines say.

Only paths are made here, existing or not; who reads them asks the rules first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence

SCRIPT_ENDINGS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".d.ts")
HEADER_FOLDERS = ("", "include", "src")
MAX_LEVELS = 12  # folders above a file that are looked at

_SCRIPT = re.compile(r"""(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.{1,2}/[^"'\n]+)["']""")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)
_JAVA = re.compile(r"^[ \t]*import\s+(?:static\s+)?([\w.]+)\s*;", re.MULTILINE)
_JAVA_PACKAGE = re.compile(r"^[ \t]*package\s+([\w.]+)\s*;", re.MULTILINE)
_RUST_USE = re.compile(r"^[ \t]*(?:pub(?:\([^)\n]*\))?\s+)?use\s+(crate|super|self)::([\w:]+)", re.MULTILINE)
_RUST_MOD = re.compile(r"^[ \t]*(?:pub(?:\([^)\n]*\))?\s+)?mod\s+(\w+)\s*;", re.MULTILINE)


def imported_files(language: str, text: str, path: str, roots: Sequence[str]) -> Iterator[str]:
    """Yield the paths, existing or not, of the files that a text imports; it is the file at `path`.

    `language` is our id; `roots` are the project's folders. Nothing for a language that is not known here.
    """
    finder = _FINDERS.get(language)
    if finder is not None:
        yield from dict.fromkeys(os.path.normpath(found) for found in finder(text, path, roots))


def _scripts(text: str, path: str, _roots: Sequence[str]) -> Iterator[str]:
    for named in _SCRIPT.findall(text):
        base = os.path.join(os.path.dirname(path), named)
        stem, ending = os.path.splitext(base)
        if ending in SCRIPT_ENDINGS:  # TypeScript names what it will be compiled to
            yield base
            base = stem
        yield from (base + each for each in SCRIPT_ENDINGS)
        yield from (os.path.join(base, "index" + each) for each in SCRIPT_ENDINGS[:4])


def _headers(text: str, path: str, roots: Sequence[str]) -> Iterator[str]:
    folder = os.path.dirname(path)
    for named in _INCLUDE.findall(text):
        yield os.path.join(folder, named)
        yield from (os.path.join(root, place, named) for root in roots for place in HEADER_FOLDERS)


def _java(text: str, path: str, _roots: Sequence[str]) -> Iterator[str]:
    package = _JAVA_PACKAGE.search(text)
    base = os.path.dirname(path)
    for _ in package[1].split(".") if package else ():
        base = os.path.dirname(base)
    for named in _JAVA.findall(text):
        parts = named.split(".")
        yield os.path.join(base, *parts) + ".java"
        yield os.path.join(base, *parts[:-1]) + ".java"  # a member of a class


def _rust(text: str, path: str, roots: Sequence[str]) -> Iterator[str]:
    folder, own = os.path.split(path)
    inner = folder if own in ("mod.rs", "lib.rs", "main.rs") else os.path.join(folder, os.path.splitext(own)[0])
    starts = {"crate": _crate(folder, roots), "self": inner, "super": os.path.dirname(inner)}
    for start, rest in _RUST_USE.findall(text):
        parts = [part for part in rest.split("::") if part]
        for n in range(len(parts), 0, -1):  # the last ones may be items of the module
            yield from _rust_module(os.path.join(starts[start], *parts[:n]))
    for name in _RUST_MOD.findall(text):
        yield from _rust_module(os.path.join(inner, name))


def _rust_module(place: str) -> Iterator[str]:
    yield f"{place}.rs"
    yield os.path.join(place, "mod.rs")


def _crate(folder: str, roots: Sequence[str]) -> str:
    """Return the innermost folder named src above a file, within the project; its own folder where there is none."""
    at: str = folder
    for _ in range(MAX_LEVELS):
        if os.path.basename(at) == "src":
            return at
        if at in roots:
            break
        at = os.path.dirname(at)
    return folder


_FINDERS: dict[str, Callable[[str, str, Sequence[str]], Iterator[str]]] = {
    **dict.fromkeys(("javascript", "typescript", "tsx"), _scripts),
    **dict.fromkeys(("c", "cpp"), _headers),
    "java": _java,
    "rust": _rust,
}
