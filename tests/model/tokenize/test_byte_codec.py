"""Tokenizers of both forms: text comes back whole, offsets and bytes are right, what is cut off is stable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, normalizers

from model.config import EMBEDDED
from model.tokenize.tokenizer import TextTokenizer
from model.types import CheckpointError
from tests.model.gemma_form import BYTES, SPECIAL, UNMARKED, gemma_form

LIBRARY = gemma_form()
GEMMA = TextTokenizer(LIBRARY, "gemma")
TOKENIZERS = {"byte-level": TextTokenizer.load(EMBEDDED), "gemma": GEMMA}
both = pytest.mark.parametrize("form", TOKENIZERS)

AWKWARD = [
    "def f(x):\n    return x\n",
    "\tif a:\r\n\t\tb  =   c\r\n\r\n\r\n",
    "        deep\n\n\n\n\nfar",
    "é漢字 \U0001f600\U0001f468‍\U0001f469‍\U0001f467 ﷽",
    "a▁b ▁▁ c",  # the character that stands for a space in Gemma's pieces
    "<0x0A> <|turn>user\n<turn|> <unused0> <bos> <table></table>",
    "\x00\x0b\x1f \u2028\u00a0",
]
texts = st.text(st.one_of(st.sampled_from(list(" \n\t\r▁<0xA>|ab_=(.")), st.characters(exclude_categories=["Cs"])))


@both
@pytest.mark.parametrize("text", AWKWARD)
def test_text_comes_back(form: str, text: str) -> None:
    tokenizer = TOKENIZERS[form]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert b"".join(tokenizer.token_bytes()[i] for i in ids) == text.encode()
    assert not set(ids) & tokenizer.special_ids


@both
@given(text=texts)
def test_any_text_comes_back(form: str, text: str) -> None:
    tokenizer = TOKENIZERS[form]
    assert tokenizer.decode(tokenizer.encode(text)) == text


@both
@given(text=texts)
def test_offsets_are_those_of_first_characters(form: str, text: str) -> None:
    tokenizer = TOKENIZERS[form]
    ids, offsets = tokenizer.encode_with_offsets(text)
    before = b""
    for token_id, offset in zip(ids, offsets, strict=True):
        whole = before.decode("utf-8", "ignore")  # a character that is begun counts for the token that began it
        assert offset == len(whole)
        before += tokenizer.token_bytes()[token_id]


@both
def test_broken_characters_are_shown_as_such(form: str) -> None:
    tokenizer = TOKENIZERS[form]
    first = next(i for i, b in enumerate(tokenizer.token_bytes()) if b == b"\xf0")
    letter = tokenizer.encode("a")
    assert tokenizer.decode([*letter, first, *letter]) == "a\ufffda"


@both
@pytest.mark.parametrize("owed", ["ret", "é", "\U0001f600", " x", "\n\n", "▁"])
def test_every_way_to_begin_a_text_is_found(form: str, owed: str) -> None:
    tokenizer = TOKENIZERS[form]
    data = owed.encode()
    expected = {
        i for i, b in enumerate(tokenizer.token_bytes()) if b and (data.startswith(b) or b.startswith(data))
    }  # fmt: skip
    assert sorted(tokenizer.spelling(data)) == sorted(expected) and expected


@pytest.mark.parametrize(
    ("prefix", "tail"),
    [("return foo", " foo"), ("x = ", " "), ("x = 1\n    ", "\n    "), ("a.b(", "("), ("a  b", "  b"), ("", ""),
     ("x\n\n", "\n\n"), ("\tself", "\tself"), ("x = y_1", " y_1"), ("a +", " +"), ("\r\n", "\r\n")],
)  # fmt: skip
def test_the_tail_is_the_last_word_with_the_blanks_before_it(prefix: str, tail: str) -> None:
    assert GEMMA.split_tail(prefix) == (prefix[: len(prefix) - len(tail)], tail)


@pytest.mark.parametrize("cut", range(0, 1500, 7))
def test_what_is_before_the_tail_has_the_same_tokens_whatever_comes(cut: int) -> None:
    text = Path("infill/prompt/context.py").read_text()[:2000]
    stable, tail = GEMMA.split_tail(text[:cut])
    assert stable + tail == text[:cut]
    ids = GEMMA.encode(stable)
    assert GEMMA.encode(text)[: len(ids)] == ids


@given(text=texts)
def test_line_by_line_it_is_the_library(text: str) -> None:
    text = text.replace("▁", "")  # which the library reads as a space
    assert GEMMA.encode(text) == LIBRARY.encode(text, add_special_tokens=False).ids


def test_where_pieces_go_over_line_ends_nothing_is_cut() -> None:
    stated = json.loads(gemma_form().to_str())
    stated["model"]["vocab"][":\n"] = len(stated["model"]["vocab"]) + 20
    stated["model"]["merges"].append([":", "\n"])
    library = Tokenizer.from_str(json.dumps(stated))
    assert library.encode("if a:\nb", add_special_tokens=False).tokens[-2] == ":\n"
    assert TextTokenizer(library, "joined").encode("if a:\nb") == library.encode("if a:\nb").ids


def test_no_control_token_is_text_whatever_the_file_marks() -> None:
    special = GEMMA.special_tokens()
    assert set(special) == {*SPECIAL, *UNMARKED}
    assert {GEMMA.id_of(name) for name in (*BYTES, "<table>", "\n\n")}.isdisjoint(special.values())
    assert [GEMMA.token_bytes()[i] for i in special.values()] == [b""] * len(special)


def test_a_tag_of_html_is_one_token_still() -> None:
    assert GEMMA.encode("<table>") == [GEMMA.id_of("<table>")]


def test_a_tokenizer_that_changes_text_is_refused(tmp_path: Path) -> None:
    lossy = gemma_form()
    lossy.normalizer = normalizers.Sequence([normalizers.NFKC(), lossy.normalizer])
    lossy.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(CheckpointError, match="does not give back"):
        TextTokenizer.load(tmp_path)
