"""`JOB.toml`: what it says becomes one value; what is wrong is told with the key and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill.jobs.job import Freeze, Instruct, JobSpec, Limits, Model, Select, Verify
from infill.jobs.job_file import parse_job, read_job
from infill.types import InputError

WHOLE = b"""\
action = "rewrite"
seed = 7

[select]
paths = ["src"]
selector = "calls:old"
languages = ["python"]
exclude = ["gen/"]
changed = "main"

[freeze]
parts = ["signatures"]

[instruct]
text = "use new instead of old"

[verify]
command = "pytest -q"
seconds = 90
carry = [".venv"]

[limits]
holes = 50
candidates = 3
confidence = 0.5

[model]
name = "embedded"
threads = 1
"""


def test_every_table_is_read() -> None:
    assert parse_job(WHOLE) == JobSpec(
        action="rewrite",
        seed=7,
        select=Select(paths=("src",), selector="calls:old", languages=("python",), exclude=("gen/",), changed="main"),
        freeze=Freeze(parts=("signatures",)),
        instruct=Instruct(text="use new instead of old"),
        verify=Verify(command="pytest -q", seconds=90.0, carry=(".venv",)),
        limits=Limits(holes=50, candidates=3, confidence=0.5),
        model=Model(name="embedded", threads=1),
    )


def test_an_empty_file_is_a_job() -> None:
    assert parse_job(b"") == JobSpec()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[select]\npath = ['x']", "select.path: is no key; there are paths, selector, languages, exclude"),
        ("[verify]\nseconds = 'long'", "verify.seconds: expected `float`, got `str`"),
        ("[limits]\nholes = 0", "limits.holes: expected `int` >= 1"),
        ("[limits]\nconfidence = 2", "limits.confidence: expected"),
        ("[select]\npaths = ['a', 3]", "select.paths[1]: expected `str`, got `int`"),
        ("action = 'delete'", "action: invalid enum value 'delete'"),
        ("select = 3", "select: expected a table, got `int`"),
        ("verfiy = 1", "verfiy: is no key; there are action, seed, select, freeze, instruct, verify, limits, model"),
        ("[select", "is not TOML"),
        ("[select]\nselector = 'bodies'", "selector 'bodies': is not one of todo-bodies, no-docstring"),
        ("[select]\nselector = 'calls:'", "selector 'calls:': is not one of"),
        ("[select]\nselector = 'calls:f'", 'nothing is missing there; set action = "rewrite"'),
        ("[instruct]\ntext = 'x'", "the action fill takes no instruction"),
        ("action = 'rewrite'\n[instruct]\ntext = ' '", "instruct.text: is empty"),
        ("action = 'refine'\n[select]\nselector = 'marker:X'", 'is for action = "fill"'),
        ("[freeze]\nparts = ['names']", "freeze.parts 'names': is not one of signatures, comments, strings"),
        ("[verify]\njunit = 'r.xml'", "verify.junit: needs verify.command"),
        ("[select]\npaths = []", "select.paths: is empty"),
    ],
)
def test_what_is_wrong_names_the_key(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_job(text.encode())
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: no such file"):
        read_job(str(tmp_path / "none.toml"))
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"bad\.toml: is not TOML"):
        read_job(str(tmp_path / "bad.toml"))
    (tmp_path / "key.toml").write_text("sed = 1")
    with pytest.raises(InputError, match=r"key\.toml: sed: is no key"):
        read_job(str(tmp_path / "key.toml"))
