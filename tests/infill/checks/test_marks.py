"""No mark of a conversation with a model is offered as code."""

from __future__ import annotations

import pytest

from infill.checks.marks import foreign_mark


@pytest.mark.reports
@pytest.mark.parametrize(
    "text",
    ["return <hole1/>", "<hole2 />", "a <|fim_middle|> b", "<fim_suffix>", "<|im_end|>", "x<|endoftext|>", "[INST] x",
     "<｜fim▁hole｜>", "<PRE> x", "```python\nx = 1", "x = 1\n```", "<end_of_turn>", "<hole>", "</hole1>",
     "<unused7>", "<|think|>"],
)  # fmt: skip
def test_a_mark_is_seen(text: str) -> None:
    assert foreign_mark(text, "x = 1\n") is not None


@pytest.mark.parametrize(
    "text", ["a < b > c", "<mask id='m'>", "a[i] | b", "x <| y |> z", "`a`", "f'{a}'", "Vec<Hole>", "<s>old</s>"]
)
def test_code_is_no_mark(text: str) -> None:
    assert foreign_mark(text, "x = 1\n") is None


def test_what_the_document_says_itself_is_no_mark() -> None:
    assert foreign_mark('EOT = "<|endoftext|>"', 'PAD = "<|pad|>"\nA = "<|endoftext|>"\n') is None
    assert foreign_mark("```\nmore\n```", '"""Example:\n```\nx\n```\n"""') is None
