"""What opening a converted folder leaves behind."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from model.causal.load import load_causal_engine
from model.types import ModelSpec

ROOT = Path(__file__).parents[3]
MIB = 2**20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep no free heap, or cannot be asked")
def test_what_was_taken_only_to_load_is_given_back(converted: dict[str, Path]) -> None:
    parts = [bytes(1000) for _ in range(100_000)]
    last = parts[-1]
    del parts  # `last` lies above all that is free now, so the C library keeps it
    before = psutil.Process().memory_info().rss
    load_causal_engine(converted["int8"], ModelSpec(threads=1))
    assert last and psutil.Process().memory_info().rss < before - 50 * MIB


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep no free heap, or cannot be asked")
def test_large_pieces_go_back_at_once_after_loading(converted: dict[str, Path]) -> None:
    """In a process of its own: what glibc has learned of sizes before would hide it."""
    code = (
        "import sys, numpy, psutil; from pathlib import Path\n"
        "from model.causal.load import load_causal_engine; from model.types import ModelSpec\n"
        "engine = load_causal_engine(Path(sys.argv[1]), ModelSpec(threads=1))\n"
        "numpy.ones(4_000_000); numpy.ones(3_900_000)\n"  # of 32 MB: freed, they raise what glibc takes from its heap
        "arrays = [numpy.ones(n) for n in (1_500_000, 60_000) * 8]; before = psutil.Process().memory_info().rss\n"
        "del arrays[::2]; print((before - psutil.Process().memory_info().rss) / 2**20)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(converted["int8"])], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(run.stdout) > 80, "MiB of eight arrays of 11 MiB"
