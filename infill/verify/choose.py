"""Which candidate of each hole to keep, by what a command says of the tree with them in it.

Where the command passes without any change, the holes are bisected: what is kept has passed together. Where it does
not, all must be right at once; then one hole at a time is changed. With a report of tests, what
makes a test pass and none fail is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

Choice = dict[str, int]  # by the key of a hole, which of its candidates


class Trial(msgspec.Struct, frozen=True):
    """What the command said; `tests` are the names of those that pass, None where it writes no report."""

    passed: bool
    why: str = ""
    tests: tuple[str, ...] | None = None


Attempt = Callable[[Choice], Trial]


class Chosen(msgspec.Struct, frozen=True):
    """What is kept, and by key why nothing is for the others."""

    choice: Choice
    whys: dict[str, str]


class _SpentError(Exception):
    """No more runs of the command are allowed."""


def choose(options: Mapping[str, int], attempt: Attempt, most_runs: int) -> Chosen:
    """Return what to keep of holes with so many candidates each, in their order, in at most so many runs."""
    keys = [key for key, n in options.items() if n > 0]
    if not keys:
        return Chosen({}, {})
    search = _Search(options, attempt, most_runs)
    try:
        search.run(keys)
    except _SpentError:
        for key in keys:
            if key not in search.good:
                search.whys.setdefault(key, f"not verified: the command has run {most_runs} times, which is the limit")
    return Chosen(search.good, search.whys)


class _Search:
    """`good` is what was tried together and may be kept."""

    def __init__(self, options: Mapping[str, int], attempt: Attempt, most_runs: int) -> None:
        self._options, self._attempt, self._left = options, attempt, most_runs
        self.good: Choice = {}
        self.whys: dict[str, str] = {}

    def run(self, keys: Sequence[str]) -> None:
        """Try all first candidates, and if that fails, find out which holes to blame."""
        first = dict.fromkeys(keys, 0)
        trial = self._try(first)
        if trial.passed:
            self.good = first
            return
        base = self._try({})
        if base.passed:
            self._halves(keys, trial)
        elif base.tests is not None:
            self._by_tests(keys, frozenset(base.tests))
        else:
            self._one_at_a_time(first, trial)

    def _try(self, choice: Choice) -> Trial:
        if self._left <= 0:
            raise _SpentError
        self._left -= 1
        return self._attempt(choice)

    def _keep(self, keys: Sequence[str]) -> None:
        """Keep of some holes what passes together with what is kept already."""
        together = {**self.good, **dict.fromkeys(keys, 0)}
        trial = self._try(together)
        if trial.passed:
            self.good = together
        else:
            self._halves(keys, trial)

    def _halves(self, keys: Sequence[str], trial: Trial) -> None:
        """The same for holes that do not pass with their first candidates."""
        if len(keys) > 1:
            middle = len(keys) // 2
            self._keep(keys[:middle])
            self._keep(keys[middle:])
            return
        (key,) = keys
        for candidate in range(1, self._options[key]):
            if self._try({**self.good, key: candidate}).passed:
                self.good = {**self.good, key: candidate}
                return
        self.whys[key] = f"the command fails with it: {trial.why}"

    def _one_at_a_time(self, first: Choice, trial: Trial) -> None:
        """Change one hole at a time, where the command fails without any change as well."""
        for key in first:
            for candidate in range(1, self._options[key]):
                other = {**first, key: candidate}
                if self._try(other).passed:
                    self.good = other
                    return
        why = f"the command fails before and after: {trial.why}; with a report (verify.junit) each hole is judged alone"
        self.whys = dict.fromkeys(first, why)

    def _by_tests(self, keys: Sequence[str], passing: frozenset[str]) -> None:
        """Keep what makes a test pass and none fail, hole by hole, until no hole gains any more."""
        left, gained = list(keys), True
        while left and gained:
            gained = False
            for key in list(left):
                found = self._gain(key, passing)
                if found is not None:
                    passing, gained = found, True
                    left.remove(key)
        if len(left) > 1:  # holes that only together make a test pass
            together = {**self.good, **dict.fromkeys(left, 0)}
            trial = self._try(together)
            if frozenset(trial.tests or ()) > passing:
                self.good, left = together, []
        for key in left:
            self.whys[key] = "no test passes because of it"

    def _gain(self, key: str, passing: frozenset[str]) -> frozenset[str] | None:
        """Keep the first candidate of a hole that gains a test; return the tests that pass then."""
        for candidate in range(self._options[key]):
            trial = self._try({**self.good, key: candidate})
            now = frozenset(trial.tests or ())
            if now > passing:
                self.good = {**self.good, key: candidate}
                return now
        return None
