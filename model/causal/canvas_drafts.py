"""Drafts of the canvas while a text is written: how many masks a pass reads, and what they said of the next one.

Every row that a pass may end with has masks behind it, so that the next pass has a draft whatever the model writes.
That makes the rows many: how many masks pay follows from how many drafted tokens were right lately, and from what rows
have cost on this machine.
"""

from __future__ import annotations

from collections.abc import Sequence

from model.causal.key_values import shared

MOST_MASKS = 4  # of a group; the adapter was trained with two to six
RIGHT = (0.6, 0.25, 0.08, 0.02)  # share of drafts whose first 1, 2, 3, 4 tokens are right, until some were seen
RECENT = 0.02  # how much of a share the last draft makes out
TRY_AGAIN = 32  # passes without masks after which one has them: what is written may have become easier
ROW_PRICE = {"cpu": 0.1}  # what a row more costs, in passes of one row, until some were timed
FREE = 0.01  # the same on a device that is not the CPU
GROWS = 1.01  # what a least time is multiplied by with every longer one, as a machine may become slower
SURE = 16.0  # passes that the first price counts as


class Prices:
    """What a pass of n rows costs: a line through the least times of late, as other work only makes passes longer."""

    def __init__(self, row_price: float) -> None:
        """`row_price` is what a row more costs, in passes of one row; it gives way to what is timed."""
        self._prior = row_price
        self._least: dict[int, float] = {}  # ms by rows
        self._n_timed = 0

    def timed(self, n_rows: int, ms: float) -> None:
        """Take a pass into account, by what its thread has spent of a processor."""
        self._n_timed += 1
        self._least[n_rows] = min(ms, self._least.get(n_rows, ms) * GROWS)

    def of(self, n_rows: int) -> float:
        """The price of a pass of `n_rows` rows, in passes of one row."""
        return 1 + self._row_price() * (n_rows - 1)

    def _row_price(self) -> float:
        n, x, y = len(self._least), sum(self._least), sum(self._least.values())
        if n < 2:
            return self._prior
        products = sum(rows * ms for rows, ms in self._least.items())
        slope = (n * products - x * y) / (n * sum(rows * rows for rows in self._least) - x * x)
        one = (y - slope * x) / n + slope
        seen = min(max(slope / one, 0.0), 1.0) if one > 0 else self._prior
        share = self._n_timed / (self._n_timed + SURE)
        return share * seen + (1 - share) * self._prior


class CanvasDrafts:
    """What is known of drafts so far: how often they were right, and what rows cost."""

    def __init__(self, device: str) -> None:
        self.prices = Prices(ROW_PRICE.get(device, FREE))
        self._right = list(RIGHT)
        self._used = 1.0  # share of passes with masks whose draft the next pass has read
        self._open = False  # whether the last pass had masks, and no pass came after it yet
        self._without = 0  # passes, since one had masks

    def n_masks(self) -> int:
        """How many masks are to be read behind every row of the next pass; 0 where drafts do not pay."""
        best = max(range(MOST_MASKS + 1), key=self._tokens_per_price)
        self._without = 0 if best else self._without + 1
        n = best or int(self._without % TRY_AGAIN == 0)
        self._open = n > 0
        return n

    def ended(self, used: bool = False) -> None:
        """Say that the draft of the last pass with masks is read in the next one, or will not be."""
        if self._open:
            self._used += RECENT * (used - self._used)
        self._open = False

    def saw(self, drafted: Sequence[int], followed: Sequence[int]) -> None:
        """Learn from a draft and what was written instead, as far as that is known."""
        n = shared(drafted, followed)
        known = len(drafted) if n < len(followed) else n
        for i in range(min(known, MOST_MASKS)):
            self._right[i] += RECENT * ((i < n) - self._right[i])

    def _tokens_per_price(self, n: int) -> float:
        """Tokens that a pass with `n` masks behind each of `n` drafted rows and of the certain one brings."""
        return (1 + self._used * sum(self._right[:n])) / self.prices.of((n + 1) * (n + 1))


class Drafter:
    """The drafts of one text; none at all where the network has no canvas rows."""

    def __init__(self, drafts: CanvasDrafts | None) -> None:
        self._drafts = drafts
        if drafts is not None:
            drafts.ended()  # of the text before
        self._draft: Sequence[int] = ()
        self._other: int | None = None  # what others proposed in its place, where that was another token
        self._at = 0  # where in the text both begin
        self._ahead = 0  # how often the draft was right where they differed, less how often they were
        self.n_masks = 0  # to be read behind every row of the next pass

    def proposals(
        self, ids: Sequence[int], others: Sequence[Sequence[int]], draft: Sequence[int]
    ) -> Sequence[Sequence[int]]:
        """What may follow `ids`: what `others` propose, or the `draft` of the last masks.

        The draft is for where others have nothing, and for where they differ, as long as it was right more often there.
        Rows that others fill have no masks: they are many already, and where they are right, more follow.
        """
        if self._drafts is None:
            return others
        self._learn(ids[self._at :])
        first = [other[0] for other in others if other]
        self._draft, self._at = draft, len(ids)
        self._other = first[0] if first and draft and draft[0] not in first else None
        if first and (self._other is None or self._ahead < 0):
            self._drafts.ended()
            self.n_masks = 0
            return others
        self._drafts.ended(used=bool(draft))
        self.n_masks = self._drafts.n_masks()
        return [draft[: self.n_masks]]

    def timed(self, n_rows: int, ms: float) -> None:
        """Say what the pass took."""
        if self._drafts is not None:
            self._drafts.prices.timed(n_rows, ms)

    def _learn(self, followed: Sequence[int]) -> None:
        """Compare the last draft with what was written in its place."""
        if not self._draft or not followed or self._drafts is None:
            return
        self._drafts.saw(self._draft, followed)
        if self._other is not None:
            self._ahead += (followed[0] == self._draft[0]) - (followed[0] == self._other)
