"""`python -m model.causal.list_written TOKENIZER_FOLDER FILE...`: makes the list of tokens that are written.

Most of the list are the tokens that are commonest in the given source files. The rest are those of ASCII characters
that the tokenizer learned first: byte-pair encoding gives the lowest ids to what its own corpus of many languages has
most often, so that languages without files here have their words too.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np

from model.causal.tokenizer import CausalTokenizer
from model.causal.written import LIST, LISTED_VOCABULARY, N_WRITTEN
from model.diffusion.sampler import Ids

N_COUNTED = 40_960  # at most, by count


def listed(tokenizer: CausalTokenizer, files: list[Path]) -> Ids:
    """The ids [N_WRITTEN] to list, in order."""
    counted: Counter[int] = Counter()
    for file in files:
        counted.update(tokenizer.encode(file.read_text("utf-8", "replace")))
    chosen = {i for i, _ in counted.most_common(N_COUNTED)} | tokenizer.special_ids
    for i, piece in enumerate(tokenizer.token_bytes()):
        if len(chosen) >= N_WRITTEN:
            break
        if piece and max(piece) < 128:
            chosen.add(i)
    return np.array(sorted(chosen))


def main(arguments: list[str]) -> None:
    """Write the list beside this file."""
    bits = np.zeros(LISTED_VOCABULARY, np.uint8)
    bits[listed(CausalTokenizer.load(Path(arguments[0])), [Path(file) for file in arguments[1:]])] = 1
    LIST.write_bytes(np.packbits(bits).tobytes())


if __name__ == "__main__":
    main(sys.argv[1:])
