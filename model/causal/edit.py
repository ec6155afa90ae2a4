"""Changing code as told: the turns of the chat that the instruct model was trained on, and the answer to them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from model.causal.aligned import LONGEST_RUN, Aligned
from model.causal.greedy import Token, write
from model.causal.network import CausalNetwork
from model.causal.tokenizer import CausalTokenizer
from model.diffusion.sampler import Ids
from model.edits import Edit, EditPrompt, EditTask, Ends
from model.types import CancelToken

SYSTEM = "You edit code. Answer with the changed code only."
OUTLINE = "The file also has:"


def turns(tokenizer: CausalTokenizer, prompt: EditPrompt) -> list[int]:
    """Ids of the chat. What is asked comes last, so that the code can be read before it is known."""
    encode, (start_id, end_id) = tokenizer.encode, tokenizer.turn_ids
    fence, language = prompt.fence, prompt.language
    said = f"{OUTLINE}\n\n{fence}{language}\n{prompt.outline}\n{fence}\n\n" if prompt.outline else ""
    said += f"{fence}{language}\n{prompt.shown}\n{fence}\n\n"
    code = [start_id, *encode(f"system\n{SYSTEM}"), end_id, *encode("\n"), start_id, *encode(f"user\n{said}")]
    asked = [*encode(prompt.instruction), end_id, *encode("\n"), start_id]
    return [*code, *asked, *encode(f"assistant\n{fence}{language}\n{prompt.begun}")]


def answer(
    network: CausalNetwork, tokenizer: CausalTokenizer, task: EditTask, cancel: CancelToken, ends: Ends | None
) -> Edit:
    """The most probable answer to a task; cut short when cancelled."""
    tokens: list[Token] = []
    with network.interrupted_by(cancel):
        network.prefill(task.prompt_ids)
        network.cover(task.expected_ids)
        for token in written(network, task):
            if cancel.cancelled or token.id in tokenizer.special_ids:
                break
            tokens.append(token)
            if ends is not None and ends(tokenizer.decode([t.id for t in tokens])):
                break
    return Edit(
        token_ids=tuple(t.id for t in tokens),
        log_probs=tuple(t.log_prob for t in tokens),
        second_ids=tuple(t.second_id for t in tokens),
        second_log_probs=tuple(t.second_log_prob for t in tokens),
        passes=tokens[-1].passes if tokens else 0,
    )


def written(network: CausalNetwork, task: EditTask) -> Iterator[Token]:
    """At most `most_tokens` tokens of the answer, those that are given first."""
    given = task.begins_ids
    aligned = Aligned(task.expected_ids)

    def allowed(ids: list[int]) -> Ids | None:  # [1]
        return np.array([given[len(ids)]], np.int64) if len(ids) < len(given) else None

    def propose(ids: list[int]) -> Sequence[Sequence[int]]:
        n = len(ids)
        return [given[n : n + LONGEST_RUN]] if n < len(given) else aligned(ids)

    tokens = write(network, allowed, propose, most_rows=LONGEST_RUN + 1)
    return itertools.islice(tokens, task.most_tokens)
