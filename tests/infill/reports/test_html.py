"""The page for a reviewer: it needs nothing but itself, and nothing of a file can be more than text in it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from infill.types import Draft, Filled, FillRequest, NoFill, OnDraft, Request
from model.types import CancelToken
from tests.infill.conftest import Run
from tests.infill.fake_filler import FakeFiller, filled

SOURCE = "def area(w):\n    # FILL\n    pass\n\n\ndef mean(v):\n    # FILL\n    pass\n"


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "a.py").write_text(SOURCE)

    def answer(request: Request) -> Filled | NoFill:
        assert isinstance(request, FillRequest)
        if "def mean" in request.text[: request.offset][-30:]:
            return NoFill("empty_fill", "<b>lost</b>")
        return filled(request, "return '<script>1</script>'", "return w")

    def drafting(self: FakeFiller, request: Request, cancel: CancelToken, on_draft: OnDraft | None = None):
        for step, text in enumerate(("re<u>", "re<u>", "return"), start=1):
            if on_draft is not None:
                on_draft(Draft(text, step, 3))
        return answer(request)

    monkeypatch.setattr(FakeFiller, "fill", drafting)
    run("fill", "--marker", "FILL", "--candidates", "2", "--html", "r.html")
    return Page((tmp_path / "r.html").read_text())


def test_it_needs_nothing_but_itself(page: Page) -> None:
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "img", "iframe", "u", "b"}
    assert not any({"src", "href"} & attributes.keys() for _, attributes in page.elements)
    policy = next(a["content"] for n, a in page.elements if n == "meta" and "http-equiv" in a)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_it_shows_each_hole_its_candidates_tokens_and_drafts(page: Page) -> None:
    assert "infill fill: 1 of 2 holes" in page.text and "a.py:2-3 changed, confidence 0.75" in page.text
    assert "empty_fill (<b>lost</b>)" in page.text and "+    return '<script>1</script>'" in page.text
    classes = [a.get("class") for n, a in page.elements if n == "details"]
    assert classes[:2] == ["candidate chosen", "candidate"]
    tokens = [a for _, a in page.elements if str(a.get("title")).endswith(" nats")]
    assert [t["style"] for t in tokens] == ["--u:0.06", "--u:0.06"]  # of 0.125 nats
    frames = [a for n, a in page.elements if n == "pre" and "animation" in str(a.get("style"))]
    assert len(frames) == 2 and "2 denoising steps" in page.text
