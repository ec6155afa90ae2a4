"""A small tokenizer and chat template in the form that Gemma's are published in: nothing is taken from them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from model.tokenize.byte_codec import SPACE

SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|think|>")
UNMARKED = ("<|tool_call>", "<tool_call|>", "<unused0>", "<unused1>")  # no text either, though the file does not say so
TEXT = ("\n\n", "\n\n\n", SPACE * 2, SPACE * 4, "<table>", "</table>")  # added, and text
BYTES = tuple(f"<0x{b:02X}>" for b in range(256))

TEMPLATE = """\
{{- bos_token -}}
{%- if enable_thinking is defined and enable_thinking -%}
    {{- '<|turn>system\\n<|think|>\\n<turn|>\\n' -}}
{%- endif -%}
{%- for message in messages -%}
    {{- '<|turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' -}}
    {{- message['content'] | trim -}}
    {{- '<turn|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|turn>model\\n' -}}
{%- endif -%}
"""


@cache
def trained_json(n_pieces: int = 300) -> str:
    """BPE with byte fallback, trained on this repository's own text; spaces are U+2581, nothing splits before BPE."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    # While training only, so that a piece is a word with the blank before it, a run of line feeds, or punctuation.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(_words(), "isolated")
    trainer = trainers.BpeTrainer(
        vocab_size=len(SPECIAL) + len(UNMARKED) + len(BYTES) + n_pieces, show_progress=False,
        special_tokens=[*SPECIAL, *UNMARKED, *BYTES], limit_alphabet=120,
    )  # fmt: skip
    tokenizer.train_from_iterator((p.read_text() for p in sorted(Path("infill").glob("*.py"))), trainer)
    return tokenizer.to_str()


def gemma_form(n_pieces: int = 300) -> Tokenizer:
    """The tokenizer as a checkpoint has it."""
    stated = json.loads(trained_json(n_pieces))
    stated["added_tokens"] = []
    stated["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(stated))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")  # after the normalizer there is none
    tokenizer.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in (*UNMARKED, *TEXT, "<0x0A>")])
    return tokenizer


def _words() -> Regex:
    return Regex(rf"{SPACE}?[\p{{L}}_]+|\p{{N}}|\n+|{SPACE}+|{SPACE}?[^\s\p{{L}}\p{{N}}{SPACE}_]+|\s")
