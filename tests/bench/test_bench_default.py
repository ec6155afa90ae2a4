"""The part of the CPU benchmark about the default model: rates, ratios, floors, and reasons where there is none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.cpu import causal, causal_section
from tests.bench.cpu.causal_section import default_part, published_file, rate
from tests.bench.cpu.floor import Rates
from tests.bench.cpu.fresh import Failed
from tests.bench.cpu.sections import QUICK, Bench
from tests.tiny_gguf import write_gguf

RATES = [Rates(n, 90.0, 200.0, None, 10.0) for n in (1, 2)]


def some_run(read_s: float, written_s: float, drafted_s: float, text: str = "abc") -> dict[str, Any]:
    pairs = {"read": read_s, causal.WRITTEN: written_s, causal.DRAFTED: drafted_s}
    return {name: [s, s / 2] for name, s in pairs.items()} | {"text": text}


def raw(found: dict[str, Any], missing: str = "") -> dict[str, Any]:
    sizes = {"n_written": 32, "bytes": {"ours": 10**9, "llama.cpp": 2 * 10**9}, "macs": 10**9}
    return {"machine": {"rates": RATES}, "default": {"found": found, "missing": missing, **sizes}}


def test_ours_beside_theirs() -> None:
    theirs, drafted = some_run(4.0, 2.0, 9.0, "abd"), some_run(4.0, 9.0, 2.0)
    del theirs[causal.DRAFTED], drafted[causal.WRITTEN]
    found = {f"ours/{n}": [some_run(2.0, 1.0, 0.5), some_run(2.0, 1.0, 0.5)] for n in (1, 2)}
    found |= {f"llama.cpp/{n}": [theirs] for n in (1, 2)} | {f"llama.cpp, drafts/{n}": [drafted] for n in (1, 2)}
    text = default_part(raw(found))
    assert "| qwen-0.5b as shipped | 2 | 256 | 32.0 | 64.0 |" in text
    assert "| qwen-0.5b as shipped | 1, by the processor's time | 512 | 64.0 | 128 |" in text
    assert "| 2 | 2.00 (aim 2.0) | 2.00 (aim 1.5) | 4.00 (aim 1.5) |" in text
    assert "| floor of ours | 1 | 100 | 10.0 |" in text, "200 GFLOP/s over two for each weight; 10 GB/s over 1 GB"
    assert "| floor of llama.cpp | 1 | 100 | 5.0 |" in text
    assert "before they part: 2 of 3." in text


def test_the_median_is_over_runs_that_did_it() -> None:
    runs = [some_run(s, 1.0, 1.0) for s in (1.0, 2.0, 8.0)] + [{"text": ""}]
    assert rate(runs, "read", 16) == 8.0
    assert rate([{"text": ""}], "read", 16) is None


def test_without_llama_cpp_the_reason_stands_there() -> None:
    found: dict[str, Any] = {f"ours/{n}": [some_run(2.0, 1.0, 0.5)] for n in (1, 2)}
    text = default_part(raw(found, "x.gguf is not here"))
    assert "No llama.cpp: x.gguf is not here." in text and "| 1 | - | - | - |" in text
    found["llama.cpp/1"] = [Failed("No module named 'xllamacpp'")]
    assert "No module named 'xllamacpp' |" in default_part(raw(found))


def test_without_the_default_model_it_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    skipped = causal_section.measure_default(Bench(QUICK, str(tmp_path), 1, 1, None, {}))
    assert "infill model fetch" in default_part({"machine": {"rates": []}, "default": skipped})


def test_the_published_file(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    found = published_file(path)
    assert isinstance(found, Failed) and "--gguf FILE" in found.reason
    write_gguf(path, {}, ())
    assert published_file(path) == path
    assert causal.weights_read(str(path)) > 0


def test_where_texts_part() -> None:
    assert [causal.begin_alike(p) for p in (("abc", "abd"), ("ab", "abc"), ("", "a"))] == [2, 2, 0]


def test_the_files_that_prompts_come_from_are_long_enough() -> None:
    for name in causal.FILES:
        assert len((causal.ROOT / name).read_text("utf-8")) > 8 * causal.N_PROMPT, name
