"""The protocol's types without their reprs: in a process of its own, as they are imported only once."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import attrs
define = attrs.define
from dg_lsp.rpc.lean_types import import_types
import_types()
assert attrs.define is define
from lsprotocol import types
a, b = types.CodeAction(title="x"), types.CodeAction(title="x")
assert a == b and a != types.CodeAction(title="y")
assert types.Position(1, 2) == types.Position(1, 2) < types.Position(1, 3)
print(types.CodeAction.__repr__ is object.__repr__)
"""


def test_equality_stays_and_reprs_go() -> None:
    out = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "True"
