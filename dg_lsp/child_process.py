"""What the server gives the processes that it starts."""

from __future__ import annotations

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def python_environment() -> dict[str, str]:
    """Return our environment; from a source tree also with where our packages are: the process starts elsewhere."""
    if _ROOT.name in ("site-packages", "dist-packages"):
        return dict(os.environ)
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
