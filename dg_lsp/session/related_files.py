"""What other files say that a question may need: definitions of what a document imports, and where the user was lately.

Gathered on the syntax thread when a document is opened, saved or come back to, and when its imports change; at
key time only taken. So it is the same from key to key, and with it the beginning of the prompt.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from dg_lsp.documents.documents import Documents, DocumentSnapshot
from dg_lsp.session.recent import Passage, RecentLocations
from dg_lsp.session.syntax_thread import SyntaxThread
from dg_lsp.session.trust import judge_document, path_of
from infill.ignore.rules import IgnoreRules
from infill.types import Context, Excerpt

if TYPE_CHECKING:
    from infill.project.definitions import Definitions
    from infill.syntax.tree import Syntax

log = logging.getLogger(__name__)

# What a line begins with that may import something, in any language.
_IMPORT = ("import ", "from ", "export ", "use ", "pub use ", "mod ", "pub mod ", "#include ")
_NOTHING = Context()


class RelatedFiles:
    """The context of every open document. All methods but `_gathered` are for the protocol thread."""

    def __init__(self, documents: Documents, syntax_thread: SyntaxThread) -> None:
        self._documents, self._syntax_thread = documents, syntax_thread
        self._recent = RecentLocations(documents)
        self._kept: dict[str, Context] = {}
        self._importing: str | None = None  # the document whose imports are being edited
        self._used: str | None = None  # the document used last
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._files: _FileReader | None = None
        self.on_gathered: Callable[[str], None] = lambda _: None  # called with a document's URI
        self.set_folders([], trusted=True, enabled=False)

    def set_folders(self, folders: list[str], trusted: bool, enabled: bool) -> None:
        """Take the workspace's folders, outside which nothing is read, and whether there is to be any context."""
        self._files = _FileReader(folders, trusted) if enabled else None

    def of(self, uri: str) -> Context:
        """What is known by now for a document's questions."""
        return self._kept.get(uri, _NOTHING)

    def opened(self, uri: str) -> None:
        """Note a document that was opened."""
        self._recent.forget(uri)
        self._gather(uri)

    def edited(self, uri: str, line: int) -> None:
        """Note an edit; imports are looked at again when the user has left them."""
        self.visited(uri, line)
        if self._documents.lines(uri, line, line + 1).lstrip().startswith(_IMPORT):
            self._importing = uri
        elif self._importing == uri:
            self._importing = None
            self._gather(uri)

    def visited(self, uri: str, line: int) -> None:
        """Note that the user is at a line; coming from another document, look what has become of that."""
        self._recent.touch(uri, line)
        if self._used != uri:
            self._used = uri
            self._gather(uri)

    def saved(self, uri: str) -> None:
        """Note that a document was saved."""
        self._gather(uri)

    def closed(self, uri: str) -> None:
        """Forget a document, but not at once what stood in it; called while it is still open."""
        self._recent.close(uri)
        self._kept.pop(uri, None)
        if (task := self._tasks.pop(uri, None)) is not None:
            task.cancel()

    def _gather(self, uri: str) -> None:
        snapshot, files = self._documents.get(uri), self._files
        if snapshot is None or files is None:
            return
        if (task := self._tasks.pop(uri, None)) is not None:
            task.cancel()
        work = self._gathered(snapshot, files, self._recent.elsewhere(uri), self._recent.others(uri))
        self._tasks[uri] = asyncio.get_running_loop().create_task(work)

    async def _gathered(
        self, snapshot: DocumentSnapshot, files: _FileReader, passages: list[Passage], others: list[DocumentSnapshot]
    ) -> None:
        try:
            found = await self._syntax_thread.ask(snapshot, partial(files.context, snapshot, passages, others))
        except Exception as error:
            log.error("no context: %s; --log-level debug shows where", type(error).__name__)
            log.debug("gathering context failed", exc_info=True)  # may quote the user's text
            found = None
        self._kept[snapshot.uri] = found or _NOTHING
        del self._tasks[snapshot.uri]
        self.on_gathered(snapshot.uri)


class _FileReader:
    """The files that may be read, judged by rules of their own. For the syntax thread."""

    def __init__(self, folders: list[str], trusted: bool) -> None:
        self._folders = folders
        self._rules = IgnoreRules(folders, trusted=trusted)
        self._definitions: Definitions | None = None

    def context(
        self, snapshot: DocumentSnapshot, passages: list[Passage], others: list[DocumentSnapshot], syntax: Syntax
    ) -> Context:
        """Definitions first, as they change least; nothing for or from what is ignored."""
        from infill.project.definitions import Definitions  # brings tree-sitter
        from infill.prompt.excerpts import sendable, within

        if not judge_document(snapshot.uri, self._rules).allowed:
            return _NOTHING
        if self._definitions is None:
            self._definitions = Definitions(self._folders, lambda path: self._rules.judge(path).allowed)
        path = path_of(snapshot.uri)
        fitting = [other for other in others if self._fits(other, syntax)]
        opened = {path_of(other.uri) or other.uri: sendable(other.text) for other in fitting}
        known = Context(texts=within(opened.values())) if path is None else self._definitions.of(syntax, path, opened)
        recent = (self._excerpt(passage) for passage in passages if self._fits(passage, syntax))
        return msgspec.structs.replace(known, excerpts=(*known.excerpts, *recent))

    def _fits(self, other: Passage | DocumentSnapshot, syntax: Syntax) -> bool:
        same = other.language_id in (syntax.language.id, *syntax.language.lsp_ids)
        return same and bool(other.text.strip()) and judge_document(other.uri, self._rules).allowed

    def _excerpt(self, passage: Passage) -> Excerpt:
        from infill.prompt.excerpts import excerpt, shown_path

        path = path_of(passage.uri)
        name = passage.uri.rpartition(":")[2] if path is None else shown_path(path, self._folders)
        return excerpt(name, passage.text, recent=True)
