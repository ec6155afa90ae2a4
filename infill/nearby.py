"""What the same file says elsewhere after the same words: code repeats itself.

For a hole inside a line, the ends of other lines that go on from the longest match of the text to the
left. They are candidates like any other, and the judge ranks them; alone they are the frequency baseline
that `infill bench` reports.
"""

from __future__ import annotations

import re
from collections import Counter

MAX_WORDS = 4  # longest left context looked for; longer ones match no more lines
WORDS = re.compile(r"\w+|[^\w\s]")


def continuations(text: str, start: int, end: int, limit: int) -> list[str]:
    """Up to `limit` texts that might replace `text[start:end]`, longest left context first, then most frequent.

    Where text stands to the right of the hole, only lines that end in it count, and it is cut off. The
    line of the hole itself is not looked at.
    """
    line_start = text.rfind("\n", 0, start) + 1
    line_end = len(text) if (found := text.find("\n", end)) < 0 else found
    left, right = WORDS.findall(text, line_start, start), text[end:line_end].strip()
    others = text[:line_start].splitlines() + text[line_end + 1 :].splitlines()
    ranked: dict[str, None] = {}
    for n_words in range(min(MAX_WORDS, len(left)), 0, -1):
        if not any(re.match(r"\w", word) for word in left[-n_words:]):
            break  # what follows a bracket somewhere says nothing about here
        after = _pattern(left[-n_words:])
        endings = (m[1].rstrip() for line in others if (m := after.search(line)))
        if text[line_start:start].endswith((" ", "\t")):
            endings = (ending.lstrip() for ending in endings)
        fitting = Counter(e[: len(e) - len(right)].rstrip() for e in endings if e.endswith(right))
        ranked |= dict.fromkeys(e for e, _ in fitting.most_common(limit) if e)
        if len(ranked) >= limit:
            break
    return list(ranked)[:limit]


def _pattern(words: list[str]) -> re.Pattern[str]:
    """Matches the words in a row, whole, at their first place in a line, and catches the rest of the line."""
    body = r"\s*".join(map(re.escape, words))
    first, last = (r"\b" if re.match(r"\w", word) else "" for word in (words[0], words[-1]))
    return re.compile(first + body + last + r"(\s*\S.*)$")
