"""Types that the code base gives to a name elsewhere: the same name mostly has the same type."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from infill.retrieval.similar_lines import MAX_WORDS, Continuation
from infill.syntax.tree import Syntax
from infill.syntax.type_hints import hint_at
from infill.types import Span

MAX_TYPES = 4
ARGUMENTS = r"\([^()]*(?:\([^()]*\)[^()]*)*\)"  # parentheses in parentheses once: defaults are seldom deeper


def types_elsewhere(syntax: Syntax, span: Span, texts: Sequence[str]) -> list[Continuation]:
    """Return types that the text and `texts` give to the name whose type is at `span`, most frequent first."""
    found = hint_at(syntax, span)
    if found is None:
        return []
    hints, owner = found
    if owner.child_by_field_name(hints.return_field) is not None:
        name, between, ends = owner.child_by_field_name("name"), ARGUMENTS + r"\s*", hints.before_return
    else:
        name, between, ends = next(iter(owner.named_children), None), "", hints.before
    word = None if name is None or name.text is None else re.search(r"\w+", name.text.decode())
    if word is None:
        return []
    pattern = rf"(?<![\w.]){word[0]}{between}\s*{re.escape(ends.strip())}\s*({hints.pattern})\s*(?:[:,)=]|$)"
    counts = Counter(m[1] for text in (syntax.text, *texts) for m in re.finditer(pattern, text, re.MULTILINE))
    return [Continuation(text, MAX_WORDS, n, counts.total()) for text, n in counts.most_common(MAX_TYPES)]
