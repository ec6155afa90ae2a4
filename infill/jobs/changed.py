"""The lines that git calls changed, by file; files that git does not track yet are changed as a whole."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping

import msgspec

from infill.files.decode import printable
from infill.types import InputError

HEAD = "HEAD"
_HUNK = re.compile(rb"^@@ -\d+(?:,\d+)? \+(?P<first>\d+)(?:,(?P<n>\d+))? @@", re.MULTILINE)
_BLOCK = re.compile(rb"^diff --git ", re.MULTILINE)
_PLAIN = ("--no-color", "--no-ext-diff", "--no-renames", "--diff-filter=d")


class Lines(msgspec.Struct, frozen=True):
    """Ranges of lines from 1, both ends included; None: all of them."""

    ranges: tuple[tuple[int, int], ...] | None

    def touch(self, first: int, last: int) -> bool:
        """Return whether one of the lines from `first` to `last` is among them."""
        return self.ranges is None or any(start <= last and first <= end for start, end in self.ranges)


NONE = Lines(())


def changed_lines(root: str, base: str) -> Mapping[str, Lines]:
    """Return the changed lines of each file of a work tree, by its path from the root with `/`.

    What differs from `base` is changed; of a branch, what changed since it was left. A place where lines were only
    removed counts with the line before. Raises `InputError` where git cannot tell.
    """
    compared = [base] if base == HEAD else ["--merge-base", base]
    # Names and hunks come in the same order, and only names can be told apart safely.
    names = _git(root, base, "diff", "--name-only", "-z", *_PLAIN, *compared, "--").split(b"\0")[:-1]
    blocks = _BLOCK.split(_git(root, base, "diff", "--unified=0", *_PLAIN, *compared, "--"))[1:]
    found = {_name(name): _ranges(block) for name, block in zip(names, blocks, strict=True)}
    new = _git(root, base, "ls-files", "--others", "--exclude-standard", "-z").split(b"\0")[:-1]
    return {**found, **{_name(name): Lines(None) for name in new}}


def _ranges(block: bytes) -> Lines:
    ranges: list[tuple[int, int]] = []
    for hunk in _HUNK.finditer(block):
        first, n = int(hunk["first"]), int(hunk["n"] or 1)
        ranges.append((first, max(first + n - 1, first)))
    return Lines(tuple(ranges))


def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _git(root: str, base: str, *arguments: str) -> bytes:
    if base.startswith("-"):
        raise InputError(f"--changed {printable(base)}: is no name of a commit")
    # Each work tree's own root is its folder; relative settings of the user must not change the paths.
    command = ["git", "-c", "diff.relative=false", "-c", "diff.noprefix=false", *arguments]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    except OSError as error:
        raise InputError(f"--changed needs git, which cannot be run ({error.strerror})") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InputError(f"--changed {printable(base)}: git says: {said[0] if said else 'nothing'}")
    return done.stdout
