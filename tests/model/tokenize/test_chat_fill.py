"""A small random checkpoint in the published layout that chats, through the engine and the whole pipeline."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infill.pipeline.filler import ModelFiller
from infill.types import Filled, FillRequest, NoFill, RewriteRequest, Span
from model.engine.engine import DiffusionEngine
from model.load import load_engine
from model.tokenize.chat import Chat
from model.types import Budget, CancelToken, Canvas, ModelSpec
from tests.model.conftest import small_network
from tests.model.gemma_form import TEMPLATE, gemma_form
from tests.model.weights.conftest import SIZES

FILE = "import math\n\n\ndef area(r):\n    return math.pi * \n\n\ndef main():\n    print(area(2))\n"
AT = FILE.index("pi * ") + 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "small-it"
    tokenizer = gemma_form()
    network = small_network(seed=3, **SIZES, vocab_size=tokenizer.get_vocab_size(), sliding_window=64)
    network.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


@pytest.fixture
def engine(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DiffusionEngine:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return load_engine(ModelSpec(str(folder), device="cpu"))


class Seen:
    """What the network is asked to encode, and the canvases, on their way through."""

    def __init__(self, engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.n_encoded: list[int] = []
        self.prompts: list[list[int]] = []
        self.canvases: list[Canvas] = []
        network = engine._network
        encoder, keep, decoder = network.encoder, network.prefill, network.decoder
        within: list[int] = []

        def encoded(ids, cache):
            if within:
                self.n_encoded[-1] += ids.shape[1]
            return encoder(ids, cache)

        def kept(prompt_ids):
            self.prompts.append(list(prompt_ids))
            self.n_encoded.append(0)
            within.append(1)
            keep(prompt_ids)
            within.clear()

        def decoding(canvases, barred):
            self.canvases += canvases
            return decoder(canvases, barred)

        monkeypatch.setattr(network, "encoder", encoded)
        monkeypatch.setattr(network, "prefill", kept)
        monkeypatch.setattr(network, "decoder", decoding)


def ask(engine: DiffusionEngine, request: FillRequest) -> Filled | NoFill:
    return ModelFiller(engine, "small").fill(request, CancelToken())


def test_it_chats_and_takes_instructions(engine: DiffusionEngine) -> None:
    assert isinstance(engine.tokenizer.layout, Chat)
    assert engine.info.takes_instructions and engine.info.max_prompt_tokens == 3072


def test_a_completion_is_asked_for_in_two_turns(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, t = Seen(engine, monkeypatch), engine.tokenizer
    ask(engine, FillRequest(FILE, "python", offset=AT, max_steps=2))
    (prompt,) = {tuple(p) for p in seen.prompts}
    assert t.decode(prompt).endswith("model\n```python\n" + FILE[: AT - 1])
    for canvas in seen.canvases:
        free = [i for i, hole in enumerate(canvas.hole_mask) if hole]
        tail, after = canvas.canvas_ids[: free[0]], canvas.canvas_ids[free[-1] + 1 :]
        assert list(tail) == t.encode(" ") and free == list(range(free[0], free[-1] + 1))
        assert list(after) == t.encode(FILE[AT:])[:16]


def test_no_control_token_is_written(engine: DiffusionEngine) -> None:
    prompt, barred = engine.tokenizer.encode(FILE), engine.tokenizer.special_ids
    for seed in range(6):
        fills = engine.denoise(prompt, [Canvas((0,) * 24, (True,) * 24)], Budget(4), CancelToken(), seed)
        assert not set(fills[0].token_ids) & barred
    assert {engine.tokenizer.id_of(n) for n in ("<turn|>", "<|tool_call>", "<unused1>", "<eos>")} <= barred


def test_a_rewrite_follows_the_instruction(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(engine, monkeypatch)
    start = FILE.index("    print")
    request = RewriteRequest(
        FILE, "python", selection=Span(start, len(FILE) - 1), instruction="Print the area of 3.",
        diagnostics=("E9 magic number",), max_steps=2,
    )  # fmt: skip
    ask(engine, request)
    text = engine.tokenizer.decode(seen.prompts[0])
    assert "Print the area of 3." in text and "E9 magic number" in text and "<change>print(area(2))<change>" in text
    end = [*engine.tokenizer.encode("\n```"), engine.tokenizer.id_of("<turn|>")]
    assert all(list(canvas.canvas_ids[-len(end) :]) == end for canvas in seen.canvases)


def test_it_may_think_before_a_rewrite(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    thinking = Path(shutil.copytree(folder, tmp_path / "thinks"))
    (thinking / "infill.json").write_text('{"thinks": true}')
    engine = load_engine(ModelSpec(str(thinking), device="cpu"))
    seen, t = Seen(engine, monkeypatch), engine.tokenizer
    selection = Span(FILE.index("    print"), len(FILE) - 1)
    ask(engine, RewriteRequest(FILE, "python", selection=selection, instruction="Print the area of 3.", max_steps=1))
    opening, prompt = seen.prompts[0], seen.prompts[1]
    assert opening[-3:] == [t.id_of("<|channel>"), *t.encode("thought\n")][-3:] and t.id_of("<|think|>") in opening
    assert prompt[: len(opening)] == opening  # what was encoded to think is not encoded again
    ends = prompt.index(t.id_of("<channel|>"))
    assert t.decode(prompt[ends:]) == "```python\n" + FILE[: FILE.index("\n    print")]
    seen.prompts.clear()
    ask(engine, FillRequest(FILE, "python", offset=AT, instruction="Print the area of 3.", max_steps=1))
    assert not {t.id_of("<|think|>"), t.id_of("<|channel>")} & {i for p in seen.prompts for i in p}


def test_typing_encodes_only_what_is_typed(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(engine, monkeypatch)
    for typed in ("", "r", "r *", "r * r", "r * r\n    x"):
        text = FILE[:AT] + typed + FILE[AT:]
        ask(engine, FillRequest(text, "python", offset=AT + len(typed), max_steps=1))
        seen.n_encoded.append(-1)
    first, *keys = [sum(n) for n in split(seen.n_encoded, -1)]
    assert first > 150
    assert keys[0] == 0 and all(n <= 6 for n in keys), keys


def split(numbers: list[int], at: int) -> list[list[int]]:
    parts: list[list[int]] = [[]]
    for n in numbers:
        if n == at:
            parts.append([])
        else:
            parts[-1].append(n)
    return parts[:-1]
