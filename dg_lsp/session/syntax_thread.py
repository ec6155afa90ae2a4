"""Answers questions about syntax trees, on a thread of its own.

Whether a code action applies is known exactly only from the tree. The protocol thread must not wait for a
parser, and the model's thread may be seconds deep in a fill while the editor waits to draw a menu: so
neither does it. The tree of the last document asked about is kept, so that it is read again only where it changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from dg_lsp.documents.documents import DocumentSnapshot

if TYPE_CHECKING:
    from infill.syntax.tree import Syntax

T = TypeVar("T")

MAX_CHARS = 200_000  # reading a longer text for the first time takes so long that the protocol thread feels it


class SyntaxThread:
    """Questions about documents' trees, answered in the order asked."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dg-lsp-syntax")
        self._last: Syntax | None = None  # the thread's own

    async def ask(self, snapshot: DocumentSnapshot, question: Callable[[Syntax], T]) -> T | None:
        """Return the answer; None for a text that is too long or in a language without a grammar."""
        if len(snapshot.text) > MAX_CHARS:
            return None
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._answer, snapshot, question)

    def close(self) -> None:
        """Take no more questions; waits for nothing."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _answer(self, snapshot: DocumentSnapshot, question: Callable[[Syntax], T]) -> T | None:
        from infill.syntax.languages import by_id  # here, as it brings tree-sitter
        from infill.syntax.tree import parse

        language = by_id(snapshot.language_id)
        if language is None:
            return None
        self._last = parse(language, snapshot.text, self._last)
        return question(self._last)
