"""Engines of this test run alone: not the developer's, and none stays behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dg_lsp.app.engine_cli import stop
from dg_lsp.engine.runtime_dir import socket_paths, supported
from dg_lsp.user_folders import VARIABLE
from tests import real_model  # noqa: F401  # it looks for the fetched model before that is hidden

ROOT = Path(__file__).resolve().parents[1]

if "PYTEST_XDIST_WORKER" in os.environ:  # threads of torch that wait must not spin: the other tests need the cores
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@pytest.fixture(scope="session", autouse=True)
def no_fetched_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The embedded model is the default, whatever the developer has fetched; journals are those of this run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session", autouse=True)
def engines_of_this_run() -> Iterator[None]:
    """A runtime folder with a short path, made when a server needs it."""
    folder, before = Path(tempfile.gettempdir(), f"dg-lsp-tests-{os.getpid()}"), os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(folder)
    yield
    if folder.exists():
        for path in socket_paths() if supported() else ():
            stop(path)
        shutil.rmtree(folder)
    if before is None:
        del os.environ[VARIABLE]
    else:
        os.environ[VARIABLE] = before


@pytest.fixture(scope="session", autouse=True)
def processes_import_this_checkout() -> Iterator[None]:
    """Servers of the tests are started in any folder and import the packages and `tests` from here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a GPU are skipped where there is none."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked and not _has_gpu():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


def _has_gpu() -> bool:
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


@pytest.fixture(scope="session", autouse=True)
def nobodys_git_settings() -> Iterator[None]:
    """What the developer's git ignores everywhere is no matter of the tests'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("XDG_CONFIG_HOME", os.path.join(tempfile.gettempdir(), "dg-lsp-tests-none"))
        yield


@pytest.fixture
def runtime_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The runtime folder of one test, whose engines end with it."""
    folder = Path(tempfile.mkdtemp(prefix="dg-lsp-test-"))
    monkeypatch.setenv(VARIABLE, str(folder))
    yield folder
    folder.chmod(0o700)
    for path in socket_paths():
        stop(path)
    shutil.rmtree(folder)
