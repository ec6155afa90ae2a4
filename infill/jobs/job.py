"""The job: one frozen value that says what is to be done to a tree, as `JOB.toml` and the command line both give it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from model.types import Quant

Action = Literal["fill", "rewrite", "refine"]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Count = Annotated[int, Meta(ge=1, le=10**9)]
TODO_BODIES = "todo-bodies"


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of `JOB.toml`; a key that is not known is an error."""


class Select(_Table, frozen=True, kw_only=True):
    """Which places: `selector` is read by `infill.jobs.selector`; `changed` is git's name of the state to compare with.

    `exclude` has patterns as in an ignore file, relative to the tree. No `languages`: all that have a grammar.
    """

    paths: tuple[str, ...] = (".",)
    selector: str = TODO_BODIES
    languages: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    changed: str | None = None
    ignored: bool = False  # also files that an ignore file or the list of secret files excludes
    context: bool = True  # the model reads other files of the project


class Freeze(_Table, frozen=True, kw_only=True):
    """What comes back character for character: `signatures`, `comments`, `strings`, or tree-sitter queries."""

    parts: tuple[str, ...] = ()


class Instruct(_Table, frozen=True, kw_only=True):
    """What the model is told: `text` for a rewrite, `strength` (share of the tokens) for a refinement."""

    text: str | None = None
    strength: Share = 0.4


class Verify(_Table, frozen=True, kw_only=True):
    """What must pass: `command` is run by the shell in a copy of the tree.

    `carry` names ignored files and folders that the copy needs; they are linked, not copied. `junit` is where the
    command writes a report of its tests. `formatter` is `auto`, `none` or a command that reads standard input.
    """

    command: str | None = None
    seconds: Annotated[float, Meta(gt=0, le=86_400)] = 600.0
    memory_mb: Count = 8192
    processes: Count = 256
    runs: Count = 200
    carry: tuple[str, ...] = ()
    junit: str | None = None
    formatter: str = "auto"


class Limits(_Table, frozen=True, kw_only=True):
    """How much at most; what is over `files` or `holes` is refused before the model is loaded."""

    files: Count = 10_000
    holes: Count = 100_000
    candidates: Annotated[int, Meta(ge=1, le=16)] = 1
    confidence: Share | None = None  # None: what the model would show unasked, for fills
    hole_ms: Count | None = None


class Model(_Table, frozen=True, kw_only=True):
    """Which model, as `--model` and the options beside it name it."""

    name: str | None = None
    engine: Literal["local", "http"] = "local"
    url: str | None = None
    quant: Quant | None = None
    device: str | None = None
    threads: Annotated[int, Meta(ge=1, le=1024)] | None = None


class JobSpec(_Table, frozen=True, kw_only=True):
    """What is to be done to a tree. Two equal specs over equal files and weights give the same bytes."""

    action: Action = "fill"
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    select: Select = Select()
    freeze: Freeze = Freeze()
    instruct: Instruct = Instruct()
    verify: Verify = Verify()
    limits: Limits = Limits()
    model: Model = Model()
