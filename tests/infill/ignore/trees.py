"""Trees of files to judge, and what is said of one file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infill.ignore.rules import IgnoreRules

posix = pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def rule(root: Path, name: str, rules: IgnoreRules | None = None) -> str:
    """`+` or `-`, then the rule and where it stands."""
    verdict = (rules or IgnoreRules()).judge(root / name)
    return f"{'+' if verdict.allowed else '-'} {verdict.rule} {verdict.source}".rstrip()
