"""The parts of the benchmark, each a function from what was asked to raw numbers. Tables are `report.py`'s work.

Every number of a runtime comes from a process of its own. One that fails is a `Failed` with the reason, in place
of its numbers.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Sequence, Set
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import msgspec

from infill.bench.tables import machine as machine_line
from model.config import EMBEDDED
from model.hardware.threads import default_threads
from tests.bench.cpu import floor, machine, masked, sizes
from tests.bench.cpu.causal_section import measure_default
from tests.bench.cpu.floor import Rates
from tests.bench.cpu.fresh import Failed, run_job
from tests.bench.cpu.runtimes import BY_KEY, FIRST, RUNTIMES, SHIPPED, Runtime

Result = dict[str, Any]
T = TypeVar("T")
WITH_GRAPHS = {"steps", "busy", "masked", "startup", "agreement"}  # parts that read more than the shipped ones
LIBRARIES = ("torch", "transformers", "torchao", "onnxruntime", "openvino", "numpy")


class Plan(msgspec.Struct, frozen=True):
    """How much is measured."""

    canvases: tuple[int, ...] = (16, 32, 48, 64, 128)
    prompts: tuple[int, ...] = (1, 128, 512, 896)  # with the canvas they fit the sliding window of 1,024
    encoded: tuple[int, ...] = (128, 512, 896)
    typical: tuple[int, int] = (512, 48)  # prompt and canvas where one cell must do
    seconds: float = 0.4  # for each cell
    load_seconds: float = 1.5  # for each cell on a busy machine, where passes differ more
    starts: int = 3
    agreement_holes: int = 12
    fill_holes: int = 32
    blocks: int = 5
    runtimes: tuple[str, ...] = tuple(r.key for r in RUNTIMES)
    busy_threads: tuple[int, ...] = (2,)  # besides the default number
    masked_runtimes: tuple[str, ...] = tuple(masked.HONOURED)
    fill_runtimes: tuple[str, ...] = (SHIPPED, FIRST)
    masked_levels: tuple[masked.Level, ...] = masked.LEVELS
    gguf: Path | None = None  # what the default model was made from, where it is not in the hub's cache
    default_rounds: int = 3
    default_prompts: int = 3
    default_written: int = 32  # tokens


QUICK = Plan(
    canvases=(48,),
    prompts=(512,),
    encoded=(512,),
    seconds=0.1,
    load_seconds=0.2,
    starts=1,
    agreement_holes=2,
    fill_holes=3,
    blocks=1,
    runtimes=(FIRST, SHIPPED),
    busy_threads=(),
    masked_runtimes=(SHIPPED,),
    fill_runtimes=(SHIPPED,),
    masked_levels=(masked.AS_IS,),
    default_rounds=1,
    default_prompts=1,
    default_written=8,
)


def only(plan: Plan, keys: Sequence[str]) -> Plan:
    """The plan with no other runtimes than these."""
    names = ("runtimes", "masked_runtimes", "fill_runtimes")
    kept = {name: tuple(key for key in getattr(plan, name) if key in keys) for name in names}
    return msgspec.structs.replace(plan, **kept)


class Bench(msgspec.Struct, frozen=True):
    """What all parts share."""

    plan: Plan
    scratch: str
    n_cores: int
    n_threads: int  # what a fill takes by default
    unwritten: str | None  # why there are no graphs but the shipped ones
    disturbed: dict[str, float]  # cores that others had while something was measured

    def ask(
        self, runtime: Runtime, job: str, settings: dict[str, str] | None = None, **args: object
    ) -> Result | Failed:
        """A job of one runtime."""
        if self.unwritten is not None and runtime.folder != "embedded":
            return Failed(f"no graphs: {self.unwritten}")
        n_threads = args.get("n_threads")
        what = runtime.label + (f" at {threads(n_threads)}" if isinstance(n_threads, int) else "")
        say(f"  {what}")
        request = {"runtime": runtime.key, "scratch": self.scratch, **args}
        return self.alone(what, lambda: run_job(job, request, settings))

    def alone(self, what: str, call: Callable[[], T]) -> T:
        """What the call gave; notes if other programs were busy, again and again."""
        result, others = machine.alone(call)
        if others >= machine.DISTURBED:
            self.disturbed[what] = max(others, self.disturbed.get(what, 0.0))
        return result

    def runtimes(self, compiled: bool = False) -> list[Runtime]:
        """Those planned; with `compiled` also those that need seconds of it, and so are measured once."""
        return [r for r in RUNTIMES if r.key in self.plan.runtimes and (compiled or not r.compiled)]


def open_bench(plan: Plan, scratch: str, names: Set[str]) -> Bench:
    """Everything ready to measure; writing graphs takes a while and the libraries of training."""
    unwritten: str | None = None
    if names & WITH_GRAPHS and any(BY_KEY[key].folder != "embedded" for key in plan.runtimes):
        say("writing graphs")
        done = run_job("runtimes.write_graphs", {"scratch": scratch})
        unwritten = done.reason if isinstance(done, Failed) else None
    return Bench(plan, scratch, machine.n_cores(), default_threads(), unwritten, {})


def measure_machine(bench: Bench) -> Result:
    """Processor, features, versions; rates at every number of threads that anything here runs at."""
    counts = sorted({1, bench.n_threads, bench.n_cores})
    return {
        "machine": machine_line(),
        "system": f"{platform.system()} {platform.machine()}",
        "date": str(date.today()),
        "cores": bench.n_cores,
        "n_threads": bench.n_threads,
        "features": sorted(machine.features() & set(machine.FEATURES)),
        "versions": {name: found for name in LIBRARIES if (found := version_of(name))},
        "rates": [
            bench.alone(f"rates at {threads(n)}", lambda n=n: machine.rates(n, bench.plan.seconds)) for n in counts
        ],
    }


def measure_steps(bench: Bench) -> Result:
    """Single passes at the default number of threads, over the grid; of compiled runtimes one cell."""
    plan = bench.plan
    table: Result = {}
    for runtime in bench.runtimes(compiled=True):
        typical, whole = typical_cell(plan), dict(prompts=plan.prompts, canvases=plan.canvases, encoded=plan.encoded)
        size = typical if runtime.compiled else whole
        settings = uncached(f"{bench.scratch}/{runtime.key}") if runtime.compiled else None
        args: Result = dict(n_threads=bench.n_threads, seconds=plan.seconds)
        table[runtime.key] = bench.ask(runtime, "steps.grid", settings, **args, **size)
    return {"n_threads": bench.n_threads, "runtimes": table}


def uncached(folder: str) -> dict[str, str]:
    """Settings with which torch compiles everything anew, and leaves what it writes in `folder`."""
    return {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1", "TORCHINDUCTOR_CACHE_DIR": folder}


def typical_cell(plan: Plan) -> dict[str, Sequence[int]]:
    """A grid of one cell."""
    n_prompt, n_canvas = plan.typical
    return {"prompts": [n_prompt], "canvases": [n_canvas], "encoded": []}


def measure_busy(bench: Bench) -> Result:
    """One step while no core, half of them and all are busy, at the default number of threads and at two."""
    plan = bench.plan
    rows: list[Result] = []
    levels = sorted({0, max(1, bench.n_cores // 2), bench.n_cores})
    for runtime in bench.runtimes():
        for n_threads in sorted({bench.n_threads, *plan.busy_threads}):
            args: Result = dict(n_threads=n_threads, levels=levels, n_prompt=plan.typical[0], n_canvas=plan.typical[1])
            result = bench.ask(runtime, "steps.under_load", **args, seconds=plan.load_seconds)
            rows.append({"runtime": runtime.key, "n_threads": n_threads, "result": result})
    return {"levels": levels, "rows": rows}


def measure_masked(bench: Bench) -> Result:
    """One step with instruction sets hidden, where a runtime honours such a setting and the processor has them."""
    has = machine.features()
    rows: list[Result] = []
    for level in bench.plan.masked_levels:
        shown = not level.needs or level.needs in has
        say(f"  {level.name}{'' if shown else ': not on this processor'}")
        row: Result = {"level": level.name, "shown": shown, "runtimes": {}}
        for key in bench.plan.masked_runtimes if shown else ():
            args: Result = dict(n_threads=bench.n_threads, seconds=2 * bench.plan.seconds, **typical_cell(bench.plan))
            row["runtimes"][key] = bench.ask(BY_KEY[key], "steps.grid", level.settings, **args)
        rows.append(row)
    return {"rows": rows}


def measure_startup(bench: Bench) -> Result:
    """Process start to first step, memory, megabytes to install."""
    rows: Result = {}
    for runtime in bench.runtimes():
        asked = [bench.ask(runtime, "startup.first_step", n_threads=None, started="") for _ in range(bench.plan.starts)]
        ran = [a for a in asked if not isinstance(a, Failed)]
        result = {name: [a[name] for a in ran] for name in ("seconds", "peak_mib")} if ran else asked[0]
        rows[runtime.key] = {"result": result, "size": sizes.megabytes(runtime.needs)}
    return {"runtimes": rows, "plain_install": sizes.plain_install()}


def measure_agreement(bench: Bench) -> Result:
    """Every runtime's answers beside the float32 reference of the class."""
    path = str(Path(bench.scratch) / "reference.json")
    shared: Result = {"n_threads": bench.n_threads, "path": path}
    say("  the reference")
    asked = {"scratch": bench.scratch, "n_holes": bench.plan.agreement_holes, **shared}
    reference = run_job("agreement.write_reference", asked)
    if isinstance(reference, Failed):
        return {"reference": reference, "runtimes": {}}
    rows = {r.key: bench.ask(r, "agreement.compare", **shared) for r in bench.runtimes() if r.key != FIRST}
    return {"reference": reference, "runtimes": rows}


def measure_fills(bench: Bench) -> Result:
    """Whole fills of the shipped engine and of the first version's, and what they cost idle."""
    plan = bench.plan
    args: Result = dict(n_threads=None, n_holes=plan.fill_holes, n_blocks=plan.blocks, n_busy=bench.n_cores)
    return {"n_busy": bench.n_cores} | {
        "runtimes": {key: bench.ask(BY_KEY[key], "fills.whole_fills", **args) for key in plan.fill_runtimes}
    }


SECTIONS: dict[str, Callable[[Bench], Result]] = {
    "machine": measure_machine,
    "steps": measure_steps,
    "busy": measure_busy,
    "masked": measure_masked,
    "startup": measure_startup,
    "agreement": measure_agreement,
    "fills": measure_fills,
    "default": measure_default,
}


def measure(bench: Bench, names: Set[str]) -> Result:
    """Raw numbers of the named parts, in the order of `SECTIONS`."""
    raw: Result = {}
    for name in SECTIONS:
        if name in names:
            started = time.monotonic()
            say(name)
            raw[name] = SECTIONS[name](bench) | {"disturbed": dict(bench.disturbed)}
            bench.disturbed.clear()
            say(f"  took {time.monotonic() - started:.0f} s")
    return raw


def cell_floor(raw: Result, n_threads: int, arithmetic: floor.Arithmetic, n_prompt: int, n_canvas: int) -> float | None:
    """Milliseconds that a step cannot do without on this machine, as measured in the same run."""
    rates = rates_at(raw, n_threads)
    work = floor.decoder_pass(floor.read_shapes(EMBEDDED), n_canvas, n_prompt, n_canvas // 2)
    return None if rates is None else floor.floor_ms(work, rates, arithmetic)


def encoding_floor(raw: Result, n_threads: int, arithmetic: floor.Arithmetic, n_prompt: int) -> float | None:
    """The same for encoding a prompt."""
    rates = rates_at(raw, n_threads)
    work = floor.encoder_pass(floor.read_shapes(EMBEDDED), n_prompt)
    return None if rates is None else floor.floor_ms(work, rates, arithmetic)


def rates_at(raw: Result, n_threads: int) -> Rates | None:
    """The measured rates at this number of threads."""
    return next((r for r in raw["machine"]["rates"] if isinstance(r, Rates) and r.n_threads == n_threads), None)


def step_median(result: Result | Failed, n_prompt: int, n_canvas: int) -> float | None:
    """Median milliseconds of one cell of a grid."""
    if isinstance(result, Failed):
        return None
    cells = [c["ms"] for c in result["steps"] if (c["prompt"], c["canvas"]) == (n_prompt, n_canvas)]
    return median(cells[0]) if cells else None


def threads(n: int) -> str:
    """So many of them, in words."""
    return f"{n} thread{'s' * (n > 1)}"


def version_of(name: str) -> str | None:
    """The installed version of a distribution."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def say(line: str) -> None:
    """Progress, on standard error."""
    print(line, file=sys.stderr, flush=True)
