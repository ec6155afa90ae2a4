"""Greedy text after a kept prompt, several tokens a pass where what is proposed is right.

Proposals never change the text: a pass reads them as branches of a tree, and only what the model itself would have
written is taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from model.causal.canvas_drafts import Drafter
from model.causal.network import CausalNetwork
from model.causal.reading import ROOT, Reading
from model.diffusion.sampler import Floats, Ids

MOST_ROWS = 8  # read in one pass: more cost more than they are likely to save
SCORED_AT_ONCE = 8  # rows: the head takes little more for them than for one

Propose = Callable[[list[int]], Sequence[Sequence[int]]]  # what may follow the ids that are written


class Token(NamedTuple):
    """One written token."""

    id: int
    log_prob: float  # nats, among all tokens, whatever was allowed
    entropy: float  # nats
    passes: int  # so far
    second_id: int = -1  # the next best that is allowed; -1 for none
    second_log_prob: float = -np.inf


def write(
    network: CausalNetwork,
    allowed: Callable[[list[int]], Ids | None] = lambda ids: None,
    propose: Propose = lambda ids: (),
    most_rows: int = MOST_ROWS,
) -> Iterator[Token]:
    """The most probable token after the prompt in use, then the one after that, without end: the caller stops.

    `allowed` gives the ids [n] that may follow those that are written, None for any; where none may, or none has a
    score, the text ends. Special tokens are written like any other.
    """
    reading, node, ids, n_passes = network.reading(), ROOT, list[int](), 0
    scores, drafter = Scores(reading), Drafter(network.drafts)
    while (best := most_probable(network, scores.after(node), allowed(ids))) is not None:
        ids.append(best.id)
        yield best._replace(passes=n_passes)
        known = [child for child in children(reading, node) if reading.ids[child] == best.id]
        if known:
            node = known[0]
            continue
        proposals = drafter.proposals(ids, propose(ids), scores.drafted(node))
        reading.keep(node)
        scores.forget()
        started = time.thread_time()  # not the clock, which counts what others do
        node, n_rows = extend(reading, branches(best.id, proposals, most_rows), drafter.n_masks)
        scores.after(node)
        drafter.timed(n_rows, 1000 * (time.thread_time() - started))
        n_passes += 1


def extend(reading: Reading, rows: tuple[list[int], list[int]], n_masks: int) -> tuple[int, int]:
    """Read `branches` behind the one way of a reading, masks behind each of them; the first new node, and all rows."""
    ids, parents = rows
    n = len(reading.ids)
    after = [n - 1, *(n + parent for parent in parents[1:])]  # the way's last node, or the root
    behind = range(n, n + len(ids)) if n_masks else ()
    return reading.extend(ids, after, behind, n_masks)[0], len(ids) + len(behind) * n_masks


class Scores:
    """The log-probabilities after each node of a reading, a few nodes at a time."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.forget()

    def forget(self) -> None:
        """Drop what is known: the nodes were numbered anew."""
        self._known: dict[int, Floats] = {}  # [W] by node
        self._drafted: dict[int, list[int]] = {}

    def after(self, node: int) -> Floats:
        """Log-probabilities [W] (nats) of what follows a node; of the rows behind it, too."""
        if node not in self._known:
            last = min(node + SCORED_AT_ONCE, len(self._reading.ids))
            nodes = list(range(node, last)) if node != ROOT else [node]
            log_probs, self._drafted = self._reading.scored(nodes)
            self._known = dict(zip(nodes, log_probs, strict=True))
        return self._known[node]

    def drafted(self, node: int) -> Sequence[int]:
        """What the masks behind a node say, whose scores are known: ids from the next token but one on."""
        return self._drafted.get(node, ())


def most_probable(network: CausalNetwork, log_probs: Floats, allowed: Ids | None) -> Token | None:
    """The most probable id by `log_probs` [W], among those `allowed` [n]."""
    slots = None
    if allowed is not None:
        slots = network.written.slots(allowed)
        slots = slots[slots >= 0]
        if not len(slots):
            return None
    own = log_probs if slots is None else log_probs[slots]
    best, second = (int(own.argmax()), -1) if len(own) == 1 else top_two(own)
    entropy = -float(np.exp(log_probs) @ log_probs)

    def found(at: int) -> tuple[int, float]:
        slot = at if slots is None else int(slots[at])
        return int(network.written.ids[slot]), float(log_probs[slot])

    token = Token(*found(best), entropy, 0)
    if second < 0:
        return token
    second_id, second_log_prob = found(second)
    return token._replace(second_id=second_id, second_log_prob=second_log_prob)


def top_two(values: Floats) -> tuple[int, int]:
    """Where the largest of `values` [n] and the next largest are, the first of equal ones; n is at least 2."""
    best = int(values.argmax())
    rest = values.copy()
    rest[best] = -np.inf
    return best, int(rest.argmax())


def children(reading: Reading, node: int) -> list[int]:
    """The nodes that come right after a node."""
    return [child for child, parent in enumerate(reading.parents) if parent == node]


def branches(first: int, proposals: Sequence[Sequence[int]], most_rows: int) -> tuple[list[int], list[int]]:
    """Rows for `first` and what is proposed to follow it: their ids and the row before each, -1 for none.

    What proposals begin with together is read once; the first proposals have the first right to the rows.
    """
    ids, parents = [first], [-1]
    for proposal in proposals:
        at = 0
        for token_id in proposal:
            known = [row for row, parent in enumerate(parents) if parent == at and ids[row] == token_id]
            if known:
                at = known[0]
                continue
            if len(ids) >= most_rows:
                break
            ids.append(token_id)
            parents.append(at)
            at = len(ids) - 1
    return ids, parents
