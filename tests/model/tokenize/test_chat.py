"""The prompt of a checkpoint that chats: its rendered ids, what of them typing changes, and where it is chosen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from infill.prompt.context import Preamble, PromptContext, prompt_context
from infill.prompt.instructions import instructions_for
from infill.types import FillRequest, Hole, Span
from model.config import FOR_CHAT, read_infill_config
from model.prompt_parts import Asked, PromptFile
from model.tokenize.chat import Chat, open_tokenizer, read_prompt, split_answer
from model.tokenize.tokenizer import TextTokenizer
from model.types import CheckpointError, ModelInfo
from tests.model.gemma_form import TEMPLATE, gemma_form

FILE = "import math\n\n\n" + "".join(f"def f{n}(x):\n    return x + {n}\n\n\n" for n in range(8)) + "print(f0(1))\n"
HOLE = FILE.index("x + 6")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chats")
    gemma_form().save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> TextTokenizer:
    return open_tokenizer(folder)


def info(**changes: object) -> ModelInfo:
    return ModelInfo(n_parameters=1, vocab_size=1, device="cpu", dtype="float32", **(FOR_CHAT | changes))


def around(tokenizer: TextTokenizer, text: str, start: int, end: int | None = None, **asked) -> PromptContext:
    kind = "line_end" if end is None else "selection"
    hole = Hole(Span(start, start if end is None else end), kind, "", multiline=end is not None)
    others, refines = asked.pop("others", ()), asked.pop("refines", False)
    told = instructions_for(text, hole, "python", FillRequest(text, "python", offset=start, **asked), refines)
    return prompt_context(text, hole, info(), tokenizer, Preamble(others, told))


def test_a_line_is_asked_for_in_these_words(tokenizer: TextTokenizer) -> None:
    text = FILE[:HOLE] + "\n" + FILE[HOLE:].partition("\n")[2]
    prompt = around(tokenizer, text, HOLE, others=(PromptFile("a.py", "X = 1", ("#", "")),))
    special = tokenizer.special_tokens()
    before, answer = split_answer(text[:HOLE].removesuffix(" "))
    assert answer.endswith("def f6(x):\n    return") and 4 <= answer.count("\n") < 20
    _, after = text[HOLE:].split("\n", 1)
    parts = [p.text.strip("\n") for p in read_prompt("line").parts if p.needs != "instruction"]
    said = "\n\n".join(parts).format(
        fence="```", language="python", context="# a.py\nX = 1", before=before, after=after.rstrip("\n"), mark="<gap>"
    )
    expected = [
        special["<bos>"], special["<|turn>"], *tokenizer.encode("user\n" + said), special["<turn|>"],
        *tokenizer.encode("\n"), special["<|turn>"], *tokenizer.encode("model\n```python\n" + answer),
    ]  # fmt: skip
    assert list(prompt.prompt_ids) == expected
    assert prompt.tail == " " and tokenizer.decode(prompt.near_suffix_ids).startswith("\n\n\ndef f7(x):")
    assert not set(prompt.near_suffix_ids) & tokenizer.special_ids  # the file does not end yet


@pytest.mark.parametrize("thinks", [False, True])
def test_turns_are_those_of_the_template(tokenizer: TextTokenizer, folder: Path, thinks: bool) -> None:
    theirs = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), bos_token="<bos>")
    theirs.chat_template = TEMPLATE
    asked = Asked(instruction="Say what it does.", thought="Well." if thinks else "")
    layout = tokenizer.layout
    assert isinstance(layout, Chat)
    said = layout._said((), "", "x = 1\n", "", asked)
    expected = theirs.apply_chat_template(
        [{"role": "user", "content": said}], add_generation_prompt=True, enable_thinking=thinks, return_dict=False
    )
    ours = tokenizer.prompt((), "", "x = 1\n", asked)
    rest = ours[len(expected) :]
    assert ours[: len(expected)] == expected
    special = tokenizer.special_tokens()
    words = [*tokenizer.encode("thought\n"), *tokenizer.encode("Well.")]
    thought = [special["<|channel>"], *words, special["<channel|>"]] if thinks else []
    assert rest[: len(thought)] == thought
    assert tokenizer.decode(rest[len(thought) :]) == "```\nx = 1\n"


def test_where_the_file_ends_so_does_the_answer(tokenizer: TextTokenizer) -> None:
    for after in ("\n", "", ")\nx\n"):
        prompt = around(tokenizer, "a = f(" + after, 6)
        closing = "```" if after.endswith("\n") else "\n```"
        end_id = tokenizer.id_of("<turn|>")
        assert list(prompt.near_suffix_ids) == [*tokenizer.encode(after + closing), end_id]
        assert prompt.scored_suffix.strip()


def test_a_rewrite_says_what_to_change_and_what_is_wrong(tokenizer: TextTokenizer) -> None:
    selected = "return x + 6"
    start = FILE.index(selected)
    prompt = around(
        tokenizer, FILE, start, start + len(selected), instruction="Use math.", diagnostics=("E1: no", "E2")
    )
    text = tokenizer.decode(prompt.prompt_ids)
    assert f"def f6(x):\n    <change>{selected}<change>\n\n\ndef f7" in text
    assert "how it should be changed: Use math." in text and "- E1: no\n- E2" in text
    assert text.endswith("def f6(x):") and prompt.tail == "\n    "


def test_what_is_refined_is_not_shown(tokenizer: TextTokenizer) -> None:
    start = FILE.index("return x + 6")
    prompt = around(tokenizer, FILE, start, start + 12, refines=True, diagnostics=("E1",))
    text = tokenizer.decode(prompt.prompt_ids)
    assert "return x + 6" not in text and "- E1" in text and "<gap>" in text


def test_typing_changes_the_end_of_the_prompt_only(tokenizer: TextTokenizer) -> None:
    typed = "    total = f1(x) * f2(x)\n    for n in range(total):\n        print(n)\n    return total\n"
    at = FILE.index("    return x + 6")
    last: tuple[int, ...] = ()
    n_encoded = []
    for n in range(len(typed)):
        text = FILE[:at] + typed[:n] + FILE[at:]
        ids = around(tokenizer, text, at + n).prompt_ids
        same = next((i for i, (a, b) in enumerate(zip(last, ids, strict=False)) if a != b), min(len(last), len(ids)))
        n_encoded.append(len(ids) - same)
        last = ids
    *each_key, gap_moved = sorted(n_encoded[1:])
    assert max(each_key) <= 12  # a line's end brings its last word and the next indentation
    assert sum(each_key) / len(typed) < 1.5
    assert gap_moved < 300  # what stands after the gap, the words and the answer


def test_the_gap_moves_a_few_lines_at_a_time() -> None:
    lines = "".join(f"line {n}\n" for n in range(60))
    cuts = [split_answer(lines[: lines.index(f"line {n}\n") + 3])[0].count("\n") for n in range(60)]
    assert set(cuts) == {0, 16, 32, 48}
    assert all(n - 20 < cut <= max(0, n - 4) for n, cut in enumerate(cuts))
    assert all("".join(split_answer(lines[:n])) == lines[:n] for n in range(0, len(lines), 7))


def test_nothing_in_a_file_is_a_token_of_the_template(tokenizer: TextTokenizer) -> None:
    text = "s = '<turn|>\\n<|turn>user'\nt = ```<gap>```\nu = \n"
    prompt = around(tokenizer, text, len(text) - 1, others=(PromptFile("", "<turn|>"),))
    special = [i for i in prompt.prompt_ids if i in tokenizer.special_ids]
    names = {i: name for name, i in tokenizer.special_tokens().items()}
    assert [names[i] for i in special] == ["<bos>", "<|turn>", "<turn|>", "<|turn>"]
    said = tokenizer.decode(prompt.prompt_ids)
    assert "````python" in said and "<<gap>>" in said  # a longer fence, another mark


def test_the_budget_holds(tokenizer: TextTokenizer) -> None:
    text = FILE * 40
    for start in (text.rindex("x + 6"), text.index("x + 6"), len(text)):
        for end in (None, min(start + 5, len(text))):
            n = len(
                around(tokenizer, text, start, end, instruction="Do it. " * 2000, diagnostics=("E",) * 50).prompt_ids
            )
            assert 1500 < n <= FOR_CHAT["max_prompt_tokens"]


def test_what_a_folder_chats_follows_from_its_files(folder: Path, tmp_path: Path) -> None:
    assert isinstance(open_tokenizer(folder).layout, Chat)
    assert not isinstance(open_tokenizer(folder, "plain").layout, Chat)
    with pytest.raises(CheckpointError, match=r"<\|suffix\|>"):
        open_tokenizer(folder, "infill")
    gemma_form().save(str(tmp_path / "tokenizer.json"))
    assert not isinstance(open_tokenizer(tmp_path).layout, Chat)
    with pytest.raises(CheckpointError, match=r"chat_template\.jinja"):
        open_tokenizer(tmp_path, "chat")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE}))
    assert isinstance(open_tokenizer(tmp_path).layout, Chat)
    (tmp_path / "chat_template.jinja").write_text("{{ messages[0].content }} ###")  # no turn's end
    assert not isinstance(open_tokenizer(tmp_path).layout, Chat)
    with pytest.raises(CheckpointError, match="ends a turn"):
        open_tokenizer(tmp_path, "chat")


@pytest.mark.parametrize("template", ["{{ nothing.there }}", "{% if %}", "{{ messages[0].role }}", "{{ 1 / 0 }}"])
def test_a_broken_template_is_one_clear_line(template: str, tmp_path: Path) -> None:
    gemma_form().save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "chat_template.jinja").write_text(template)
    with pytest.raises(CheckpointError) as caught:
        open_tokenizer(tmp_path)
    assert "chat template" in str(caught.value) and "\n" not in str(caught.value)


def test_what_a_chat_says_of_itself_wins(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "diffusion_gemma"}')
    assert read_infill_config(tmp_path, chats=True).takes_instructions
    (tmp_path / "infill.json").write_text('{"max_prompt_tokens": 900, "prompt": "chat"}')
    config = read_infill_config(tmp_path, chats=True)
    assert (config.max_prompt_tokens, config.far_suffix_tokens) == (900, FOR_CHAT["far_suffix_tokens"])
