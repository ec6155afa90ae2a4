"""Proposals from the prompt: what followed the last tokens where they stood before.

Code repeats itself, and the prompt holds what is similar. Prompt lookup decoding (Saxena 2023) without a model of its
own; here with longer runs while they are right, as in `aligned`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

LEAST_MATCH, LONGEST_MATCH = 2, 8  # tokens that must stand there, and that are compared
FIRST_RUN, LONGEST_RUN = 4, 7  # tokens: up to eight rows cost about half as much again as one


class Lookup:
    """Proposes what may follow a text after `prompt_ids`, for one text."""

    def __init__(self, prompt_ids: Sequence[int]) -> None:
        self._ids = list(prompt_ids)
        self._n_prompt = len(self._ids)
        self._ends: dict[tuple[int, int], list[int]] = defaultdict(list)  # where a pair of ids has ended
        for end in range(2, self._n_prompt + 1):
            self._ends[self._ids[end - 2], self._ids[end - 1]].append(end)
        self._run: list[int] = []  # proposed last
        self._n_before = 0  # ids written before that
        self._length = FIRST_RUN

    def __call__(self, written: list[int]) -> list[list[int]]:
        """One likely continuation of the ids that are written, or none."""
        for token_id in written[len(self._ids) - self._n_prompt :]:
            self._ids.append(token_id)
            end = len(self._ids)
            if end >= LEAST_MATCH:
                self._ends[self._ids[end - 2], self._ids[end - 1]].append(end)
        new = written[self._n_before :]
        right = bool(self._run) and new[: len(self._run)] == self._run
        self._length = LONGEST_RUN if right else FIRST_RUN
        self._run, self._n_before = self._found(), len(written)
        return [self._run] if self._run else []

    def _found(self) -> list[int]:
        """What followed the longest match, the latest of equal ones."""
        ids, n = self._ids, len(self._ids)
        best, longest = 0, 0
        for end in reversed(self._ends.get((ids[-2], ids[-1]), []) if n >= LEAST_MATCH else []):
            if end == n:
                continue
            length = LEAST_MATCH
            while length < LONGEST_MATCH and end > length and ids[end - 1 - length] == ids[n - 1 - length]:
                length += 1
            if length > longest:
                best, longest = end, length
        return ids[best : best + self._length] if longest else []
