"""Planted faults: each is one, its diagnostic points at it, and what becomes of it is judged by the text before."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill.bench.code.code_set import CodeSet
from infill.bench.fix.faults import places
from infill.bench.fix.judge import verdict
from infill.bench.fix.messages import MESSAGES, Kind
from infill.bench.fix.planted import SYNTAX_KINDS, Planted, is_well_formed, plant, planted_at
from infill.bench.fix.run import answers, figures, fixed
from infill.bench.instruct.tasks import read_tasks
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import NoFill, Request, RewriteRequest
from tests.infill.fake_filler import FakeFiller, filled

ENDINGS = {"python": "py", "typescript": "ts", "go": "go", "rust": "rs"}
CODE = """\
import os
from json import dumps


class Store:
    def __init__(self, folder):
        self.folder = folder

    def write(self, name, values):
        place = os.path.join(self.folder, name)
        if values == []:
            return None
        print("to", place)
        return dumps(values)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CodeSet]:
    """Right code of each language, as files."""
    folder = tmp_path_factory.mktemp("code")
    by_language: dict[str, list[Path]] = {}
    for language, text in sorted({(placed.language, placed.text) for placed in read_tasks()}):
        own = by_language.setdefault(language, [])
        own.append(folder / f"file_{len(own)}.{ENDINGS[language]}")
        own[-1].write_text(text)
    return {name: CodeSet(name, (tuple(own),), "the tasks") for name, own in by_language.items()}


def fault(kind: Kind, text: str = CODE, language: str = "python", nth: int = 0) -> Planted:
    row = by_id(language)
    assert row is not None
    right = parse(row, text)
    return planted_at(right, "x", kind, places(right, kind)[nth])


@pytest.mark.parametrize("language", MESSAGES)
def test_every_planted_fault_is_one_and_taking_it_back_mends_it(language: str, files: dict[str, CodeSet]) -> None:
    faults = plant(files[language], 40, seed=1)
    assert faults == plant(files[language], 40, seed=1) != plant(files[language], 40, seed=2)
    assert len({planted.kind for planted in faults}) >= min(8, len(MESSAGES[language]) - 1)
    for planted in faults:
        assert planted.broken != planted.text and is_well_formed(language, planted.text)
        assert planted.kind not in SYNTAX_KINDS or not is_well_formed(language, planted.broken)
        assert 0 <= planted.problem.start <= planted.problem.end <= len(planted.broken)
        assert planted.message and "{name" not in planted.message and "{mark" not in planted.message
        assert verdict(planted, planted.text) == ("mended", False), planted
        assert verdict(planted, planted.broken) == verdict(planted, None) == ("refused", False)


@pytest.mark.parametrize(
    ("kind", "message", "there"),
    [
        ("missing colon", 'Expected ":"', ""),
        ("missing bracket", '"(" was not closed', "("),
        ("= for ==", "Cannot assign to expression here. Maybe you meant '==' instead of '='?", "values = []"),
        ("undefined name", '"folder" is not defined', "folder"),
        ("missing import", '"os" is not defined', "os"),
        ("missing return", "Expression value is unused", "None"),
        ("missing quote", "String literal is unterminated", '"to'),
        ("wrong keyword", '"null" is not defined', "null"),
    ],
)
def test_the_diagnostic_is_where_the_tools_put_it(kind: Kind, message: str, there: str) -> None:
    text = CODE.replace("self.folder = folder", "self.folder = 5") if kind == "undefined name" else CODE
    text = text.replace("(self, folder)", "(self)") if kind == "undefined name" else text
    planted = fault(kind, text)
    assert planted.message == message
    assert planted.broken[planted.problem.start : planted.problem.end] == there


def test_the_next_word_is_not_one_of_a_comment() -> None:
    planted = fault("missing brace", "function f(a: number) { // so\n  // and so\n  return a;\n}\n", "typescript")
    assert planted.broken[planted.problem.start : planted.problem.end] == "return"


def test_what_only_looks_like_a_use_is_no_place_for_a_misspelling() -> None:
    go, rust = by_id("go"), by_id("rust")
    assert go is not None and rust is not None
    text = "package m\n\nvar c = Config{Duration: 1}\n\ntype Config struct{ Duration int }\n"
    assert not [place for place in places(parse(go, text), "misspelt name") if place.right == "Duration"]
    text = "fn f(a: &'static str) -> &'static str { self.0 }\n"
    assert not places(parse(rust, text), "misspelt name") and not places(parse(rust, text), "undefined name")


def test_other_words_are_told_from_the_same_ones() -> None:
    planted = fault("= for ==")
    assert verdict(planted, CODE.replace("values == []", "values==[]")) == ("mended", False)
    assert verdict(planted, CODE.replace("values == []", "not values")) == ("otherwise", False)
    assert verdict(planted, planted.broken.replace("values = []", "values = ([])")) == ("broken", False)
    assert verdict(planted, CODE.replace('"to"', '"into"')) == ("otherwise", True)
    assert verdict(planted, CODE.replace('("to", place)', '("to",  place)')) == ("mended", True)


def test_a_name_must_be_gone_or_defined() -> None:
    planted = fault("missing import", nth=1)
    assert planted.name == "dumps" and planted.gone == "from json import dumps\n"
    below = CODE.replace("from json import dumps\n", "").replace("import os\n", "from json import dumps\nimport os\n")
    assert verdict(planted, below) == ("mended", False)
    assert verdict(planted, planted.broken.replace("import os\n", "import os\nfrom simplejson import dumps\n")) == (
        "otherwise",
        False,
    )
    assert verdict(planted, planted.broken.replace("dumps(values)", "str(values)"))[0] == "broken"
    misspelt = fault("misspelt name")
    assert verdict(misspelt, misspelt.broken.replace(f"({misspelt.name}", f"( {misspelt.name}"))[0] != "mended"


def test_a_fix_is_asked_for_as_the_action_asks() -> None:
    planted = fault("misspelt name")

    def mend(request: Request) -> object:
        assert isinstance(request, RewriteRequest) and request.fixes and request.strength is not None
        assert request.diagnostics == (planted.message,)
        span = request.selection
        line = request.text[span.start : span.end]
        right = planted.text[span.start : span.end]
        assert line != right
        return filled(request, right, span=(span.start, span.end))

    filler = FakeFiller(mend)  # type: ignore[arg-type]
    filler.takes_instructions = True
    samples = answers("x", [planted], lambda one: fixed(filler, one, 0))
    assert [sample.verdict for sample in samples] == ["mended"]
    assert samples[0].fixed == samples[0].right != samples[0].broken
    rows = dict(figures(samples))
    assert rows["mended: it says what it said before"] == rows["- misspelt name"] == "100.0 % (1 of 1)"
    rows = dict(figures(answers("x", [planted], lambda _: NoFill("nothing_better"))))
    assert rows["refused"] == "100.0 % (1 of 1)" and rows["- with which reasons"] == "nothing_better 1"
