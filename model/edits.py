"""The face of an engine that changes a text as it is told in words, and writes only what it changes.

An engine without it fills holes and judges texts; `infill` asks with `isinstance(engine, Editor)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import msgspec

from model.types import CancelToken

Ends = Callable[[str], bool]  # whether an answer ends with this text


class EditTask(msgspec.Struct, frozen=True):
    """What is to be written after a prompt.

    `expected_ids` is the text as it would be if nothing changed: it makes writing faster and changes nothing.
    `begins_ids` is how the answer begins, given.
    """

    prompt_ids: tuple[int, ...]
    expected_ids: tuple[int, ...] = ()
    begins_ids: tuple[int, ...] = ()
    most_tokens: int = 256


class Edit(msgspec.Struct, frozen=True):
    """An answer token by token: what was written, and what was the second best there.

    Log-probabilities are in nats. `passes` is how often the model was asked.
    """

    token_ids: tuple[int, ...] = ()
    log_probs: tuple[float, ...] = ()
    second_ids: tuple[int, ...] = ()
    second_log_probs: tuple[float, ...] = ()
    passes: int = 0


@runtime_checkable
class Editor(Protocol):
    """An engine that writes what it is told to."""

    def edit(self, task: EditTask, cancel: CancelToken, ends: Ends | None = None) -> Edit:
        """The most probable answer, up to a special token, its end or `most_tokens`; cut short when cancelled."""
        ...

    def edit_prompt(self, prompt: EditPrompt) -> list[int]:
        """Ids of the prompt in turns of a chat, the answer begun."""
        ...


class EditPrompt(msgspec.Struct, frozen=True):
    """What a model is shown and told before it changes code.

    `shown` is the code with what stands right around it, `begun` the first lines of that, with which the answer begins.
    """

    language: str  # id, as a fence names it
    instruction: str
    shown: str
    begun: str = ""
    outline: str = ""  # what else the file has, in short
    fence: str = "```"  # longer than any in the code
