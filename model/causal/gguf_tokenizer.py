"""A tokenizer.json from what a GGUF file says of its tokenizer: byte-level BPE with Qwen2's words."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

# What Qwen2 takes for a word: contractions, letters, single digits, punctuation, line ends, blanks.
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CONTROL, USER_DEFINED, UNUSED = 3, 4, 5  # GGUF's kinds of tokens


def tokenizer_json(tokens: Sequence[str], kinds: Sequence[int], merges: Sequence[str]) -> str:
    """The file's text. The published one composes characters (NFC) first; we do not, or code would be changed."""
    vocabulary = {token: i for i, (token, kind) in enumerate(zip(tokens, kinds, strict=True)) if kind != UNUSED}
    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    tokenizer = Tokenizer(models.BPE(vocabulary, pairs))
    split = pre_tokenizers.Split(Regex(WORDS), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    added = [(token, kind) for token, kind in zip(tokens, kinds, strict=True) if kind in (CONTROL, USER_DEFINED)]
    for token, kind in added:
        named = AddedToken(token, special=kind == CONTROL, normalized=False)
        (tokenizer.add_special_tokens if kind == CONTROL else tokenizer.add_tokens)([named])
    return tokenizer.to_str()
