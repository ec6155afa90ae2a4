"""Proposals from a text that is being changed: what stands there goes on where the answer has got to.

The answer's last tokens say where that is. Runs become longer while they are right: reading many rows in one pass
costs far less than as many passes, but what is wrong is read for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_MATCH = 4  # last tokens of the answer that are looked for in the old text
FIRST_RUN, LONGEST_RUN = 7, 31  # tokens; with the row that is certain, 8 and 32 rows in a pass
SHORT_RUN = 3  # where several continuations are tried beside each other


class Aligned:
    """Proposes what may follow an answer that is mostly the `expected` ids, for one answer."""

    def __init__(self, expected: Sequence[int]) -> None:
        self._expected = list(expected)
        self._at = 0  # where the old text would go on
        self._run: list[int] = []  # proposed last
        self._n_before = 0  # ids written before that
        self._length = FIRST_RUN

    def __call__(self, ids: list[int]) -> list[list[int]]:
        """Likely continuations of the ids that are written, best first."""
        new = ids[self._n_before :]
        right = bool(self._run) and new[: len(self._run)] == self._run
        self._length = min(2 * self._length + 1, LONGEST_RUN) if right else FIRST_RUN
        n_matched = self._align(ids)
        rest = self._expected[self._at :]
        own = again(ids)
        if n_matched > 1 or (n_matched and not own):
            proposals = [rest[: self._length]]
        elif n_matched:
            proposals = [rest[: FIRST_RUN - SHORT_RUN], own]
        else:
            proposals = [own, rest[:SHORT_RUN], rest[1 : SHORT_RUN + 1]]
        self._run, self._n_before = next((p for p in proposals if p), []), len(ids)
        return proposals

    def _align(self, ids: list[int]) -> int:
        """Find where the old text goes on after the ids; how many of them say so, 0 for none.

        Of several places it is the nearest that has not been passed, else the nearest of all.
        """
        for n in range(min(LONGEST_MATCH, len(ids)), 0, -1):
            found = ends_of(self._expected, ids[-n:])
            if found:
                self._at = min(found, key=lambda end: (end <= self._at, abs(end - self._at)))
                return n
        return 0


def ends_of(text: Sequence[int], part: Sequence[int]) -> list[int]:
    """Where in the text the part ends, in order."""
    first, n = part[0], len(part)
    starts = [i for i, token_id in enumerate(text) if token_id == first]
    return [i + n for i in starts if list(text[i : i + n]) == list(part)]


def again(ids: list[int]) -> list[int]:
    """How the answer went on when its last token came the last time; nothing where that is new."""
    for at in range(len(ids) - 2, -1, -1):
        if ids[at] == ids[-1]:
            return ids[at + 1 : at + 1 + SHORT_RUN]
    return []
