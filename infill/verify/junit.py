"""Reads a report of tests in JUnit's XML, which most runners can write."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

_NOT_PASSED = ("failure", "error", "skipped")


def passing_tests(path: Path) -> tuple[str, ...]:
    """Return the names of the tests that pass, sorted; none where there is no report that can be read."""
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except (OSError, ElementTree.ParseError):
        return ()
    found: set[str] = set()
    failed: set[str] = set()
    for case in root.iter("testcase"):
        name = "::".join(filter(None, (case.get("classname"), case.get("name"))))
        (failed if any(case.find(tag) is not None for tag in _NOT_PASSED) else found).add(name)
    return tuple(sorted(found - failed))
