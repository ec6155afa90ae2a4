"""One answer of a server on its way: its text, its tokens, and where it is complete."""

from __future__ import annotations

import math
from collections.abc import Callable

from model.http.wire import Choice, TokenLogProb

Ending = Callable[[str], int | None]  # where a text that is still being written has all that is wanted of it


class Answer:
    """One answer: its text, and the tokens where the server says their log-probabilities.

    `begun` is what the server was made to begin it with: a fence, which it does not write again, or with
    `respelled` the end of a prefix, which it does.
    """

    def __init__(self, begun: str = "", respelled: bool = False, ends: Ending | None = None) -> None:
        self.text = "" if respelled else begun
        self.tokens: list[tuple[bytes, float]] = [(self.text.encode(), 0.0)] if self.text else []
        self.finished: str | None = None  # why it ended: "stop" is the model's own end, "length" a limit
        self.heard = False  # whether the server has begun to write it
        self.is_whole = False  # what follows is not wanted
        self._respelled = begun.encode("utf-8", "replace") if respelled else b""
        self._ends = ends

    def add(self, choice: Choice) -> None:
        """Take the next piece."""
        self.finished = choice.finish_reason or self.finished
        if self.is_whole:
            return
        said = choice.said
        self.heard = self.heard or bool(said)
        self.text += said
        for token in choice.tokens:
            self._add_token(token)
        if said and self._ends is not None and (end := self._ends(self.text)) is not None:
            self.text, self.is_whole = self.text[:end], True

    def surprisals(self) -> list[float] | None:
        """For each character minus the log-probability (nats) of the token that begins with it, 0 for others.

        None where the tokens do not spell the text: then it is not known what they are of.
        """
        text = self.text.encode("utf-8", "replace")
        if not self.tokens or not b"".join(spelled for spelled, _ in self.tokens).startswith(text):
            return None
        by_byte = [0.0] * (len(text) + 1)
        at, begun = 0, len(self._respelled) if text.startswith(self._respelled) else 0
        for spelled, log_prob in self.tokens:
            place = begun if at < begun < at + len(spelled) else at  # it says something new as well
            by_byte[min(place, len(text))] -= log_prob
            at += len(spelled)
        found = [0.0] * len(self.text)
        at = 0
        for i, char in enumerate(self.text):
            n = len(char.encode("utf-8", "replace"))
            found[i] = sum(by_byte[at : at + n])
            at += n
        return found

    def _add_token(self, token: TokenLogProb) -> None:
        """Take a token; where the text is given, it is as probable as it is among those that spell that text."""
        spelled, log_prob = token.spelled, token.logprob
        rest = self._respelled[sum(len(s) for s, _ in self.tokens) :]
        if rest and token.top_logprobs:
            others = {other.spelled: other.logprob for other in token.top_logprobs} | {spelled: log_prob}
            fitting = [p for s, p in others.items() if s and (s.startswith(rest) or rest.startswith(s))]
            log_prob -= math.log(sum(map(math.exp, fitting))) if fitting else 0.0
        self.tokens.append((spelled, min(log_prob, 0.0)))
