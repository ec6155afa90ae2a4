"""The layout of a prompt, with and without tokens for its parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.config import EMBEDDED
from model.load import load_engine
from model.prompt_parts import PromptFile, joined
from model.tokenize.tokenizer import CONTEXT, PREFIX, SUFFIX, TextTokenizer
from model.types import ModelSpec

OTHERS = [PromptFile("a.py", "X = 1", ("#", ""))]
AFTER, BEFORE = "y = 2\n", "import a\nx ="


def test_what_changes_least_comes_first() -> None:
    tokenizer = TextTokenizer.load(EMBEDDED)
    encode = tokenizer.encode
    parts = [tokenizer.context_id, *encode(joined(OTHERS)), tokenizer.suffix_id, *encode(AFTER), tokenizer.prefix_id]
    assert tokenizer.prompt(OTHERS, AFTER, BEFORE) == [tokenizer.bos_id, *parts, *encode(BEFORE)]


def test_a_model_that_was_not_trained_for_infilling_reads_plain_text(tmp_path: Path) -> None:
    text = (EMBEDDED / "tokenizer.json").read_text()
    for name in (CONTEXT, SUFFIX, PREFIX):
        text = text.replace(name, name.upper())
    (tmp_path / "tokenizer.json").write_text(text)
    tokenizer = TextTokenizer.load(tmp_path)
    assert tokenizer.decode(tokenizer.prompt(OTHERS, AFTER, BEFORE)) == f"{joined(OTHERS)}\n\n{BEFORE}"
    assert tokenizer.decode(tokenizer.prompt((), AFTER, BEFORE)) == BEFORE


@pytest.mark.parametrize(("wanted", "given"), [(0, 0), (50, 50), (1000, 96)])
def test_half_of_the_prompt_stays_with_the_file_itself(wanted: int, given: int, tmp_path: Path) -> None:
    for path in EMBEDDED.iterdir():
        (tmp_path / path.name).symlink_to(path)
    settings = (EMBEDDED / "infill.json").read_text()
    (tmp_path / "infill.json").unlink()
    (tmp_path / "infill.json").write_text(settings.replace('"context_tokens": 0', f'"context_tokens": {wanted}'))
    engine = load_engine(ModelSpec(str(tmp_path)))
    assert engine.info.context_tokens == given and engine.info.max_prompt_tokens == 320


def test_a_text_that_must_not_come_is_barred_whatever_its_tokens() -> None:
    tokenizer = TextTokenizer.load(EMBEDDED)
    texts = tokenizer.token_bytes()

    def pieces(start: str, written: str) -> set[bytes] | None:
        ids = tokenizer.may_follow(start.encode(), written.encode(), ("pass",))
        return None if ids is None else {texts[i] for i in ids}

    begun, first = pieces("    ", "  "), pieces("", "")
    assert begun is not None and first is not None
    assert b"  " in begun and not any(piece.strip() in (b"p", b"pass") for piece in begun | first)
    assert b"x" in first and tokenizer.may_follow(b"", b"x", ("pass",)) is None
    assert tokenizer.may_follow(b"", b"") is None
