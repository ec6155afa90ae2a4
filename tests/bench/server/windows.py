"""Memory of the engine process with the default model, when several windows have asked in several documents each.

The prompts are as long as `PROMPT_TOKENS`, longer than the settings make them, and together more than the engine keeps:
what is measured is its most.
"""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from statistics import median

import msgspec
import psutil

from dg_lsp.app.engine_cli import peek
from dg_lsp.engine.runtime_dir import socket_paths
from infill.syntax.languages import for_path
from model.config import DEFAULT_NAME, fetched_default
from tests.bench.server.wire import ROOT, SERVER, Wire

PROMPT_TOKENS = 1024
N_WINDOWS = 2
MODEL = "default-for-a-benchmark"  # what its folder is called: the embedded model may have an engine beside it
ASKED = re.compile(r"inlineCompletion .*? unread=(\d+)")
MIN_BYTES = 9_000  # of a document: its prompt is as long as may be


class Held(msgspec.Struct, frozen=True):
    """What the engine process holds, in MiB."""

    resident: float
    own: float  # without pages of mapped files, which the system may take back
    peak: float  # resident, at any time
    n_documents: int
    prompt_tokens: float  # median over the questions


def documents() -> list[Path]:
    """Long files of this repository, the same each time."""
    folders = ("infill", "model", "dg_lsp", "editors/vscode/src")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    known = (path for path in found if path.suffix in (".py", ".ts") and path.stat().st_size > MIN_BYTES)
    return sorted(known, key=lambda path: path.stat().st_size, reverse=True)


def engine_memory(n_documents: int) -> Held | str:
    """Ask in so many documents of `N_WINDOWS` windows that share an engine; what it holds then, or why not."""
    folder = fetched_default()
    if folder is None:
        return f"skipped: {DEFAULT_NAME} is not on this machine; infill model fetch {DEFAULT_NAME} gets it"
    with tempfile.TemporaryDirectory() as scratch:
        model, log = Path(scratch, MODEL), Path(scratch, "log")
        model.mkdir()
        for path in folder.iterdir():
            (model / path.name).symlink_to(path)
        (model / "infill.json").write_text(f'{{"max_prompt_tokens": {PROMPT_TOKENS}}}')
        windows = [Wire((*SERVER, "--log-file", str(log))) for _ in range(N_WINDOWS)]
        try:
            for window in windows:
                window.begin(options={"model": str(model), "manualDeadlineMs": 600_000})
                wait_loaded(window)
            for number, path in enumerate(documents()[:n_documents]):
                ask(windows[number % N_WINDOWS], path)
            resident, own, peak = held_mib()
        finally:
            for window in windows:
                window.__exit__(None, None, None)
        sizes = [int(n) for n in ASKED.findall(log.read_text())]
    assert len(sizes) == n_documents, f"{len(sizes)} of {n_documents} questions are in the log"
    return Held(resident, own, peak, n_documents, median(sizes))


def held_mib() -> tuple[float, float, float]:
    """Memory of the engine with the default model, in MiB: resident, its own, the most so far (else resident)."""
    found = [facts for path in socket_paths() if (facts := peek(path)) is not None]
    (facts,) = (facts for facts in found if facts.model == MODEL)
    memory = psutil.Process(facts.process_id).memory_full_info()
    status = Path(f"/proc/{facts.process_id}/status")
    peak = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    mib = memory.rss / 2**20
    return mib, memory.uss / 2**20, int(peak[1]) / 1024 if peak else mib


def wait_loaded(window: Wire) -> None:
    """Return when the model itself answers, not the small one in its place."""
    while (status := window.ask("dgLsp/status")["result"])["state"] != "ready" or status["fallback"]:
        assert status["state"] != "failed", status
        time.sleep(0.1)


def ask(window: Wire, path: Path) -> None:
    """Open a document and ask for ghost text at the end of a line in its middle."""
    text, uri = path.read_text("utf-8"), path.as_uri()
    language = for_path(str(path), text)
    window.open(uri, text, language.lsp_ids[0] if language else "python")
    window.answer(window.inline(uri, window.places(uri).position(text.index("\n", len(text) // 2))))
