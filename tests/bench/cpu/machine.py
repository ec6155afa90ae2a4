"""The processor, what it can do in principle (features) and what it does in fact (rates).

Rates are of products and reads as large as it takes to be fast: GFLOP/s count a multiply-add as two.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import psutil

from tests.bench.cpu.clock import timed
from tests.bench.cpu.floor import FLOPS_PER_MULTIPLY_ADD, Rates
from tests.bench.cpu.fresh import Failed, run_job

T = TypeVar("T")

# Names of /proc/cpuinfo; the last two are of ARM.
FEATURES = ("avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimddp", "i8mm")
BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}
M, K, N = 512, 1024, 1024  # of the products
USED = ("user", "nice", "system", "irq", "softirq", "steal")  # kinds of CPU time that were not idle
ATTEMPTS = 2
DISTURBED = 0.15  # of a core
N_READ = 32 << 20  # float32 numbers read: 128 MiB, more than any cache holds


def features() -> set[str]:
    """Every feature that the system names; empty where it names none."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return set()
    lines = path.read_text().splitlines()
    return next((set(line.split(":", 1)[1].split()) for line in lines if line.startswith(("flags", "Features"))), set())


def n_cores() -> int:
    """Cores that this process may use."""
    process = psutil.Process()
    return len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else psutil.cpu_count() or 1


def alone(call: Callable[[], T]) -> tuple[T, float]:
    """What the call gave, and how many cores others had meanwhile; called again if that was a good part of one."""
    for attempt in range(ATTEMPTS):
        usage = Usage()
        result, others = call(), usage.others()
        if others < DISTURBED or attempt + 1 == ATTEMPTS:
            return result, others
    raise AssertionError("no attempt was made")


class Usage:
    """Whose the processor was since this was made."""

    def __init__(self) -> None:
        self._started, self._own, self._system = time.monotonic(), own_seconds(), system_seconds()

    def others(self) -> float:
        """Cores (1.0 is one all the time) that other programs had, or other machines on the same hardware."""
        theirs = system_seconds() - self._system - (own_seconds() - self._own)
        return max(0.0, theirs / (time.monotonic() - self._started))


def system_seconds() -> float:
    """CPU seconds that any program took, and that a hypervisor took from all."""
    times = psutil.cpu_times()
    return sum(getattr(times, name, 0.0) for name in USED)


def own_seconds() -> float:
    """CPU seconds of this process and of all that it or its children have waited for."""
    times = psutil.Process().cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def rates(n_threads: int, seconds: float) -> Rates | Failed:
    """Measured rates at `n_threads`, from a fresh process."""
    args = {"n_threads": n_threads, "seconds": seconds}
    result = run_job("machine.measure_rates", args, {"OPENBLAS_NUM_THREADS": str(n_threads)})
    return result if isinstance(result, Failed) else Rates(**result)


def measure_rates(n_threads: int, seconds: float) -> dict[str, float | None]:
    """Job: the fields of `Rates`. float32 is the faster one of ONNX Runtime and NumPy's library."""
    plain = [numpy_gflops(seconds), graph_gflops("MatMul", n_threads, seconds)]
    return {
        "n_threads": n_threads,
        "float32_gflops": max(rate for rate in plain if rate is not None),
        "int8_gflops": graph_gflops("MatMulInteger", n_threads, seconds),
        "bfloat16_gflops": torch_bfloat16_gflops(n_threads, seconds) if features() & BFLOAT16 else None,
        "memory_gb_s": memory_gb_s(n_threads, seconds),
    }


def gflops(times_ms: list[float]) -> float:
    """The rate of the fastest product: what slowed the others is not the processor's limit."""
    return FLOPS_PER_MULTIPLY_ADD * M * K * N / min(times_ms) / 1e6


def numpy_gflops(seconds: float) -> float:
    """float32 product of NumPy, at as many threads as its environment says."""
    rng = np.random.default_rng(0)
    a, b = rng.random((M, K), dtype=np.float32), rng.random((K, N), dtype=np.float32)
    return gflops(timed(lambda: a @ b, seconds, most=1000))


def graph_gflops(operator: str, n_threads: int, seconds: float) -> float | None:
    """One product with a constant matrix in ONNX Runtime; None without the library that writes graphs."""
    try:
        import onnx
    except ImportError:
        return None
    import onnxruntime as ort

    helper, rng = onnx.helper, np.random.default_rng(0)
    if operator == "MatMul":
        a, b = rng.random((M, K), dtype=np.float32), rng.random((K, N), dtype=np.float32)
        kinds = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT
    else:
        a, b = rng.integers(0, 256, (M, K), dtype=np.uint8), rng.integers(-63, 64, (K, N), dtype=np.int8)
        kinds = onnx.TensorProto.UINT8, onnx.TensorProto.INT32
    graph = helper.make_graph(
        [helper.make_node(operator, ["a", "b"], ["c"])],
        "product",
        [helper.make_tensor_value_info("a", kinds[0], [M, K])],
        [helper.make_tensor_value_info("c", kinds[1], [M, N])],
        [onnx.numpy_helper.from_array(b, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = ort.SessionOptions()
    options.intra_op_num_threads = n_threads
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return gflops(timed(lambda: session.run(None, {"a": a}), seconds, most=1000))


def torch_bfloat16_gflops(n_threads: int, seconds: float) -> float | None:
    """bfloat16 product of torch; None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(n_threads)
    a, b = torch.rand(M, K).bfloat16(), torch.rand(K, N).bfloat16()
    return gflops(timed(lambda: a @ b, seconds, most=1000))


def memory_gb_s(n_threads: int, seconds: float) -> float:
    """Bytes read per second from memory by threads that each go over a part of one array."""
    numbers = np.ones(N_READ, np.float32)
    parts = np.array_split(numbers, n_threads)
    with ThreadPoolExecutor(n_threads) as pool:

        def read() -> None:
            list(cast("Any", pool).map(lambda part: part @ part, parts))

        times = timed(read, seconds, most=1000)
    return numbers.nbytes / min(times) / 1e6
