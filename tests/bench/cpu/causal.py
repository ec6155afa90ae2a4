"""Reading and writing of the default model beside llama.cpp: the same published file, the same ids, the same lengths.

llama.cpp multiplies the file as it is (4 to 8 bits); ours is converted from it (8 bits) and scores only the ids that
code needs. Both read a prompt from nothing and then write a fixed number of tokens greedily, whatever they are.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.cpu.fresh import ROOT

if TYPE_CHECKING:
    from model.causal.tokenizer import CausalTokenizer

N_PROMPT, N_SUFFIX_CHARS = 512, 400
# Code of three kinds, of which the last repeats itself most; the place is the middle.
FILES = ("editors/vscode/src/rewriting.ts", "infill/prompt/context.py", "tests/bench/cpu/report.py")
WRITTEN, DRAFTED = "written", "drafted"  # one token a pass; several, where the prompt has said the same before

Row = dict[str, Any]  # seconds on the clock and of processors by what was done, and the text


def prompts(tokenizer: CausalTokenizer, n: int) -> list[list[int]]:
    """Prompts of `N_PROMPT` ids for the middle of `n` files, laid out as for a fill: suffix, then prefix."""
    made: list[list[int]] = []
    for name in FILES[:n]:
        text = (ROOT / name).read_text("utf-8")
        at = text.index("\n", len(text) // 2) + 1
        head = tokenizer.prompt((), text[at : at + N_SUFFIX_CHARS], "")
        made.append(head + tokenizer.encode(text[:at])[len(head) - N_PROMPT :])
    return made


def converted(folder: str, n_threads: int, n_prompts: int, n_written: int) -> dict[str, Any]:
    """Job: the converted folder in ONNX Runtime, one token a pass and with drafts from the prompt."""
    from model.causal.greedy import write
    from model.causal.lookup import Lookup
    from model.causal.network import CausalNetwork
    from model.causal.onnx_runtime import OnnxRuntime
    from model.causal.sessions import open_folder
    from model.causal.tokenizer import CausalTokenizer

    tokenizer = CausalTokenizer.load(Path(folder))
    network = CausalNetwork(OnnxRuntime(open_folder(Path(folder), n_threads)))

    def run(ids: list[int], n: int) -> Row:
        network.forget()
        row: Row = {"read": spent(lambda: network.prefill(ids))}
        texts: list[str] = []
        for name, propose in ((WRITTEN, None), (DRAFTED, Lookup(ids))):
            tokens = write(network, propose=propose) if propose else write(network)
            found: list[int] = []
            row[name] = spent(lambda found=found, tokens=tokens: found.extend(t.id for t in islice(tokens, n)))
            texts.append(tokenizer.decode(found))
        assert texts[0] == texts[1], "drafts have changed the text"
        return row | {"text": texts[0]}

    made = prompts(tokenizer, n_prompts)
    run(made[0][:64], 2)  # warms up
    return {"runs": [run(ids, n_written) for ids in made]}


def llama_cpp(gguf: str, folder: str, n_threads: int, n_prompts: int, n_written: int, drafts: bool) -> dict[str, Any]:
    """Job: the published file in llama.cpp, from the wheel `xllamacpp`; `drafts`: with its own prompt lookup."""
    import xllamacpp

    from model.causal.tokenizer import CausalTokenizer

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel, params.verbosity = gguf, 2 * N_PROMPT, 1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = n_threads
    params.port, params.cache_ram_mib = 0, 0
    if drafts:
        params.speculative.types = [xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
    server = xllamacpp.Server(params)
    fixed = {"temperature": 0, "ignore_eos": True, "cache_prompt": False}

    def run(ids: list[int], n: int) -> Row:
        cpu = time.process_time()
        answer = server.handle_completions({**fixed, "prompt": ids, "n_predict": n})
        cpu = time.process_time() - cpu
        clock = answer["timings"]
        assert (clock["prompt_n"], clock["predicted_n"]) == (len(ids), n), clock
        # It gives times on the clock only: the processors' seconds are shared out by them.
        read_s, written_s = clock["prompt_ms"] / 1000, clock["predicted_ms"] / 1000
        part = cpu / (read_s + written_s)
        return {
            "read": [read_s, part * read_s],
            DRAFTED if drafts else WRITTEN: [written_s, part * written_s],
            "text": answer["choices"][0]["text"],
        }

    made = prompts(CausalTokenizer.load(Path(folder)), n_prompts)
    run(made[0][:64], 2)
    return {"runs": [run(ids, n_written) for ids in made]}


def embedded(n_threads: int, n_prompts: int, n_written: int) -> dict[str, Any]:
    """Job: the small model over the same places in tokens of its own, for scale; it writes what its draft writes."""
    from model.config import EMBEDDED
    from model.load import load_engine
    from model.types import CancelToken, ModelSpec

    engine = load_engine(ModelSpec(str(EMBEDDED), threads=n_threads))
    texts = [(ROOT / name).read_text("utf-8") for name in FILES[:n_prompts]]

    def run(text: str, n_prompt: int, n: int) -> Row:
        ids = engine.tokenizer.encode(text[: text.index("\n", len(text) // 2) + 1])[-n_prompt:]
        one: list[int] = []
        read = spent(lambda: one.extend(engine.draft(ids, 1, CancelToken())))  # with its first token
        found: list[int] = []
        written = spent(lambda: found.extend(engine.draft(ids, n, CancelToken())))
        return {"read": read, WRITTEN: written, "n": len(found), "text": engine.tokenizer.decode(found)}

    run(texts[-1], 32, 2)
    return {"runs": [run(text, N_PROMPT, n_written) for text in texts]}


def spent(call: Callable[[], object]) -> list[float]:
    """Seconds of a call: on the clock, and of all processors."""
    clock, cpu = time.perf_counter(), time.process_time()
    call()
    return [time.perf_counter() - clock, time.process_time() - cpu]


def weights_read(gguf: str) -> int:
    """Bytes of weights that llama.cpp reads for a token: every matrix once, of the embedding one row.

    Where a file has no head of its own, the embedding is the head and read whole.
    """
    from gguf import GGUFReader

    sizes = {tensor.name: int(tensor.n_bytes) for tensor in GGUFReader(gguf).tensors}
    return sum(n for name, n in sizes.items() if name != "token_embd.weight" or "output.weight" not in sizes)


def bytes_read(folder: Path) -> int:
    """The same of a converted folder."""
    from model.causal.layout import EMBEDDING, HEAD_IDS
    from model.causal.sessions import checked_folder

    tensors = checked_folder(folder).tensors
    return sum(t.nbytes for name, t in tensors.items() if name != HEAD_IDS and not name.startswith(EMBEDDING))


def begin_alike(texts: Sequence[str]) -> int:
    """How many characters the texts begin with together."""
    shortest = min(map(len, texts))
    return next((i for i in range(shortest) if len({text[i] for text in texts}) > 1), shortest)


if __name__ == "__main__":
    sys.exit("see tests/bench/bench_cpu.py")
