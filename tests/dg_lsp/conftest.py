"""Fixtures for tests of the server's parts."""

import pytest
from server_fakes import FakeFiller


@pytest.fixture
def filler() -> FakeFiller:
    return FakeFiller()
