"""Where the user was lately: the newest spots of other documents, cut out when they are wanted."""

from __future__ import annotations

import pytest

from dg_lsp.documents.documents import Documents
from dg_lsp.session.recent import LINES_AROUND, MAX_DOCUMENTS, MAX_PASSAGES, RecentLocations
from tests.dg_lsp.changes import replace_all

TEXT = "".join(f"line {i}\n" for i in range(200))


@pytest.fixture
def documents() -> Documents:
    documents = Documents()
    for name in "abcdefghijk":
        documents.open(name, 1, TEXT, "python")
    return documents


def middle(text: str) -> int:
    numbers = [int(line.split()[1]) for line in text.splitlines()]
    return numbers[len(numbers) // 2]


def locations(recent: RecentLocations, uri: str) -> list[tuple[str, int]]:
    return [(passage.uri, middle(passage.text)) for passage in recent.elsewhere(uri)]


def test_the_latest_comes_last_and_the_document_itself_is_left_out(documents: Documents) -> None:
    recent = RecentLocations(documents)
    for uri, line in (("a", 50), ("b", 60), ("c", 70), ("a", 55), ("a", 150)):
        recent.touch(uri, line)
    assert locations(recent, "x") == [("b", 60), ("c", 70), ("a", 55), ("a", 150)]
    assert locations(recent, "a") == [("b", 60), ("c", 70)]
    (first, *_) = recent.elsewhere("a")
    assert first.text.count("\n") == 2 * LINES_AROUND + 1


def test_there_are_only_so_many(documents: Documents) -> None:
    recent = RecentLocations(documents)
    for uri in "abcdefghijk":
        for line in (20, 90, 160):
            recent.touch(uri, line)
    assert locations(recent, "x") == [("j", 90), ("j", 160), ("k", 90), ("k", 160)]
    assert len(recent.elsewhere("x")) == MAX_PASSAGES and len(recent._used) == MAX_DOCUMENTS  # pyright: ignore[reportPrivateUsage]


def test_what_stood_in_a_closed_document_is_kept_until_it_is_opened_again(documents: Documents) -> None:
    recent = RecentLocations(documents)
    recent.touch("a", 50)
    recent.touch("b", 60)
    recent.close("a")
    documents.close("a")
    assert locations(recent, "x") == [("a", 50), ("b", 60)]
    documents.open("a", 1, "new\n", "python")
    recent.forget("a")
    assert locations(recent, "x") == [("b", 60)]


def test_a_spot_beyond_what_is_left_of_its_document_is_nothing(documents: Documents) -> None:
    recent = RecentLocations(documents)
    recent.touch("a", 150)
    documents.change("a", 2, [replace_all("short\n")])
    assert [passage.text for passage in recent.elsewhere("x")] == [""]
