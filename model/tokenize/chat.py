"""The prompt of a checkpoint that was trained to answer in a chat, so that its answer is the file's own text.

The user's turn holds the file with a gap where the lines around the cursor are; the model's turn is begun for it with
a fence and those lines up to the hole, so that the prompt ends with the code before the hole as any other does. While
someone types, only the model's turn grows: the gap moves a few lines at a time. The turns are those of the
checkpoint's own template, what is said in them is in the folder `prompts` beside this file. What a file says is never
read as a token of the template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from model.prompt_parts import Asked, PromptFile, Purpose, joined
from model.tokenize.tokenizer import BOS, EOS, PAD, PREFIX, SUFFIX, Parts, TextTokenizer
from model.types import CheckpointError, PromptKind

PROMPTS = Path(__file__).parent / "prompts"
ANSWER_LINES = 16  # the answer's beginning grows by so many lines before the gap moves on
LEAST_LINES = 4  # before the hole that the answer always begins with, where there are as many
CHANNEL, CHANNEL_END, THOUGHT = "<|channel>", "<channel|>", "thought\n"
_SLOT = "dg-lsp:content"  # stands for what the user says when the template is rendered


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One paragraph, left out where the slot that it `needs` is empty."""

    text: str
    needs: str = ""


class Prompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said for one purpose; `mark` stands in the file where something is missing or to be changed."""

    mark: str
    parts: tuple[Part, ...]


class Turns(NamedTuple):
    """A template around what the user says: ids before and after, and the plain text that touches it or the answer."""

    before: list[int]
    lead: str
    between: list[int]
    opening: str
    end_id: int  # ends a turn


class NoTurns(CheckpointError):
    """A chat template whose turns end without a token that the tokenizer knows."""


class Chat:
    """A layout of two turns: what the user says, and the answer's beginning."""

    def __init__(self, tokenizer: TextTokenizer, template: str) -> None:
        self._tokenizer, self._template = tokenizer, template
        self._encode = tokenizer.encode
        self._turns = self._rendered(thinks=False)
        self._prompts: dict[Purpose, Prompt] = {p: read_prompt(p) for p in ("line", "block", "rewrite")}

    def prompt(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        """Ids of the prompt; with a `thought` the model has thinking switched on, and thought that."""
        before, answer = split_answer(prefix)
        said = self._said(context, before, answer, far_suffix, asked)
        code = f"{asked.fence}{asked.language}\n{answer}"
        if not asked.thought:
            return self._asked(self._turns, said) + self._encode(self._turns.opening + code)
        end_id = self._tokenizer.id_of(CHANNEL_END)
        assert end_id is not None  # there is no thought otherwise
        thought = [*self._encode(THOUGHT), *self._encode(asked.thought)]  # apart, as it was thought
        return [*self._before_thought(said), *thought, end_id, *self._encode(code)]

    def thinking(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        """Ids of a prompt after which the model thinks, up to a special token; none where its template cannot."""
        if self._tokenizer.id_of(CHANNEL) is None or self._tokenizer.id_of(CHANNEL_END) is None:
            return []
        said = self._said(context, *split_answer(prefix), far_suffix, asked)
        return [*self._before_thought(said), *self._encode(THOUGHT)]

    def end(self, after: str, asked: Asked) -> list[int]:
        """Ids of the text that ends the file, of the fence that ends the code and of the end of the turn."""
        line_end = "" if after.endswith("\n") else "\n"
        return [*self._encode(after + line_end + asked.fence), self._turns.end_id]

    def _asked(self, turns: Turns, said: str) -> list[int]:
        return [*turns.before, *self._encode(turns.lead + said), *turns.between]

    def _before_thought(self, said: str) -> list[int]:
        channel_id = self._tokenizer.id_of(CHANNEL)
        assert channel_id is not None
        return [*self._asked(self._thinking, said), *self._encode(self._thinking.opening), channel_id]

    @cached_property
    def _thinking(self) -> Turns:
        return self._rendered(thinks=True)

    def _said(self, context: Sequence[PromptFile], before: str, answer: str, after: str, asked: Asked) -> str:
        """What the user says."""
        prompt = self._prompts[asked.purpose]
        mark = prompt.mark
        while any(mark in text for text in (before, answer, asked.selected, after)):
            mark = f"<{mark}>"
        slots = {
            "context": joined(context),
            "before": before,
            "answer": answer,
            "after": after.removesuffix("\n"),
            "tail": asked.tail,
            "selected": asked.selected,
            "rest": asked.rest,
            "mark": mark,
            "fence": asked.fence,
            "language": asked.language,
            "instruction": asked.instruction,
            "diagnostics": "\n".join(f"- {message}" for message in asked.diagnostics),
        }
        parts = (part.text.strip("\n") for part in prompt.parts if not part.needs or slots[part.needs])
        return "\n\n".join(part.format_map(slots) for part in parts)

    def _rendered(self, thinks: bool) -> Turns:
        """The template with its special tokens as ids; raises `CheckpointError` where it has no turns."""
        text = render(self._template, self._tokenizer.source, thinks)
        before, _, after = text.partition(_SLOT)
        *opened, lead = self._split(before)
        *closed, opening = self._split(after)
        between = self._ids_of(closed)
        end_id = next((i for i in between if i in self._tokenizer.special_ids), None)
        if end_id is None:
            raise NoTurns(f"{self._tokenizer.source}: has no token that ends a turn of the chat template")
        return Turns(self._ids_of(opened), lead, between, opening, end_id)

    def _split(self, text: str) -> list[str]:
        """The text cut at special tokens' names, the names included; its first and last pieces are plain."""
        names = sorted(self._tokenizer.special_tokens(), key=len, reverse=True)
        return re.split(f"({'|'.join(map(re.escape, names))})", text)

    def _ids_of(self, pieces: list[str]) -> list[int]:
        special = self._tokenizer.special_tokens()
        return [i for piece in pieces for i in ([special[piece]] if piece in special else self._encode(piece))]


def split_answer(prefix: str) -> tuple[str, str]:
    """The prefix cut before the lines that the answer begins with; the same place while a line is written."""
    n_lines = prefix.count("\n")
    n_before = max(0, n_lines - LEAST_LINES) // ANSWER_LINES * ANSWER_LINES
    lines = prefix.split("\n", n_before)
    return "".join(f"{line}\n" for line in lines[:-1]), lines[-1]


def read_prompt(purpose: Purpose) -> Prompt:
    """What is said for a purpose."""
    return msgspec.toml.decode((PROMPTS / f"{purpose}.toml").read_bytes(), type=Prompt)


def open_tokenizer(folder: Path, kind: PromptKind | None = None) -> TextTokenizer:
    """A folder's tokenizer with the layout that its model was trained on; `kind` is what the folder says of that.

    By default, tokens for the parts of a prompt are used where there are any, else the turns of a chat template,
    else plain text. Raises `CheckpointError`.
    """
    tokenizer = TextTokenizer.load(folder)
    parts = Parts(tokenizer, plain=kind == "plain")
    if kind == "infill" and not parts.trained:
        raise CheckpointError(f"{tokenizer.source}: has no {SUFFIX} and {PREFIX} tokens, though infill.json says so")
    template = chat_template(folder)
    if kind == "chat" and template is None:
        raise CheckpointError(f"{folder}: has no chat_template.jinja, though infill.json says that it chats")
    tokenizer.layout = parts
    if template is not None and (kind == "chat" or (kind is None and not parts.trained)):
        try:
            tokenizer.layout = Chat(tokenizer, template)
        except NoTurns:
            if kind == "chat":
                raise
    return tokenizer


def chat_template(folder: Path) -> str | None:
    """The chat template of a checkpoint folder, if it has one."""
    if (folder / "chat_template.jinja").is_file():
        return (folder / "chat_template.jinja").read_text()
    path = folder / "tokenizer_config.json"
    stated: Any = json.loads(path.read_bytes()).get("chat_template") if path.is_file() else None
    return stated if isinstance(stated, str) else None


def render(template: str, source: str, thinks: bool) -> str:
    """The template with one message of the user's and the beginning of an answer; raises `CheckpointError`."""
    try:
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        raise CheckpointError(f"{source}: its chat template needs jinja2; pip install 'dg-lsp[gpu]'") from None
    environment = ImmutableSandboxedEnvironment(  # it comes with the weights: it may compute text and nothing else
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    try:
        text = environment.from_string(template).render(
            messages=[{"role": "user", "content": _SLOT}],
            add_generation_prompt=True,
            enable_thinking=thinks,
            bos_token=BOS,
            eos_token=EOS,
            pad_token=PAD,
        )
    except Exception as error:  # whatever the template's own code raises
        raise CheckpointError(f"{source}: its chat template cannot be rendered ({error})") from None
    if text.count(_SLOT) != 1:
        raise CheckpointError(f"{source}: its chat template does not say what the user says, once")
    return text
