"""An engine whose answers a test writes down: one token per character, fills and scores from a table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from model.prompt_parts import Asked, PromptFile, joined
from model.types import Budget, CancelToken, Canvas, Fill, ModelInfo, OnStep, Score, Stop

PAD, BOS, SUFFIX, PREFIX = range(4)
NOTHING = Asked()


class CharTokenizer:
    """One id per character."""

    pad_id = PAD
    special_ids = frozenset(range(4))

    def encode(self, text: str) -> list[int]:
        return [ord(c) + 10 for c in text]

    def decode(self, token_ids: Sequence[int]) -> str:
        return "".join(chr(i - 10) for i in token_ids if i not in self.special_ids)

    def split_tail(self, prefix: str) -> tuple[str, str]:
        last = re.search(r"(\w+|\W)$", prefix)
        return (prefix[: last.start()], last[0]) if last else (prefix, "")

    def prompt(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked = NOTHING) -> list[int]:
        context = "\n\n".join(filter(None, (asked.instruction, joined(context))))
        return [BOS, *self.encode(context), SUFFIX, *self.encode(far_suffix), PREFIX, *self.encode(prefix)]

    def thinking(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        return []

    def end(self, after: str, asked: Asked = NOTHING) -> list[int]:
        return self.encode(after)


class FakeEngine:
    """`fills` are what denoising gives, `draft_text` the left-to-right draft after the tail.

    `log_probs` maps a candidate to its mean log-probability; others get -5.
    """

    def __init__(
        self,
        fills: Sequence[str] = (),
        draft_text: str = "",
        log_probs: dict[str, float] | None = None,
        languages: tuple[str, ...] | None = ("python",),
        **info: object,
    ) -> None:
        self.tokenizer = CharTokenizer()
        self._fills, self._draft_text, self._log_probs = fills, draft_text, log_probs or {}
        self.canvases: list[Canvas] = []
        self.prompts: list[list[int]] = []
        self.judged: list[str] = []
        self.budgets: list[Budget] = []
        settings = dict(
            max_prompt_tokens=400, far_suffix_tokens=80, near_suffix_tokens=8, line_lengths=(1, 2, 4),
            block_lengths=(4, 8), pad_ends_hole=True, show_threshold=0.5,
            line_steps=4,
            block_steps=8,
            context_tokens=0,
        )  # fmt: skip
        kind = dict(n_parameters=1, vocab_size=2000, device="cpu", dtype="float32", name="fake", languages=languages)
        self.info = ModelInfo(**(kind | settings | info))

    def denoise(
        self, prompt_ids: Sequence[int], canvases: Sequence[Canvas], budget: Budget, cancel: CancelToken, seed: int,
        on_draft: OnStep | None = None,
    ) -> list[Fill]:  # fmt: skip
        self.prompts.append(list(prompt_ids))
        self.canvases, self.budgets = list(canvases), [*self.budgets, budget]
        return [Fill(tuple(self.tokenizer.encode(t)), (0.1,) * len(t), 3, "converged") for t in self._fills]

    def draft(
        self, prompt_ids: Sequence[int], max_tokens: int, cancel: CancelToken, starts_with: str = "",
        stop: Stop | None = None, never: Sequence[str] = (),
    ) -> list[int]:  # fmt: skip
        return self.tokenizer.encode(starts_with + self._draft_text) if self._draft_text else []

    def score(
        self, prompt_ids: Sequence[int], continuations: Sequence[Sequence[int]], cancel: CancelToken
    ) -> list[Score]:
        texts = [self.tokenizer.decode(c) for c in continuations]
        self.judged += texts
        each = [next((p for t, p in self._log_probs.items() if t in text), -5.0) for text in texts]
        return [Score((p,) * len(c), (0.2,) * len(c)) for p, c in zip(each, continuations, strict=True)]
