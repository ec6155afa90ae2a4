"""A model asked plainly: code and what to do in one turn of a chat, and its one greedy answer, without any checks."""

from __future__ import annotations

import ast
import re
import textwrap

from infill.bench.bodies import parses
from infill.bench.docstring_checks import Function
from infill.bench.docstrings import Undocumented
from infill.bench.fix.planted import Planted
from infill.bench.instruct.run import Answer
from infill.bench.instruct.tasks import Placed
from infill.types import NoFill
from model.edits import Editor, EditPrompt
from model.types import CancelToken, Engine

MOST_TOKENS = 512
_NO_ANSWER = NoFill("empty_fill", "the model wrote no code")


def can_be_asked(engine: Engine) -> bool:
    """Whether the model takes turns of a chat."""
    return isinstance(engine, Editor) and engine.info.takes_instructions


def ask(engine: Engine, language: str, code: str, instruction: str) -> str:
    """Return what the model writes in place of the code, which has no indentation that all lines share."""
    assert isinstance(engine, Editor)
    longest = max((len(run) for run in re.findall("`{3,}", code)), default=2)
    fence = "`" * (longest + 1)

    def stop(text: str, _log_prob: float) -> bool:
        return f"\n{fence}" in text or text.startswith(fence)

    prompt = engine.edit_prompt(EditPrompt(language, instruction, code, fence=fence))
    answer = engine.tokenizer.decode(engine.draft(prompt, MOST_TOKENS, CancelToken(), stop=stop))
    return f"\n{answer}".split(f"\n{fence}")[0].removeprefix("\n")


def instructed(engine: Engine, placed: Placed) -> Answer:
    """Return the answer to one instruction; the selection is all that the model sees."""
    selected = placed.text[placed.selection.start : placed.selection.end]
    written = _in_place(engine, placed.language, selected, placed.task.instruction)
    return (
        Answer(placed.with_answer(written)) if written.strip() else Answer(None, _NO_ANSWER.reason, _NO_ANSWER.detail)
    )


def fixed(engine: Engine, planted: Planted) -> str | NoFill:
    """Return the whole text after a fix of the line that the diagnostic is about."""
    text, at = planted.broken, planted.problem.start
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    written = _in_place(engine, planted.language, text[start:end], f"Fix this error: {planted.message}")
    return text[:start] + written + text[end:] if written.strip() else _NO_ANSWER


def documented(engine: Engine, one: Undocumented) -> str | NoFill:
    """Return the whole text with the docstring that the model put into the function, and nothing else of its answer."""
    written = ask(engine, "python", one.code.rstrip(), "Add a one-line docstring to this function.")
    functions = _functions(written) if parses(written) else []
    doc = ast.get_docstring(functions[0]) if functions else None
    if doc is None:
        return _NO_ANSWER
    lines = one.text.splitlines(keepends=True)
    at = next(f for f in _functions(one.text) if f.lineno == one.line + 1).body[0].lineno - 1
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    said = textwrap.indent(f'"""{doc}"""\n', indent)
    return "".join([*lines[:at], said, *lines[at:]])


def _functions(text: str) -> list[Function]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, Function)]


def _in_place(engine: Engine, language: str, code: str, instruction: str) -> str:
    """Ask about code without the indentation that its lines share, and give that back to what is written."""
    shown = textwrap.dedent(code)
    indent = code[: len(code) - len(code.lstrip())] if code[:1] in " \t" else ""
    removed = indent[: len(indent) - (len(shown) - len(shown.lstrip()))]
    return textwrap.indent(ask(engine, language, shown, instruction), removed)
