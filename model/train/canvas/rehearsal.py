"""Every stage once, with a tiny random base: what hours of training must not be the first to find out."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from tokenizers.trainers import BpeTrainer
from transformers import Qwen2Config, Qwen2ForCausalLM

from model.causal.convert import convert
from model.causal.tokenizer import END, FILE, MIDDLE, PREFIX, REPOSITORY, SUFFIX, TURN_END
from model.tokenize.byte_codec import byte_alphabet
from model.train.canvas.blocks import STAGES
from model.train.canvas.corpus import build
from model.train.canvas.training import train

ROOT = Path(__file__).parents[2]
SPECIAL = (END, TURN_END, PREFIX, SUFFIX, MIDDLE, REPOSITORY, FILE)
N_VOCAB = 600
MINUTES = 0.05  # of a stage


def tiny_base(texts: list[str], folder: Path) -> Path:
    """A converted folder of the real class with random weights, whose tokenizer was trained on the texts."""
    published = folder / "published"
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=N_VOCAB, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, rms_norm_eps=1e-6, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1e4}, initializer_range=0.2,
    )  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(published)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = list(byte_alphabet().values())
    trainer = BpeTrainer(vocab_size=N_VOCAB - len(SPECIAL), initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    tokenizer.save(str(published / "tokenizer.json"))
    convert(published, folder / "base", "float32")
    return folder / "base"


def rehearse(arguments: Callable[[list[str]], argparse.Namespace]) -> None:
    """Run every stage in a temporary folder, each from the one before, saying how long it took."""
    with tempfile.TemporaryDirectory() as name:
        folder, started = Path(name), time.perf_counter()

        def say(stage: str) -> None:
            print(f"rehearsal, {time.perf_counter() - started:5.1f} s: {stage}", flush=True)

        texts = [path.read_text("utf-8") for path in sorted(ROOT.rglob("*.py"))]
        base = tiny_base(texts, folder)
        say("a base, converted")
        n = build(texts, Tokenizer.from_file(str(base / "tokenizer.json")), folder / "data", 2_000_000)
        say(f"a corpus of {n} ids")
        common = ["--base", str(base), "--data", str(folder / "data"), "--run", str(folder / "run")]
        common += ["--minutes", str(MINUTES)]
        out = folder / "adapter.safetensors"
        for i, stage in enumerate(STAGES):
            begin = ["--rank", "4"] if i == 0 else ["--start", str(out)]
            train(arguments([*common, *begin, "--stage", stage, *(["--out", str(out)] if i == 0 else [])]))
            say(f"{stage}: trained, stopped by the clock{', gone on with' if i else ''}")
        train(arguments([*common, "--start", str(out), "--anneal", "--out", str(out)]))
        say("annealed, and compared with the adapter that was there")
