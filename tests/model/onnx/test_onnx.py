"""The graphs for ONNX Runtime against the transformers class, and what the CPU engine promises of itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from model.config import EMBEDDED, ONNX
from model.diffusion.denoise import Decoder
from model.diffusion.sampler import SeededDraws
from model.diffusion.token_tree import TokenTree
from model.engine.engine import DiffusionEngine
from model.load import load_engine
from model.onnx.load import load_onnx_network
from model.torch.load import load_torch_network
from model.train.checkpoint import network_from_folder
from model.train.export import export
from model.train.network import Network, NetworkConfig
from model.train.to_onnx import write
from model.types import Budget, CancelToken, Canvas, CheckpointError, ModelSpec
from tests.model.conftest import N_VOCAB, byte_tokenizer

PROMPT = list(b"def area(w, h):\n    return w * ")
SUFFIX = list(b"\n\ndef ")


def canvas(n_free: int, **kwargs) -> Canvas:
    return Canvas((*[0] * n_free, *SUFFIX), (True,) * n_free + (False,) * len(SUFFIX), **kwargs)


CANVASES = [canvas(1), canvas(4), canvas(9)]


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint of the embedded model's kind, random weights, with float32 graphs."""
    folder = tmp_path_factory.mktemp("exact")
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    config = NetworkConfig(vocab_size=N_VOCAB, hidden_size=32, n_layers=3, n_heads=4, n_kv_heads=2, head_dim=16,
                           intermediate_size=40, expert_size=24)  # fmt: skip
    net = Network(config)
    net.initialise(torch.Generator().manual_seed(0))
    for name, p in net.named_parameters():  # norms away from 1, or a forgotten one would not show
        if p.ndim == 1 and "norm" in name:
            p.data += 0.2 * torch.randn(p.shape, generator=torch.Generator().manual_seed(len(name)))
    export(net.state_dict(), config, folder, folder)
    write(folder, quantize=False)
    return folder


@pytest.fixture(scope="module")
def pair(exact: Path) -> tuple[DiffusionEngine, DiffusionEngine]:
    return load_engine(ModelSpec(str(exact))), load_engine(ModelSpec(str(exact), device="cpu"))


def test_same_fills_as_the_class(pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.onnx.network.LEAST_SHARE", 0.0)
    for seed in range(8):
        answers = [e.denoise(PROMPT, CANVASES, Budget(6), CancelToken(), seed) for e in pair]
        for a, b in zip(*answers, strict=True):
            assert (a.token_ids, a.steps, a.stop_reason) == (b.token_ids, b.steps, b.stop_reason)
            assert a.token_entropies == pytest.approx(b.token_entropies, abs=2e-3)
    assert len({f.token_ids for f in answers[0]}) == 3


def test_same_draft_and_scores_as_the_class(pair) -> None:
    ours, theirs = pair
    rows = [PROMPT[:5], PROMPT[:9], PROMPT[:2] + PROMPT[:3], [77]]
    assert ours.draft(PROMPT, 20, CancelToken()) == theirs.draft(PROMPT, 20, CancelToken())
    for a, b in zip(*(e.score(PROMPT, rows, CancelToken()) for e in pair), strict=True):
        assert a.log_probs == pytest.approx(b.log_probs, abs=1e-3)
        assert a.entropies == pytest.approx(b.entropies, abs=2e-3)


def test_kept_prompt_equals_a_fresh_one_to_the_bit(exact: Path) -> None:
    warm, fresh = load_engine(), load_engine()  # the shipped graphs, in integers
    ids = warm.tokenizer.encode("import os\n\n\ndef size(path):\n    return os.path.getsize(path)\n\n\ndef name(path):")
    warm.score([*ids[:20], 99, 98], [[7]], CancelToken())
    warm.denoise(ids[:25], [canvas(3)], Budget(2), CancelToken(), 1)
    again = [e.denoise(ids, CANVASES, Budget(5), CancelToken(), 3) for e in (warm, fresh)]
    assert [f.token_ids for f in again[0]] == [f.token_ids for f in again[1]]
    for a, b in zip(*again, strict=True):
        assert a.token_entropies == pytest.approx(b.token_entropies, abs=1e-4)


def test_windows_that_take_turns_keep_their_prompts(exact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = load_onnx_network(exact, 1)
    encoded: list[int] = []
    real = network.encode
    monkeypatch.setattr(network, "encode", lambda ids, *rest: encoded.append(len(ids)) or real(ids, *rest))
    one, two = PROMPT, list(b"class Shelf:\n    ")
    for prompt in (one, two, one, two, [*one, 40], [*two, 41], one):
        network.prefill(prompt)
        fresh = load_onnx_network(exact, 1)
        fresh.prefill(prompt)
        assert network.left_to_right().best(None) == pytest.approx(fresh.left_to_right().best(None))
    assert encoded == [len(one), len(two), 1, 1, 1]
    for start in range(60, 70):  # many others
        network.prefill([start, *range(20)])
    network.prefill(two)
    assert encoded[-1] == len(two), "and the oldest are dropped"


def test_a_cancel_ends_a_pass_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, cancel, begun = load_engine(), CancelToken(), threading.Event()
    network = engine._network
    short, long = PROMPT, [i % 4000 for i in range(1500)]  # half a second to encode
    expected = load_engine().score(short, [[77]], CancelToken())
    engine.score(short, [[7]], CancelToken())
    real = network._run
    monkeypatch.setattr(network, "_run", lambda *inputs: begun.set() or real(*inputs))
    other = threading.Thread(target=lambda: begun.wait() and cancel.cancel())
    other.start()
    assert engine.score(long, [[7]], cancel)[0].log_probs == ()
    other.join()
    assert [prompt.ids for prompt in network._prompts] == [short], "nothing is left half-written"
    assert engine.score(short, [[77]], CancelToken()) == expected, "and the next question is none the worse"


def test_a_cancel_inside_a_step_leaves_the_step_before(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, cancel = load_engine(), CancelToken()
    after_one = engine.denoise(PROMPT, CANVASES, Budget(1), CancelToken(), 0)
    draft = engine.draft(PROMPT, 8, CancelToken())
    network = engine._network
    real, passes = network.trunk, []

    def trunk(*inputs):  # a step begins with it
        passes.append(1)
        if len(passes) == 2:
            cancel.cancel()
        return real(*inputs)

    monkeypatch.setattr(network, "trunk", trunk)
    fills = engine.denoise(PROMPT, CANVASES, Budget(6), cancel, 0)
    assert {(f.steps, f.stop_reason) for f in fills} == {(1, "cancelled")}
    assert [f.token_entropies for f in fills] == [f.token_entropies for f in after_one]
    assert len(passes) == 2

    cancel, encode, reads = CancelToken(), network.encode, []
    monkeypatch.setattr(
        network, "encode", lambda *inputs: reads.append(1) or (len(reads) == 3 and cancel.cancel()) or encode(*inputs)
    )
    assert engine.draft(PROMPT, 8, cancel) == draft[:3]


def test_a_row_does_not_depend_on_its_company() -> None:
    engine = load_engine()
    alone = engine.denoise(PROMPT, CANVASES[:1], Budget(5), CancelToken(), 3)[0]
    among = engine.denoise(PROMPT, CANVASES, Budget(5), CancelToken(), 3)[0]
    assert alone.token_ids == among.token_ids
    assert alone.token_entropies == pytest.approx(among.token_entropies, abs=1e-4)


def agreement(ours: Decoder, theirs: Decoder, n_free: int, seed: int) -> tuple[list[bool], list[float]]:
    """Five passes of both over the same canvases: which drafts agree, and by how much the entropies differ."""
    draws, same, off = SeededDraws(seed), [], []
    for t in (0.6, 0.55, 0.5, 0.45, 0.4):
        ids, uniforms = draws.noise(n_free, 8192), draws.uniforms(n_free)
        a, b = (d(range(len(CANVASES)), ids, t, uniforms) for d in (ours, theirs))
        same += (a.draft == b.draft).tolist()
        off += np.abs(a.entropies - b.entropies).tolist()
    return same, off


def test_integers_agree_with_the_class_step_for_step() -> None:
    ours, theirs = load_onnx_network(EMBEDDED, None), load_torch_network(EMBEDDED, ModelSpec(device="cpu"))
    barred = np.zeros((len(CANVASES), ours.vocab_size), np.bool_)
    ids = load_engine().tokenizer.encode("class Shelf:\n    def total(self, names):\n        return ")
    same: list[bool] = []
    off: list[float] = []
    for network in (ours, theirs):
        network.prefill(ids)
    for seed in range(12):
        n = sum(sum(c.hole_mask) for c in CANVASES)
        a, b = agreement(*(network.decoder(CANVASES, barred) for network in (ours, theirs)), n, seed)
        same, off = same + a, off + b
    # Rounding to 7 bits turns a near tie now and then; the rest of the way is not the graph's fault.
    assert np.mean(same) > 0.93 and np.mean(off) < 0.1, (np.mean(same), np.mean(off))


def test_settled_rows_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    network = load_onnx_network(EMBEDDED, None)
    network.prefill(PROMPT)
    widths = []
    real = network.trunk
    monkeypatch.setattr(network, "trunk", lambda x, *rest: widths.append(len(x)) or real(x, *rest))
    decoder = network.decoder(CANVASES, np.zeros((3, network.vocab_size), np.bool_))
    draws = SeededDraws(0)
    decoder([0, 1, 2], draws.noise(14, 8192), 0.5, draws.uniforms(14))
    decoder([1], draws.noise(4, 8192), 0.5, draws.uniforms(4))
    assert widths == [14 + 3 * len(SUFFIX), 4 + len(SUFFIX)]


def test_tree_shares_what_continuations_begin_with() -> None:
    tree = TokenTree([[5, 6, 7], [5, 6, 8], [5, 9, 8], [4]])
    assert tree.token_ids == [5, 6, 9] and tree.depths == [0, 1, 1]
    assert tree.paths == [[0, 1], [0, 1], [0, 2], []]
    assert tree.visible().tolist() == [[True, False, False], [True, True, False], [True, False, True]]


def test_shipped_graphs_are_of_the_shipped_weights() -> None:
    assert {p.name for p in (EMBEDDED / ONNX).iterdir()} == {"trunk.onnx", "condition.onnx", "head.onnx"}
    assert load_engine().info.dtype == "int8"  # opening them compares the hash


def copy_of(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "copy"))


def failure(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_engine(ModelSpec(str(folder)))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_graphs_of_other_weights_are_refused(exact: Path, tmp_path: Path) -> None:
    folder = copy_of(exact, tmp_path)
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    message = failure(folder)
    assert "other weights" in message and "to_onnx" in message


@pytest.mark.parametrize("harm", ["truncate", "remove"])
def test_a_broken_graph_is_named(exact: Path, tmp_path: Path, harm: str) -> None:
    folder = copy_of(exact, tmp_path)
    path = folder / ONNX / "head.onnx"
    path.write_bytes(path.read_bytes()[:100]) if harm == "truncate" else path.unlink()
    assert str(path) in failure(folder)


def test_prompts_must_fit_the_sliding_window(exact: Path, tmp_path: Path) -> None:
    folder = copy_of(exact, tmp_path)
    (folder / "infill.json").write_text('{"max_prompt_tokens": 1024}')
    assert "sliding window of 1024" in failure(folder)


def test_another_kind_of_checkpoint_cannot_become_graphs(checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match=r"embedded model's kind"):
        network_from_folder(checkpoint)


def test_a_fill_needs_no_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from infill.pipeline.filler import open_filler\n"
        "from infill.types import FillRequest\n"
        "from model.types import CancelToken\n"
        "request = FillRequest(text='def f(self, name):\\n    self.name = \\n', language='python', offset=35)\n"
        "print(open_filler().fill(request, CancelToken()).completions[0].text)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr
    assert out.stdout.strip()


def test_without_torch_other_checkpoints_say_what_to_install(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    message = failure(checkpoint)
    assert "pip install 'dg-lsp[gpu]'" in message and str(checkpoint) in message
