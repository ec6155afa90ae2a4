"""The real default model, for tests that need it: what `make model` fetched, or the folder that DG_LSP_QWEN names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from model.config import fetched_default

VARIABLE = "DG_LSP_QWEN"  # a converted folder of Qwen2.5-Coder
MISSING = f"the default model is not here: make model fetches it, or {VARIABLE} names its folder"
_FETCHED = fetched_default()  # before `conftest.no_fetched_models` hides it from the code that is tested


def real_folder() -> Path:
    """Return the folder of the model; skips the test where there is none."""
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else _FETCHED
    if folder is None:
        pytest.skip(MISSING)
    return folder
