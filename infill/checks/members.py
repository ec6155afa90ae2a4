"""Members of the object itself that new code uses and nothing has: `self.totl` where the class says `total`."""

from __future__ import annotations

import re

_SELF = frozenset({"self", "this"})
_INHERITS = re.compile(r"\bclass\s+\w+\s*\(\s*\w|\bclass\s+\w+\s*:\s*\w|\bextends\b|\bimpl\b[^\n{]*\bfor\b")
_GO_RECEIVER = re.compile(r"^func\s*\(\s*(\w+)\s+\*?(\w+)", re.MULTILINE)


def unknown_members(old: str, new: str, known: str) -> list[str]:
    """Return `object.member` for each that `new` has and neither `old` nor anything `known` names, in order.

    `known` is the rest of the file, and what was asked for. What `new` itself sets is known. Where a class inherits,
    its members may stand in other files, and so may the methods of a type in Go.
    """
    everything = f"{old}\n{new}\n{known}"
    objects: set[str] = set() if _INHERITS.search(everything) else set(_SELF)
    objects |= {name for name, kind in _GO_RECEIVER.findall(new) if re.search(rf"\btype\s+{kind}\s+struct\b", known)}
    if not objects:
        return []
    used = re.compile(rf"\b({'|'.join(map(re.escape, sorted(objects)))})\s*\.\s*([^\W\d]\w*)(\s*=[^=>]|\s*\()?")
    found = [(match[1], match[2], (match[3] or "").strip()) for match in used.finditer(new)]
    words = {*re.findall(r"\w+", old), *re.findall(r"\w+", known)}
    words |= {name for _, name, after in found if after.startswith("=")}
    words |= set(re.findall(r"\b(?:def|func|fn|get|set|async)\s+(\w+)", new))
    unknown = ((at, name) for at, name, after in found if name not in words and not (after == "(" and at not in _SELF))
    return list(dict.fromkeys(f"{at}.{name}" for at, name in unknown))
