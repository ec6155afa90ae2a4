"""Functions that take or return arrays say of which shape."""

from __future__ import annotations

import ast
import re
from pathlib import Path

MODEL = Path(__file__).parents[2] / "model"
ARRAY = re.compile(r"\b(Tensor|NDArray|ndarray|Floats|Ids|Flags|Arrays|Past|Answers|Packed)\b")
SHAPE = re.compile(r"\[[\w.*+/, ]*\]")  # [B, V], [..., dim], [T, N + T], [] of a single number
WITHOUT: set[str] = set()  # functions that need no shape, as `file:function`

Function = ast.FunctionDef | ast.AsyncFunctionDef
Contracts = dict[tuple[str, tuple[str, ...]], str]


def parameters(function: Function) -> list[ast.arg]:
    """Every parameter of a function."""
    own = function.args
    return [*own.posonlyargs, *own.args, *own.kwonlyargs, *(a for a in (own.vararg, own.kwarg) if a is not None)]


def takes_arrays(function: Function) -> bool:
    """Whether an annotation of a function names a type of arrays."""
    annotations = [*(a.annotation for a in parameters(function)), function.returns]
    return any(ARRAY.search(ast.unparse(a)) for a in annotations if a is not None)


def has_shape(function: Function, lines: list[str]) -> bool:
    """Whether the docstring of a function, or a comment beside its signature, has a shape."""
    first = function.body[0]
    end = max(function.lineno, first.lineno - 1)
    beside = " ".join(line.partition("  # ")[2] for line in lines[function.lineno - 1 : end])
    return bool(SHAPE.search(ast.get_docstring(function) or "") or SHAPE.search(beside))


def key(function: Function) -> tuple[str, tuple[str, ...]]:
    """What a method has in common with the method of the protocol that it fulfils: names of itself and parameters."""
    return function.name, tuple(a.arg for a in parameters(function))


def contracts(texts: dict[str, str]) -> Contracts:
    """Methods of protocols that state shapes, and where: who fulfils one says nothing again."""
    found: Contracts = {}
    for name, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Protocol" for base in node.bases):
                methods = (m for m in node.body if isinstance(m, Function) and has_shape(m, text.splitlines()))
                found |= {key(method): f"{name}:{node.name}" for method in methods}
    return found


def without_shapes(texts: dict[str, str]) -> set[str]:
    """Functions on arrays that state no shape, as `file:function`.

    A method without a docstring may leave it to its protocol; `__init__` and `forward` to the docstring of their class.
    """
    known, found = contracts(texts), set[str]()
    for name, text in texts.items():
        tree, lines = ast.parse(text), text.splitlines()
        told: set[Function] = set()
        for owner in ast.walk(tree):
            if isinstance(owner, ast.ClassDef):
                silent = [m for m in owner.body if isinstance(m, Function) and ast.get_docstring(m) is None]
                told |= {m for m in silent if key(m) in known}
                if SHAPE.search(ast.get_docstring(owner) or ""):
                    told |= {m for m in silent if m.name in ("__init__", "forward")}
        functions = (f for f in ast.walk(tree) if isinstance(f, Function) and f not in told)
        found |= {f"{name}:{f.name}" for f in functions if takes_arrays(f) and not has_shape(f, lines)}
    return found


def test_functions_on_arrays_state_shapes() -> None:
    texts = {str(path.relative_to(MODEL.parent)): path.read_text() for path in MODEL.rglob("*.py")}
    assert without_shapes(texts) == WITHOUT


def test_the_check_sees_a_function_without_a_shape() -> None:
    text = '''
class Reads(Protocol):
    def read(self, ids: Ids) -> Floats:
        """Of ids [T]."""

class Reader:
    def read(self, ids: Ids) -> Floats: ...
    def write(self, ids: Ids) -> None:
        """Write them."""

class Layer(nn.Module):
    """From [..., dim] to [..., dim]."""
    def forward(self, x: Tensor) -> Tensor: ...
    def other(self, x: Tensor) -> Tensor: ...

def commented(x: Tensor) -> Tensor:  # [n, 2]
    return x

def indexed(x: np.ndarray) -> None:
    """Of ends[e - 1]."""

def plain(x: int) -> list[int]: ...
'''
    assert without_shapes({"a.py": text}) == {"a.py:write", "a.py:other", "a.py:indexed"}
