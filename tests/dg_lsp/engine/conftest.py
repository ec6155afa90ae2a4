from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.dg_lsp.engine.engine_fakes import FakeFiller, LocalEngine


@pytest.fixture
def fake() -> FakeFiller:
    return FakeFiller()


@pytest.fixture
async def local(fake: FakeFiller, runtime_folder: Path) -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(lambda _: fake)
    yield engine
    fake.release.set()
    engine.host.end("stopped")
    await engine.served
