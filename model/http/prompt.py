"""What a server is asked: the file with its holes marked, and in whole sentences what to write.

Terse orders ("reply with only the code") make DiffusionGemma answer nothing at all. The answer is to hold
whole lines, known text included: then it can be told from the text which part of it is new (model.http.align).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from model.http.code_points import REPORTED, CodePointTokenizer
from model.types import Canvas

SYSTEM = (
    "You help a programmer with one place of a source file. You write the code that belongs there in the style of "
    "the file, and you put your answer into one fenced code block."
)
_FENCES = ("```", "~~~~", "``````")
LINE_CHARS, BLOCK_CHARS = 160, 3000  # the most that fits into a hole
_SHOWN_CHARS = 200  # of a line that the request quotes


class Asked(msgspec.Struct, frozen=True):
    """A text with holes: `fixed` is what stands before, between and behind them, `present` what stands in each now.

    `before` and `after` are what else of the file stands around all that, `n_free` is how many characters fit
    into each hole. `told` is what is asked for in words, `context` what other files say.
    """

    language: str
    told: str
    context: str
    before: str
    fixed: tuple[str, ...]
    present: tuple[str, ...]
    n_free: tuple[int, ...]
    after: str

    @property
    def is_line(self) -> bool:
        """Whether it is a part of one line that is asked for."""
        return len(self.n_free) == 1 and self.n_free[0] <= LINE_CHARS and not self.present[0]

    @property
    def fence(self) -> str:
        """The line that opens a block with any of its texts; it names the language."""
        return next((f for f in _FENCES if f not in self.left + self.right), _FENCES[-1]) + self.language

    @property
    def left(self) -> str:
        """All of the file before the first hole."""
        return self.before + self.fixed[0]

    @property
    def right(self) -> str:
        """All of the file behind the last hole."""
        return joined(self.fixed[-1], self.after)


def asked(prompt_ids: Sequence[int], canvas: Canvas, tokenizer: CodePointTokenizer) -> Asked:
    """The question of one canvas, as text."""
    parts = tokenizer.parts(prompt_ids)
    fixed, present, n_free = [""], list[str](), list[int]()
    was_free = False
    for i, free in zip(canvas.canvas_ids, canvas.hole_mask, strict=True):
        if free and not was_free:
            fixed.append("")
            present.append("")
            n_free.append(0)
        if free:
            n_free[-1] += 1
            present[-1] += chr(i) if i and not canvas.warm else ""
        else:
            fixed[-1] += chr(i)
        was_free = free
    return Asked(
        language=parts.language,
        told=parts.told,
        context=parts.context,
        before=parts.prefix,
        fixed=tuple(fixed),
        present=tuple(present),
        n_free=tuple(n_free),
        after=parts.far_suffix,
    )


def joined(near: str, far: str) -> str:
    """What follows the holes: `far` begins on one of the lines of `near` and says the same from there on."""
    if not far:
        return near
    at = near.find("\n")
    while at >= 0:
        rest = near[at + 1 :]
        if far.startswith(rest) or rest.startswith(far):
            return near[: at + 1] + max(rest, far, key=len)
        at = near.find("\n", at + 1)
    return f"{near}\n{far}"


def messages(question: Asked) -> list[dict[str, str]]:
    """The chat that asks for an answer."""
    marks = [f"<hole{n}/>" for n in range(1, len(question.present) + 1)]
    written = question.left
    for n, (present, mark, fixed) in enumerate(zip(question.present, marks, question.fixed[1:], strict=True), 1):
        written += f"<hole{n}>{present}</hole{n}>" if present else mark
        written += fixed if n < len(marks) else question.right
    fence = next((f for f in _FENCES if f not in written), _FENCES[-1])
    said = "\n\n".join(filter(None, (question.told, question.context)))
    parts = [f"What is asked for, and what other files say:\n\n{said}"] if said else []
    parts += [f"This is the file:\n\n{fence}\n{written}\n{fence}", _wish(question, marks)]
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": sendable("\n\n".join(parts))}]


def plain_messages(question: Asked) -> list[dict[str, str]]:
    """The chat that asks for lines to be changed: what is asked for, behind these lines in a fence, without marks.

    Of Qwen2.5-Coder 0.5B the marks get a copy of what stands around them; the file is told before, as the system's.
    """
    left, right = question.left, question.right
    lines = left.rpartition("\n")[2] + question.present[0] + right.partition("\n")[0]
    fence = question.fence
    closing = fence.removesuffix(question.language)
    whole = left + question.present[0] + right
    parts = [f"You help a programmer with this file:\n\n{fence}\n{whole}\n{closing}"]
    if question.context:
        parts.append(f"Other files of it:\n\n{fence}\n{question.context}\n{closing}")
    told = question.told if not question.told.startswith(REPORTED) else f"Correct these lines. {question.told}"
    asked = f"{fence}\n{lines}\n{closing}\n\n{told}"
    return [
        {"role": "system", "content": sendable("\n\n".join(parts))},
        {"role": "user", "content": sendable(asked)},
    ]


def sendable(text: str) -> str:
    """The text with a question mark for each lone surrogate, which JSON for others cannot carry."""
    return text.encode("utf-8", "replace").decode()


def _wish(question: Asked, marks: Sequence[str]) -> str:
    """What to write, and where it begins and ends."""
    if len(marks) > 1:
        told = f"The marks {', '.join(marks)} in the file stand where code is missing."
        if any(question.present):
            told = f"In the file, the {len(marks)} places <hole1> to <hole{len(marks)}> are to be written anew."
        wish = "Please write out all lines from the first of them to the last, with the code that belongs there in"
        return f"{told} {wish} place of each, without the marks, and with everything else as it is."
    if question.present[0]:
        told = "What stands between <hole1> and </hole1> in the file is to be written anew."
        wish = "Please write out the whole line or lines on which it stands, as they read then, without the marks."
        return f"{told} {wish}{_below(question)}"
    left = question.left.rpartition("\n")[2].strip()
    told = f"The mark {marks[0]} in the file stands where code is missing. Please write the code that belongs there:"
    one_line = question.is_line
    if left:
        shown = left[-_SHOWN_CHARS:]
        ends = "as it reads once the mark is replaced" if one_line else "and as many lines after it as are needed"
        wish = f"write out the whole line that begins with `{shown}`, {ends}."
    else:
        wish = "it is one line." if one_line else "it may be as many lines as are needed, with their indentation."
    return f"{told} {wish}{_below(question)}"


def _below(question: Asked) -> str:
    """The line that follows, so that it is not written again."""
    line = next((line.strip() for line in question.right.partition("\n")[2].split("\n") if line.strip()), "")
    return f" The line after it, `{line[:_SHOWN_CHARS]}`, is there already." if line else ""
