"""A member of the object itself that nothing has is told; all others may be inherited or of another type."""

from __future__ import annotations

import pytest

from infill.checks.members import unknown_members


@pytest.mark.parametrize(
    ("new", "known", "unknown"),
    [
        (
            "func (q *Queue) Push(s string) {\n\tif len(q.items) > q.maxItems {",
            "type Queue struct {\n\titems []string\n\tmax int",
            ["q.maxItems"],
        ),
        (
            "func (q *Queue) Push(s string) {\n\tif len(q.items) > q.max {",
            "type Queue struct {\n\titems []string\n\tmax int",
            [],
        ),
        ("func (q *Queue) Len() int {\n\treturn q.size() + q.max", "package q", []),
        ("func (q *Queue) Len() int {\n\treturn q.size()", "type Queue struct {}", []),
        ("return self.totl", "self.total = 0", ["self.totl"]),
        ("return self.request", "class View(Base):", []),
        ("return this.request;", "class View extends Base {", []),
        ("self.seen = set()\nself.seen.add(x)", "", []),
        ("if self.seen == x: pass", "", ["self.seen"]),
        ("return this.itms.length", "items: Item[] = []", ["this.itms"]),
        ("return other.itms + os.sep", "", []),
        ("def limit(self):\n    return self.limit()", "", []),
    ],
)
def test_members_that_nothing_has(new: str, known: str, unknown: list[str]) -> None:
    assert unknown_members("", new, known) == unknown
