"""How the documentation of a file is written, by most of it: quotes, sections, types, full stops, forms of verbs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from infill.syntax.doc_comments import Doc, content, docs_in
from infill.syntax.tree import Syntax

Sections = Literal["none", "google", "numpy", "rest", "tags"]

_SECTIONS: tuple[tuple[Sections, re.Pattern[str]], ...] = (
    ("google", re.compile(r"^[ \t]*(?:Args|Arguments|Parameters|Returns|Yields):[ \t]*$", re.MULTILINE)),
    ("numpy", re.compile(r"^[ \t]*(?:Parameters|Returns|Yields)[ \t]*\n[ \t]*-{3,}[ \t]*$", re.MULTILINE)),
    ("rest", re.compile(r"^[ \t]*:(?:param|parameter|arg|returns?)\b[^:\n]*:", re.MULTILINE)),
    ("tags", re.compile(r"^[ \t]*[@\\](?:param|returns?)\b", re.MULTILINE)),
)
_ENTRY = re.compile(
    r"^[ \t]*(?:[@\\]param(?:\[\w+\])?[ \t]+(?:\{[^}\n]*\}[ \t]*)?\[?[\w$.]+\]?|:(?:param|arg)\b[^:\n]*:|\*{0,2}\w+"
    r"(?:[ \t]*\([^)\n]*\))?:)[ \t]+(?:-[ \t]+)?(?P<said>\S.*(?:\n[ \t]+(?![ \t]*[@:\\])\S.*)*)",
    re.MULTILINE,
)
_TYPED = re.compile(r"[@\\]param\s+\{|^\s*\*{0,2}\w+[ \t]*\([^)\n]+\):|:param\s+\S+\s+\w+:|:type\b", re.MULTILINE)
_SENTENCE_END = (".", "!", "?", "。")
# Verbs that summaries begin with, whose two forms are told apart.
_VERBS = """
add allow append apply ask assert build calculate call cancel change check clear close collect compare compute
configure connect convert copy count create decide decode delete describe detect determine disable display do drop emit
enable encode ensure evaluate execute extract fetch fill filter find flush format generate get give group handle
hold implement initialize insert iterate join keep limit list load log look make manage map mark merge move
normalize notify open parse pass perform pop prepare print process produce provide publish push put raise read
receive record refill register release remove rename render repeat replace represent reset resolve restore retrieve
return rotate round run save scale schedule search select send serialize set show shuffle skip sort split start stop
store strip take tell test throttle track transform translate truncate turn update use validate verify wait walk
wrap write yield
"""
VERBS = frozenset(_VERBS.split())


class DocStyle(msgspec.Struct, frozen=True):
    """How documentation is written. None: nothing there says it."""

    quotes: str = '"""'
    sections: Sections = "none"
    begins_below: bool = False  # the text begins on the line below the opening
    full_stop: bool = True  # behind the summary
    imperative: bool | None = None
    types: bool = False  # of parameters
    dash: bool = False  # before what is said of a parameter
    entry_capital: bool = True  # what is said of a parameter begins so
    entry_stop: bool = True  # and ends so
    mark: str = "@"  # of a tag
    brief: bool = False
    returns: str = ""  # the tag or field for a result
    one_line: bool = True  # a comment that is only a summary
    line_comments: bool = False  # where comments of several lines are usual


def style_of(syntax: Syntax, others: Iterable[Syntax] = (), but: int | None = None) -> DocStyle:
    """Return the style of a text's documentation, or of the first of the `others` that has some.

    Documentation that begins at the byte `but` does not count.
    """
    docs = [doc for doc in docs_in(syntax) if doc.node.start_byte != but]
    row = syntax.language.id
    if not any(doc.of.parent is not None for doc in docs):
        found = (list(docs_in(other)) for other in others)
        docs = next((own for own in found if any(doc.of.parent is not None for doc in own)), docs)
    return _style(docs, row)


def summaries_in(syntax: Syntax, but: int | None = None) -> set[str]:
    """Return the first paragraphs of what is documented in a text, each in one line and without a full stop."""
    every = (content(doc.raw) for doc in docs_in(syntax) if doc.node.start_byte != but)
    return {" ".join(said.split("\n\n")[0].split()).rstrip(".") for said in every if said}


def third_person(verb: str) -> str:
    """Return the form of a verb after it or she."""
    if verb.endswith(("s", "x", "z", "o", "ch", "sh")):
        return verb + "es"
    return verb[:-1] + "ies" if verb.endswith("y") and verb[-2:-1] not in "aeiou" else verb + "s"


_BASE_OF = {third_person(verb): verb for verb in VERBS}


def base_form(word: str) -> str | None:
    """Return the verb of which a word is the form after it or she; None where it is none that we know."""
    return _BASE_OF.get(word.lower())


def _style(docs: list[Doc], language: str) -> DocStyle:
    said = [content(doc.raw) for doc in docs]
    inner = [text for text, doc in zip(said, docs, strict=True) if doc.of.parent is not None]
    sections = _sections(docs, said)
    summaries = [text.split("\n\n")[0].rstrip() for text in said if text]
    entries = [found["said"].rstrip() for text in said for found in _ENTRY.finditer(text)]
    whole = "\n".join(said)
    blocks = [doc.raw for doc, text in zip(docs, said, strict=True) if doc.raw.startswith("/*") and "\n\n" not in text]
    first = [re.match(r"\W*(?:brief\s+)?(\w*)", summary) for summary in inner]
    words = [found[1] for found in first if found]
    third, base = sum(base_form(w) is not None for w in words), sum(w.lower() in VERBS for w in words)
    returns = re.findall(r"[@\\:](returns?)\b", whole)
    return DocStyle(
        quotes="'''" if _most("'''" in d.raw[:4] for d in docs) else '"""',
        sections=sections,
        begins_below=_most(re.match(r"\w*(\"\"\"|''')[ \t]*\r?\n", d.raw) is not None for d in docs),
        full_stop=_most((s.endswith(_SENTENCE_END) for s in summaries), True),
        imperative=None if third == base else base > third,
        types=_most(_TYPED.search(text) is not None for text in said if _kind(text) == sections),
        dash=_most(re.search(r"^[ \t]*[@\\]param[^\n]*? - ", t, re.MULTILINE) is not None for t in _tagged(said)),
        entry_capital=_most((entry[:1].isupper() for entry in entries), language != "java"),
        entry_stop=_most((entry.endswith(_SENTENCE_END) for entry in entries), language not in ("java", "c", "cpp")),
        mark="\\" if re.search(r"^\s*\\(?:param|brief|returns?)\b", whole, re.MULTILINE) else "@",
        brief=_most(re.match(r"[@\\]brief\b", text) is not None for text in said),
        returns=max(set(returns), key=returns.count) if returns else "",
        one_line=_most(("\n" not in raw for raw in blocks), language in ("javascript", "typescript", "tsx")),
        line_comments=_most(doc.raw.startswith("//") for doc in docs),
    )


def _tagged(said: list[str]) -> Iterator[str]:
    return (text for text in said if re.search(r"[@\\]param\b", text))


def _most(found: Iterable[bool], default: bool = False) -> bool:
    """Whether it holds for most; the default where nothing is found, or for half."""
    every = list(found)
    n = sum(every)
    return default if 2 * n == len(every) else 2 * n > len(every)


def _kind(text: str) -> Sections:
    for name, pattern in _SECTIONS:
        if pattern.search(text):
            return name
    return "none"


def _sections(docs: list[Doc], said: list[str]) -> Sections:
    """Return the sections of most functions that have parameters or a result to be told of."""
    kinds: list[Sections] = []
    for doc, text in zip(docs, said, strict=True):
        kind = _kind(text)
        if kind != "none" or _takes_something(doc):
            kinds.append(kind)
    for kind, _ in _SECTIONS:
        if 2 * kinds.count(kind) > len(kinds):
            return kind
    return "none"


def _takes_something(doc: Doc) -> bool:
    listed = doc.of.child_by_field_name("parameters")
    names = [] if listed is None else [child.text for child in listed.named_children if child.type != "comment"]
    return len([name for name in names if name not in (b"self", b"cls", b"&self", b"&mut self")]) > 0
