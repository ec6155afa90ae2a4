"""The parts of the CPU benchmark that compute: floors, sizes, tables, reasons; and that busy cores become idle."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from model.config import EMBEDDED
from model.load import load_engine
from model.types import ModelSpec
from tests.bench.cpu import fills, machine, report, sizes
from tests.bench.cpu.busy import busy
from tests.bench.cpu.clock import median, p95, timed
from tests.bench.cpu.floor import Rates, Shapes, Work, decoder_pass, encoder_pass, floor_ms, read_shapes
from tests.bench.cpu.fresh import Failed, clean, reason, run_job
from tests.bench.cpu.sections import QUICK, Plan, only, step_median

SHAPES = Shapes(layer_weights=1000, conditioning_weights=100, vocab_size=50, hidden_size=10, n_layers=2, query_width=8)
RATES = Rates(n_threads=1, float32_gflops=10.0, int8_gflops=20.0, bfloat16_gflops=None, memory_gb_s=5.0)


def test_decoder_pass_counts_what_a_step_must_do() -> None:
    # 4 positions x 1,100 weights + 2 free x 500 scores; 2 products x 2 layers x 8 wide x 4 positions x 10 keys
    assert decoder_pass(SHAPES, n_canvas=4, n_prompt=6, n_free=2) == Work(5400, 1280, 1600)


def test_encoder_pass_is_causal_and_scores_one_token() -> None:
    # 3 positions see 1 + 2 + 3 keys
    assert encoder_pass(SHAPES, n_prompt=3) == Work(3500, 2 * 2 * 8 * 6, 1500)


def test_floor_is_the_longer_of_arithmetic_and_memory() -> None:
    products = Work(weight_macs=10**7, attention_macs=10**6, n_weights=1)
    assert floor_ms(products, RATES, "float32") == pytest.approx(2.2)  # 22 million operations at 10 GFLOP/s
    assert floor_ms(products, RATES, "int8") == pytest.approx(1.2)  # attention stays in float32
    reads = Work(weight_macs=1, attention_macs=1, n_weights=10**7)
    assert floor_ms(reads, RATES, "float32") == pytest.approx(8.0)  # 40 MB at 5 GB/s
    assert floor_ms(reads, RATES, "int8") == pytest.approx(2.0)
    assert floor_ms(reads, RATES, "bfloat16") is None  # its rate was not measured


def test_shapes_are_read_from_the_header_of_the_weights(tmp_path: Path) -> None:
    text = {"vocab_size": 50, "hidden_size": 10, "num_hidden_layers": 2, "num_attention_heads": 2, "head_dim": 4}
    (tmp_path / "config.json").write_text(json.dumps({"text_config": text | {"top_k_experts": 1, "num_experts": 4}}))
    tensors = {
        "model.decoder.layers.0.mlp.up_proj.weight": [20, 10],
        "model.decoder.layers.0.experts.down_proj": [4, 5, 10],  # one of four experts is used
        "model.decoder.layers.0.input_layernorm.weight": [10],
        "model.decoder.self_conditioning.up_proj.weight": [7, 10],
        "model.decoder.embed_tokens.weight": [50, 10],
    }
    header = json.dumps({name: {"shape": shape} for name, shape in tensors.items()} | {"__metadata__": {}}).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    assert read_shapes(tmp_path) == Shapes(250, 70, 50, 10, 2, 8)


def test_busy_spins_and_leaves_nothing_behind() -> None:
    with pytest.raises(KeyError), busy(2) as children:
        before = sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in children)
        psutil.Process().cpu_percent(0.3)
        after = sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in children)
        assert after > before
        raise KeyError
    assert not any(psutil.pid_exists(pid) for pid in children)


def test_nobody_busy_costs_no_process() -> None:
    with busy(0) as children:
        assert children == []


def test_times() -> None:
    assert len(timed(lambda: None, seconds=0.0, least=5)) == 5
    assert len(timed(lambda: None, seconds=9.0, most=7)) == 7
    assert (median([3.0, 1.0, 2.0]), p95([float(i) for i in range(100)])) == (2.0, 95.0)


def test_tables_fill_up_short_rows_and_keep_bars_out() -> None:
    assert report.table(["a", "b"], [["1"], ["x|y", "2"]]).splitlines() == [
        "| a | b |", "| --- | --- |", "| 1 |  |", "| x/y | 2 |",
    ]  # fmt: skip


@pytest.mark.parametrize(("value", "shown"), [(None, "-"), (0.1234, "0.123"), (12.34, "12.3"), (1234.5, "1,234")])
def test_numbers(value: float | None, shown: str) -> None:
    assert report.number(value) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(30.0, 10.0, "3.0×"), (1.0, 3.0, "0.33×"), (1.0, 30.0, "0.033×"), (None, 1.0, "-"), (1.0, None, "-")],
)
def test_ratios(part: float | None, whole: float | None, shown: str) -> None:
    assert report.ratio(part, whole) == shown


def test_a_runtime_that_failed_is_a_row_with_the_reason() -> None:
    rates = [some_rates(n) for n in (1, 2)]
    cell = {"prompt": 128, "canvas": 16, "first_s": 0.1, "ms": [4.0, 2.0, 3.0]}
    ran = {"steps": [cell], "encode": [{"prompt": 128, "ms": [5.0]}], "isa": None}
    found = {"torch": ran, "openvino-float32": Failed("ModuleNotFoundError: No module named 'openvino'")}
    raw = {"machine": {"rates": rates}, "steps": {"n_threads": 1, "runtimes": found}}
    text = report.report({**raw, "machine": {**raw["machine"], **MACHINE}})
    assert "| OpenVINO float32 | ModuleNotFoundError: No module named 'openvino' |" in text
    assert step_median(ran, 128, 16) == 3.0 and "| torch eager float32 | 3.0 / " in text
    assert step_median(found["openvino-float32"], 128, 16) is None


def test_a_disturbed_part_says_so() -> None:
    assert report.disturbed({"disturbed": {}}) == ""
    assert "torch (0.50 of a core)" in report.disturbed({"disturbed": {"torch": 0.5}})


def test_what_was_disturbed_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter((0.0, 9.0, 9.0, 9.0))  # others are busy during the first call only
    monkeypatch.setattr(machine, "system_seconds", lambda: next(seconds))
    monkeypatch.setattr(machine, "own_seconds", lambda: 0.0)
    calls: list[int] = []
    assert machine.alone(lambda: calls.append(1)) == (None, 0.0)
    assert len(calls) == 2


MACHINE = {
    "machine": "some processor", "system": "Linux", "date": "2026-01-01", "cores": 2, "n_threads": 1,
    "features": ["avx2"], "versions": {"numpy": "2"},
}  # fmt: skip


def some_rates(n_threads: int) -> Rates:
    return Rates(n_threads, 90.0 * n_threads, 180.0 * n_threads, None, 20.0)


def test_a_job_that_raises_is_a_reason() -> None:
    assert run_job("clock.nothing", {}) == Failed(
        "AttributeError: module 'tests.bench.cpu.clock' has no attribute 'nothing'"
    )


def test_reasons() -> None:
    assert reason(1, "Traceback\n  x\nRuntimeError: no such thing\n\n") == "no such thing"
    assert reason(-4, "whatever") == "ended by signal 4"
    assert reason(3, "") == "exit status 3"


def test_settings_of_the_shell_do_not_reach_a_job() -> None:
    assert clean({"OMP_NUM_THREADS": "9", "PATH": "/bin", "OPENBLAS_CORETYPE": "x"}) == {"PATH": "/bin"}


def test_sizes_follow_requirements_and_name_what_is_missing() -> None:
    found = sizes.closure(["pytest", "no-such-distribution"])
    assert {"pytest", "pluggy", "packaging"} <= found.keys() and found["no-such-distribution"] is None
    size, n, missing = sizes.megabytes(["pytest", "no-such-distribution"])
    assert 0.5 < size < 500 and n == len(found) and missing == ["no-such-distribution"]


def test_runtimes_can_be_chosen() -> None:
    plan = only(Plan(), ["torch", "torchao"])
    assert (plan.runtimes, plan.masked_runtimes, plan.fill_runtimes) == (("torch", "torchao"), ("torch",), ("torch",))


def test_torchao_makes_a_pass(tmp_path: Path) -> None:
    pytest.importorskip("torchao", reason="torchao is there after `make bench-cpu` only")
    asked = {"runtime": "torchao", "scratch": str(tmp_path), "n_threads": 1, "prompts": [1], "canvases": [16]}
    done = run_job("steps.grid", {**asked, "encoded": [], "seconds": 0.1})
    assert not isinstance(done, Failed), done


def test_quick_measures_no_more_than_the_whole() -> None:
    whole = Plan()
    assert set(QUICK.runtimes) <= set(whole.runtimes) and set(QUICK.canvases) <= set(whole.canvases)
    assert max(whole.prompts) + max(whole.canvases) <= 1024  # the embedded model's sliding window


def test_holes_with_a_long_prompt_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fills, "long_files", lambda: [fills.Path(report.__file__), fills.Path(machine.__file__)])
    monkeypatch.setattr(fills, "PROMPT_TOKENS", 300)
    monkeypatch.setattr(fills, "SPREAD", 299)
    engine = load_engine(ModelSpec(str(EMBEDDED), threads=1))
    (found,) = fills.deep_holes(engine, 1)
    request, around = found
    assert request.text[request.offset] == "\n" and around.prompt_ids
    removed, selection = next(fills.block_requests(1))
    assert len(selection.text) > len(removed.text) and selection.selection.start < removed.offset
