"""A parsed text: the tree over its UTF-8 bytes, and exact mapping between characters and bytes.

Everything outside this file counts characters; tree-sitter counts bytes. Lone surrogates are encoded
as they are (the grammar sees an invalid character there) so that no text can make the mapping fail.
Knows nothing of holes or fills.
"""

from __future__ import annotations

import functools
import weakref
from bisect import bisect_right
from collections.abc import Collection, Iterator
from itertools import accumulate

import msgspec
import tree_sitter

from infill.syntax.languages import Language
from infill.types import Span

_CHUNK = 512  # characters between two stored byte positions: a look-up encodes at most this many
_FEW = 32  # children that are all looked at sooner than some of them are found
_CONTINUATION = bytes(range(0x80, 0xC0))  # UTF-8 bytes that do not begin a character


class Problem(msgspec.Struct, frozen=True):
    """An ERROR or MISSING node, in character offsets; a missing one is empty."""

    span: Span
    missing: bool
    node_type: str


class Syntax:
    """A text and its tree. Immutable: `edited` and `parse` give a new one. Safe to read from any thread."""

    def __init__(self, language: Language, text: str, source: bytes, tree: tree_sitter.Tree) -> None:
        self.language = language
        self.text = text
        self.source = source
        self.tree = tree

    @property
    def root(self) -> tree_sitter.Node:
        """The root node; its type is ERROR when nothing could be made of the text."""
        return self.tree.root_node

    @functools.cached_property
    def _byte_marks(self) -> list[int] | None:
        """Byte positions of every `_CHUNK`th character; None when characters are bytes (ASCII)."""
        if len(self.source) == len(self.text):
            return None
        chunks = (self.text[i : i + _CHUNK] for i in range(0, len(self.text), _CHUNK))
        return [0, *accumulate(len(encode(chunk)) for chunk in chunks)]

    def byte_offset(self, offset: int) -> int:
        """Return the byte position of a character offset, clamped to the text."""
        offset = min(max(offset, 0), len(self.text))
        marks = self._byte_marks
        if marks is None:
            return offset
        chunk = offset // _CHUNK
        return marks[chunk] + len(encode(self.text[chunk * _CHUNK : offset]))

    def char_offset(self, byte: int) -> int:
        """Return the character offset of a byte position; inside a character, that character's start."""
        byte = min(max(byte, 0), len(self.source))
        marks = self._byte_marks
        if marks is None:
            return byte
        while byte < len(self.source) and 0x80 <= self.source[byte] < 0xC0:
            byte -= 1
        # the last mark equals the length, which may lie in a short last chunk: hence the min
        chunk = min(bisect_right(marks, byte) - 1, (len(self.text) - 1) // _CHUNK)
        return chunk * _CHUNK + len(self.source[marks[chunk] : byte].translate(None, _CONTINUATION))

    def span_of(self, node: tree_sitter.Node) -> Span:
        """Return the node's range in characters."""
        return Span(self.char_offset(node.start_byte), self.char_offset(node.end_byte))

    def node_at(self, offset: int) -> tree_sitter.Node:
        """Return the smallest node that covers the point at `offset`."""
        byte = self.byte_offset(offset)
        return self.root.descendant_for_byte_range(byte, byte) or self.root

    def node_over(self, span: Span) -> tree_sitter.Node:
        """Return the smallest node that covers all characters of `span`; the root where none does."""
        first, last = self.byte_offset(span.start), self.byte_offset(span.end)
        return self.root.descendant_for_byte_range(first, last) or self.root

    def around(self, offset: int) -> Iterator[tree_sitter.Node]:
        """Yield the nodes that begin before and end after `offset`, innermost first, then the root."""
        byte = self.byte_offset(offset)
        for node in ancestors(self.node_at(offset)):
            if node.start_byte < byte < node.end_byte or node.parent is None:
                yield node

    def enclosing(self, offset: int, types: Collection[str]) -> tree_sitter.Node | None:
        """Return the innermost node of `types` that begins before and ends after `offset`."""
        return next((node for node in self.around(offset) if node.type in types), None)

    def nodes_in(self, span: Span, skip: Collection[str] = ()) -> Iterator[tree_sitter.Node]:
        """Yield the nodes that touch a span, outer before inner; nodes of the types in `skip` are left out whole."""
        first, last = self.byte_offset(span.start), self.byte_offset(span.end)
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.start_byte < last and first < node.end_byte and node.type not in skip:
                yield node
                stack.extend(reversed(_children_within(node, first, last)))

    @functools.cached_property
    def problems(self) -> tuple[Problem, ...]:
        """ERROR and MISSING nodes in the order of the text, outer before inner."""
        found: list[Problem] = []
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.is_error or node.is_missing:
                found.append(Problem(self.span_of(node), node.is_missing, node.type))
            stack.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
        return tuple(found)

    @property
    def n_errors(self) -> int:
        """How many ERROR nodes there are."""
        return sum(not problem.missing for problem in self.problems)

    def line(self, offset: int) -> Span:
        """Return the line around `offset` without its break; breaks are those of LSP: LF, CRLF and CR."""
        start = self.text.rfind("\n", 0, offset) + 1
        start = max(start, self.text.rfind("\r", start, offset) + 1)
        newline = self.text.find("\n", offset)
        end = len(self.text) if newline < 0 else newline
        carriage = self.text.find("\r", offset, end)
        return Span(start, end if carriage < 0 else carriage)

    def edited(self, span: Span, replacement: str) -> Syntax:
        """Return the syntax of the text with `span` replaced; reparses only what the edit touches."""
        text = self.text[: span.start] + replacement + self.text[span.end :]
        start, old_end = self.byte_offset(span.start), self.byte_offset(span.end)
        new = encode(replacement)
        source = self.source[:start] + new + self.source[old_end:]
        return _reparse(self, text, source, start, old_end, start + len(new))


# Texts that somebody still has the syntax of: the holes of a long file are filled one by one.
_alive: weakref.WeakValueDictionary[tuple[str, str], Syntax] = weakref.WeakValueDictionary()


def parse(language: Language, text: str, old: Syntax | None = None) -> Syntax:
    """Return the syntax of `text`; with `old` of the same language, reparse only what differs.

    In broken code an incremental tree may differ from a fresh one: error recovery depends on history.
    """
    if old is None or old.language is not language:
        fresh = _alive.get((language.id, text))
        if fresh is None:
            source = encode(text)
            fresh = _alive[language.id, text] = Syntax(language, text, source, language.parsed(source))
        return fresh
    source = encode(text)
    if old.text == text:
        return old
    start = _common_prefix(old.source, source)
    tail = _common_suffix(old.source, source, min(len(source), len(old.source)) - start)
    return _reparse(old, text, source, start, len(old.source) - tail, len(source) - tail)


def encode(text: str) -> bytes:
    """Return UTF-8 in which lone surrogates are kept as three bytes each."""
    return text.encode("utf-8", "surrogatepass")


def node_text(node: tree_sitter.Node) -> str:
    """Return the source of a node; bytes that are no UTF-8 are replaced."""
    return (node.text or b"").decode("utf-8", "replace")


def ancestors(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the node, its parent, and so on up to the root."""
    current: tree_sitter.Node | None = node
    while current is not None:
        yield current
        current = current.parent


def _children_within(node: tree_sitter.Node, first: int, last: int) -> list[tree_sitter.Node]:
    """Return the children that may touch the bytes from `first` to `last`; of many, without a look at the others."""
    if node.child_count <= _FEW:
        return node.children
    cursor = node.walk()
    found: list[tree_sitter.Node] = []
    more = cursor.goto_first_child_for_byte(first) is not None
    while more and cursor.node is not None and cursor.node.start_byte < last:
        found.append(cursor.node)
        more = cursor.goto_next_sibling()
    return found


def _reparse(old: Syntax, text: str, source: bytes, start: int, old_end: int, new_end: int) -> Syntax:
    tree = old.tree.copy()  # edit() changes a tree in place, and the old syntax may still be read
    tree.edit(
        start,
        old_end,
        new_end,
        _point(source, start),
        _point(old.source, old_end),
        _point(source, new_end),
    )
    return Syntax(old.language, text, source, old.language.parsed(source, tree))


def _point(source: bytes, byte: int) -> tuple[int, int]:
    """Return the row and the column in bytes; tree-sitter breaks rows at LF only."""
    return source.count(b"\n", 0, byte), byte - (source.rfind(b"\n", 0, byte) + 1)


def _common_prefix(left: bytes, right: bytes) -> int:
    """Return how many bytes two sources share at the start, never ending inside a character."""
    low, high = 0, min(len(left), len(right))
    while low < high:  # comparing slices is a memcmp: far cheaper than a loop over bytes
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    while low > 0 and any(low < len(side) and 0x80 <= side[low] < 0xC0 for side in (left, right)):
        low -= 1
    return low


def _common_suffix(left: bytes, right: bytes, limit: int) -> int:
    """Return how many of the last `limit` bytes two sources share, never beginning inside a character."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if left[len(left) - middle : len(left) - low] == right[len(right) - middle : len(right) - low]:
            low = middle
        else:
            high = middle - 1
    while low > 0 and 0x80 <= left[len(left) - low] < 0xC0:
        low -= 1
    return low
