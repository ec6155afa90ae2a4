"""The shape of the project: the floor plan, which package may import what, and what importing costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

from dg_lsp import __version__

ROOT = Path(__file__).parent.parent
PACKAGES = ("dg_lsp", "infill", "model")
PLAN = Path(__file__).with_name("floor_plan.toml")
# Who may not import what, at any level of a file.
TENSORS = {"torch", "transformers", "onnxruntime", "numpy"}
NETWORK = {"httpx2"}  # only for a model that is in a server
FORBIDDEN = {
    "dg_lsp": TENSORS | NETWORK | {"tokenizers", "safetensors", "tree_sitter"},
    "infill": TENSORS | NETWORK | {"tokenizers", "safetensors", "pygls", "lsprotocol", "dg_lsp"},
    "model": {"tree_sitter", "pygls", "lsprotocol", "dg_lsp", "infill"},
}
LONGEST_FILE, MEDIAN_FILE = 250, 110  # lines
TABLES = {"infill/syntax/language_table.py"}  # files that are tables may be longer
LONGEST_FUNCTION, MOST_PARAMETERS = 50, 6  # lines; parameters besides `self` and `cls`
# What is still too large. Take out what you have mended: nothing may be added.
TOO_LARGE: set[str] = set()  # what is still to be split

Graph = Mapping[str, set[str]]


def imported(path: Path) -> set[str]:
    """Top-level names of everything a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def modules(root: Path) -> dict[str, Path]:
    """Every file of the packages by its dotted name."""
    files = (f for package in PACKAGES for f in (root / package).rglob("*.py"))
    return {".".join(f.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): f for f in files}


def arrows(root: Path) -> dict[str, set[str]]:
    """By file, the files of ours that it imports, at any level and for types only too."""
    known = modules(root)
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        own = found[name] = set[str]()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                own |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                own |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        own &= {other for other, file in known.items() if file.name != "__init__.py"}
    return found


def room(name: str, known: Mapping[str, Path]) -> str:
    """The folder of a file in a package, or a file that lies beside the folders, as `infill/types`."""
    parts = name.split(".")
    is_package = known[name].name == "__init__.py"
    return "/".join(parts[:2]) if len(parts) > 2 or not is_package or len(parts) == 2 else parts[0]


def room_arrows(root: Path) -> dict[str, set[str]]:
    """By room, the rooms that its files import."""
    known = modules(root)
    found: dict[str, set[str]] = {}
    for name, others in arrows(root).items():
        own = room(name, known)
        found.setdefault(own, set()).update({room(other, known) for other in others} - {own})
    return found


def planned() -> dict[str, set[str]]:
    """The floor plan, rooms by their full names."""
    plan: dict[str, set[str]] = {}
    for package, rooms in tomllib.loads(PLAN.read_text()).items():
        for name, others in rooms.items():
            full = (other if other.split("/")[0] in PACKAGES else f"{package}/{other}" for other in others)
            plan[f"{package}/{name}"] = set(full)
    return plan


def circle(graph: Graph) -> list[str]:
    """One circle of a graph, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_arrow_between_folders_is_in_the_floor_plan(capsys: pytest.CaptureFixture[str]) -> None:
    found, plan = room_arrows(ROOT), planned()
    with capsys.disabled():
        print()
        for name in sorted(plan):
            print(f"  {name:24} -> {', '.join(sorted(plan[name]))}")
    unplanned = {name: extra for name, own in found.items() if (extra := own - plan.get(name, set()))}
    assert not unplanned, "an arrow that tests/floor_plan.toml does not have"
    unused = {name: extra for name, own in plan.items() if (extra := own - found.get(name, set()))}
    assert not unused, "tests/floor_plan.toml has an arrow that no file needs"


def test_no_circle_between_folders_or_files() -> None:
    assert circle(planned()) == []
    assert circle(room_arrows(ROOT)) == []
    assert circle(arrows(ROOT)) == []


def test_the_plan_sees_a_circle_and_an_arrow_for_types_only(tmp_path: Path) -> None:
    for package in PACKAGES:
        (tmp_path / package / "a").mkdir(parents=True)
    (tmp_path / "infill" / "a" / "one.py").write_text("from infill.a import two\n")
    (tmp_path / "infill" / "a" / "two.py").write_text(
        "if TYPE_CHECKING:\n    from infill.a.one import One\nimport model.a.three\n"
    )
    (tmp_path / "model" / "a" / "three.py").write_text("")
    assert sorted(set(circle(arrows(tmp_path)))) == ["infill.a.one", "infill.a.two"]
    assert room_arrows(tmp_path)["infill/a"] == {"model/a"}


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    wrong = {str(f.relative_to(ROOT)): bad for f in files if (bad := imported(f) & FORBIDDEN[package])}
    assert not wrong


def test_every_folder_says_what_it_holds() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules(ROOT).values()
        if path.name == "__init__.py" and len(path.parts) - len(ROOT.parts) > 2
        if not (ast.get_docstring(ast.parse(path.read_text())) or "")
    ]
    assert not silent


Function = ast.FunctionDef | ast.AsyncFunctionDef


def n_parameters(function: Function) -> int:
    """How many parameters a function has, `self` and `cls` not counted."""
    own = function.args
    named = [*own.posonlyargs, *own.args, *own.kwonlyargs, *(a for a in (own.vararg, own.kwarg) if a is not None)]
    return sum(parameter.arg not in ("self", "cls") for parameter in named)


def is_kernel(function: Function) -> bool:
    """Whether it is compiled for a GPU: such a function takes every pointer and every size by itself."""
    return any("jit" in ast.unparse(decorator) for decorator in function.decorator_list)


def too_large(name: str, text: str) -> dict[str, str]:
    """What of a file is over a limit, and by how much: the file by its name, a function as `file:function`."""
    found: dict[str, str] = {}
    n_lines = len(text.splitlines())
    if n_lines > LONGEST_FILE and name not in TABLES:
        found[name] = f"{n_lines} lines"
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, Function) or is_kernel(node):
            continue
        length, n = (node.end_lineno or node.lineno) - node.lineno + 1, n_parameters(node)
        over = [f"{length} lines"] * (length > LONGEST_FUNCTION) + [f"{n} parameters"] * (n > MOST_PARAMETERS)
        if over:
            found[f"{name}:{node.name}"] = ", ".join(over)
    return found


def test_files_and_functions_are_small(capsys: pytest.CaptureFixture[str]) -> None:
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in modules(ROOT).values()}
    found = {what: size for name, text in texts.items() for what, size in too_large(name, text).items()}
    with capsys.disabled():
        print()
        for what, size in sorted(found.items()):
            print(f"  too large: {what}: {size}")
        for what in sorted(TOO_LARGE - found.keys()):
            print(f"  mended, take it out of TOO_LARGE: {what}")
    assert not {what: size for what, size in found.items() if what not in TOO_LARGE}
    lengths = [len(text.splitlines()) for name, text in texts.items() if not name.endswith("__init__.py")]
    assert median(lengths) <= MEDIAN_FILE


def test_the_limits_see_what_is_too_large() -> None:
    text = (
        "def f(self, a, b, *c, d, e, **f):\n" + "    a\n" * 50 + "@jit\ndef g(a, b, c, d, e, f, g): ...\n" + "\n" * 250
    )
    assert too_large("a.py", text) == {"a.py": "303 lines", "a.py:f": "51 lines"}
    assert too_large("a.py", "async def f(a, b, c, d, e, f, *, g): ...") == {"a.py:f": "7 parameters"}


def test_one_file_imports_onnx_runtime() -> None:
    """It switches the library's telemetry off before: see its docstring."""
    users = {str(f.relative_to(ROOT)) for f in modules(ROOT).values() if "onnxruntime" in imported(f)}
    assert users == {"model/onnx/runtime.py"}


def test_the_check_sees_a_wrong_arrow(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from torch.nn import functional\n    import pygls.server\n")
    assert imported(bad) == {"torch", "pygls"}


@pytest.mark.parametrize("module", ["dg_lsp.app.server", "dg_lsp.app.cli", "infill.cli.main", "infill.pipeline.filler"])
def test_importing_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {sorted(TENSORS | NETWORK)} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_the_plugins_have_the_version_of_the_package() -> None:
    editors = ROOT / "editors"
    for name in ("package.json", "package-lock.json"):
        assert json.loads((editors / "vscode" / name).read_text("utf-8"))["version"] == __version__, name
    assert f";; Version: {__version__}\n" in (editors / "emacs" / "dg-lsp.el").read_text("utf-8")
