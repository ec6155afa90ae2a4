"""Greedy text after a kept prompt, several tokens a pass where what is proposed is right.

Proposals never change the text: a pass reads them as branches of a tree, and only what the model itself would have
written is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from model.causal.network import CausalNetwork
from model.causal.reading import ROOT, Reading
from model.diffusion.sampler import Ids

MOST_ROWS = 8  # read in one pass: more cost more than they are likely to save

Propose = Callable[[list[int]], Sequence[Sequence[int]]]  # what may follow the ids that are written


class Token(NamedTuple):
    """One written token."""

    id: int
    log_prob: float  # nats, among all tokens, whatever was allowed
    entropy: float  # nats
    passes: int  # so far


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
    while (best := most_probable(network, reading, node, allowed(ids))) is not None:
        ids.append(best.id)
        yield best._replace(passes=n_passes)
        known = [child for child in children(reading, node) if reading.ids[child] == best.id]
        if known:
            node = known[0]
            continue
        reading.keep(node)
        n_kept = len(reading.ids)
        rows, parents = branches(best.id, propose(ids), most_rows)
        start = n_kept - 1  # the way's last node, or the root
        node = reading.extend(rows, [start, *(n_kept + parent for parent in parents[1:])])[0]
        n_passes += 1


def most_probable(network: CausalNetwork, reading: Reading, node: int, allowed: Ids | None) -> Token | None:
    """The most probable id after a node, among those `allowed` [n]."""
    log_probs = reading.log_probs([node])[0]
    if allowed is None:
        slot = int(log_probs.argmax())
    else:
        slots = network.written.slots(allowed)
        slots = slots[slots >= 0]
        if not len(slots):
            return None
        slot = int(slots[log_probs[slots].argmax()])
    entropy = -float(np.exp(log_probs) @ log_probs)
    return Token(int(network.written.ids[slot]), float(log_probs[slot]), entropy, 0)


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
