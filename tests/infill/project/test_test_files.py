"""The tests of a file are found where people put them, and go before what stands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill.project.definitions import Definitions
from infill.project.test_files import test_files as files_of_tests
from infill.syntax.languages import for_path
from infill.syntax.tree import parse


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("slugs.py", "test_slugs.py"),
        ("slugs.py", "tests/test_slugs.py"),
        ("src/app/text/slugs.py", "tests/test_slugs.py"),
        ("src/app/text/slugs.py", "tests/text/test_slugs.py"),
        ("app/text/slugs.py", "tests/text/test_slugs.py"),
        ("app/text/slugs.py", "app/text/tests/test_slugs.py"),
        ("src/slugs.ts", "src/slugs.test.ts"),
        ("src/slugs.ts", "src/__tests__/slugs.spec.ts"),
        ("src/slugs.ts", "test/slugs.test.ts"),
        ("text/slugs.go", "text/slugs_test.go"),
        ("src/main/java/org/app/Slugs.java", "src/test/java/org/app/SlugsTest.java"),
        ("src/slugs.c", "tests/test_slugs.c"),
    ],
)
def test_the_usual_places_are_looked_at(path: str, tests: str) -> None:
    assert f"/p/{tests}" in list(files_of_tests(f"/p/{path}", ["/p"]))


def test_no_more_than_a_few_dozen_places_are_looked_at() -> None:
    assert len(list(files_of_tests("/p/a/b/c/d/slugs.py", ["/p", "/q"]))) <= 60


def test_what_tests_say_comes_before_what_stands_beside_and_nothing_ignored(tmp_path: Path) -> None:
    for name in ("src/app/slugs.py", "src/app/words.py", "tests/test_slugs.py", "tests/app/test_slugs.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n")
    path = str(tmp_path / "src/app/slugs.py")
    language = for_path(path)
    assert language is not None

    def texts(*ignored: str) -> list[str]:
        known = Definitions([str(tmp_path)], lambda file: not file.endswith(ignored))
        return list(known.of(parse(language, ""), path).texts)

    assert texts("-") == ["# tests/app/test_slugs.py\n", "# tests/test_slugs.py\n", "# src/app/words.py\n"]
    assert texts("tests/test_slugs.py") == ["# tests/app/test_slugs.py\n", "# src/app/words.py\n"]
