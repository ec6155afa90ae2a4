"""What the list of things to do must do."""

from __future__ import annotations

import unittest
from datetime import date

from todos import Todo, by_priority, find, n_done, open_todos, progress, to_line

MILK = Todo("milk", date(2026, 5, 1), 1)
BOOK = Todo("book", date(2026, 5, 9), 3, done=True)
CALL = Todo("call", None, 2)
ALL = [MILK, BOOK, CALL]


class TodosTest(unittest.TestCase):
    def test_open_todos(self) -> None:
        self.assertEqual(open_todos(ALL), [MILK, CALL])

    def test_n_done(self) -> None:
        self.assertEqual((n_done(ALL), n_done([])), (1, 0))

    def test_find(self) -> None:
        self.assertEqual((find(ALL, "call"), find(ALL, "tea")), (CALL, None))

    def test_by_priority(self) -> None:
        self.assertEqual(by_priority(ALL), [BOOK, CALL, MILK])

    def test_progress(self) -> None:
        self.assertEqual((progress([BOOK, CALL]), progress([])), (0.5, 0))

    def test_to_line(self) -> None:
        self.assertEqual((to_line(BOOK), to_line(MILK)), ("[x] book", "[ ] milk"))


if __name__ == "__main__":
    unittest.main()
