"""The trainer's parts: the same network as the class, holes that are what they claim."""

from __future__ import annotations

import random
import textwrap
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from model.config import EMBEDDED
from model.tokenize.tokenizer import SPECIAL_TOKENS, TextTokenizer
from model.torch.load import load_network
from model.train.arguments import arguments
from model.train.batches import attention_mask, loaded, stack
from model.train.checkpoint import network_from_folder
from model.train.documents import Document, write_documents
from model.train.export import export, mean_with
from model.train.hole_sampling import CUTS, cut_body, node_spans
from model.train.loop import main, training_texts
from model.train.losses import cross_entropy, losses
from model.train.network import Network, NetworkConfig
from model.train.objective import Sampler, Shape, noise_times, noised
from model.train.optimizer import orthogonalise
from model.train.tokenizer import train as train_tokenizer
from model.train.training import Training
from model.types import CheckpointError

SOURCE = textwrap.dedent('''
    """A small module."""

    import os


    class Shelf:
        """Holds boxes, by name."""

        def __init__(self, boxes: dict[str, int]) -> None:
            self.boxes = dict(boxes)

        def total(self, names: list[str]) -> int:
            return sum(self.boxes[name] for name in names if name in self.boxes)

        def path(self, root: str) -> str:
            return os.path.join(root, "shelf", str(len(self.boxes)))
''').lstrip()
TEXT = "\n\n".join(SOURCE.replace("Shelf", f"Shelf{i}") for i in range(6))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> TextTokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer([TEXT], 420).save(str(folder / "tokenizer.json"))
    return TextTokenizer.load(folder)


def small_config(vocab_size: int) -> NetworkConfig:
    return NetworkConfig(vocab_size=vocab_size, hidden_size=32, n_layers=3, n_heads=4, n_kv_heads=2, head_dim=16,
                         intermediate_size=40, expert_size=24)  # fmt: skip


def network(config: NetworkConfig) -> Network:
    net = Network(config)
    net.initialise(torch.Generator().manual_seed(0))
    for name, p in net.named_parameters():  # norms away from 1, or a forgotten one would not show
        if p.ndim == 1 and "norm" in name:
            p.data += 0.2 * torch.randn(p.shape, generator=torch.Generator().manual_seed(len(name)))
    return net


def test_same_logits_as_the_class(tokenizer: TextTokenizer, tmp_path: Path) -> None:
    config = small_config(tokenizer.vocab_size)
    net = network(config)
    train_tokenizer([TEXT], 420).save(str(tmp_path / "tokenizer.json"))
    export(net.state_dict(), config, tmp_path, tmp_path)
    net.load_state_dict({k: v.bfloat16().float() for k, v in net.state_dict().items()})  # as shipped
    theirs = load_network(tmp_path, "cpu")
    prompt = torch.randint(6, config.vocab_size, (2, 30))
    canvas = torch.randint(6, config.vocab_size, (2, 9))
    hidden, kv = net.encode(prompt)
    positions, mask = 30 + torch.arange(9).expand(2, -1), torch.ones(2, 1, 9, 39, dtype=torch.bool)
    first = net.logits(net.decode(canvas, positions, kv, mask, torch.zeros(2, 9, config.hidden_size)))
    second = net.logits(net.decode(canvas, positions, kv, mask, net.soft_embeddings(first)))
    out = theirs(input_ids=prompt, decoder_input_ids=canvas)
    again = theirs(past_key_values=out.past_key_values, decoder_input_ids=canvas, self_conditioning_logits=out.logits)
    torch.testing.assert_close(out.encoder_last_hidden_state, hidden, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(out.logits, first, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(again.logits, second, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(first, second, atol=1e-2)  # self-conditioning does something


def test_a_canvas_in_a_batch_is_what_it_is_alone(tokenizer: TextTokenizer) -> None:
    net = network(small_config(tokenizer.vocab_size))
    prompt = torch.randint(6, tokenizer.vocab_size, (1, 20))
    canvas = torch.randint(6, tokenizer.vocab_size, (1, 2, 8))
    visible, length = torch.tensor([[5, 17]]), torch.tensor([[8, 6]])
    _, kv = net.encode(prompt)
    soft = torch.zeros(1, 16, 32)
    positions = (visible[..., None] + torch.arange(8)).flatten(1)
    both = net.decode(canvas.flatten(1), positions, kv, attention_mask(visible, length, 20, 8), soft)
    for k, (v, n) in enumerate(zip(visible[0].tolist(), length[0].tolist(), strict=True)):
        _, own = net.encode(prompt[:, :v])
        mask = torch.ones(1, 1, n, v + n, dtype=torch.bool)
        alone = net.decode(canvas[:, k, :n], v + torch.arange(n)[None], own, mask, soft[:, :n])
        torch.testing.assert_close(both[:, k * 8 : k * 8 + n], alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("nodes", [None, node_spans(TEXT)])
def test_examples_say_what_the_file_says(tokenizer: TextTokenizer, nodes: np.ndarray | None) -> None:
    sampler = Sampler(tokenizer, Shape(prompt=160, canvas=48), seed=0)
    n_exact = n_loose = n_canvases = 0
    for _ in range(60):
        e = sampler.example(TEXT, nodes)
        for k in range(sampler.shape.canvases):
            if not e.hole[k].any():
                continue
            n_canvases += 1
            ids = e.canvas[k, : e.length[k]]
            first, free = int(e.hole[k].argmax()), int(e.hole[k].sum())
            loose = bool(e.hole[k, e.length[k] - 1]) and first + free == e.length[k]
            assert (e.hole[k, first : first + free]).all(), "one segment"
            if loose:  # the suffix is free too, or there is none: the hole's own end cannot be seen
                n_loose += 1
                assert e.weight[k, first : first + free].min() > 0
            else:
                hole = ids[first : first + free]
                real = hole[hole != tokenizer.pad_id]
                assert (hole[: len(real)] != tokenizer.pad_id).all(), "pads only at the end"
                assert free == len(real) or free in sampler.shape.buckets
                n_exact += free == len(real)
                weight = e.weight[k, first : first + free]
                assert weight[: len(real)].min() == 1 and (len(real) == free or weight[len(real)] == 1)
            assert not e.weight[k][~e.hole[k]].any()
            # Prompt and canvas, put together, stand in the file.
            seen = e.prompt[: e.visible[k]]
            prefix = tokenizer.decode(seen[list(seen).index(tokenizer.prefix_id) + 1 :].tolist())
            joined = prefix[-40:] + tokenizer.decode(ids[ids != tokenizer.pad_id].tolist())
            assert joined.strip("\ufffd") in TEXT, joined
    assert n_canvases > 200 and 0.2 < n_exact / (n_canvases - n_loose) < 0.5
    assert 0.08 < n_loose / n_canvases < 0.35


def test_nodes_are_statements_and_expressions() -> None:
    texts = {TEXT[a:b] for a, b in node_spans(TEXT)}
    assert {"return sum(self.boxes[name] for name in names if name in self.boxes)", "dict(boxes)", "names"} <= texts
    assert node_spans("x = (").shape == node_spans("é = f(1)").shape == (0, 2)


def test_a_body_is_all_that_its_line_opens() -> None:
    text = "def f(x):\n    if x:\n        a()\n\n        b()\n    return x\n\n\ny = 1\n"
    rng = random.Random(0)
    start, end = cut_body(text, 0, rng)
    assert text[start:end] == "if x:\n        a()\n\n        b()\n    return x"
    start, end = cut_body(text, text.index("if x"), rng)
    assert text[start:end] == "a()\n\n        b()"
    assert cut_body("x = 1\n", 3, rng) == (3, 3)


def test_workers_draw_from_their_own_share(tokenizer: TextTokenizer) -> None:
    texts = [TEXT.replace("Shelf", name) for name in ("Alpha", "Beta")] + [""]
    source = loaded(texts, tokenizer, Shape(prompt=96), 2, seed=0, n_workers=2)
    seen = [tokenizer.decode(next(source).prompt[0].tolist()) for _ in range(4)]
    assert sum("Alpha" in s for s in seen) == 2 and sum("Beta" in s for s in seen) == 2


@pytest.mark.parametrize("cut", [cut for cut, _ in CUTS])
def test_cuts_stay_in_the_text(cut) -> None:
    rng = random.Random(0)
    spans = [cut(TEXT, rng.randrange(len(TEXT)), rng) for _ in range(300)]
    assert all(0 <= a <= b <= len(TEXT) for a, b in spans)
    assert sum(a < b for a, b in spans) > 150


def test_noise_falls_on_the_hole_alone(tokenizer: TextTokenizer) -> None:
    e = Sampler(tokenizer, Shape(prompt=160), seed=1).example(TEXT)
    rng = np.random.default_rng(0)
    all_noise = noised(e, np.ones(4), tokenizer.vocab_size, rng)
    assert (all_noise[~e.hole] == e.canvas[~e.hole]).all()
    assert (all_noise[e.hole] != e.canvas[e.hole]).mean() > 0.9
    assert (noised(e, np.zeros(4), tokenizer.vocab_size, rng) == e.canvas).all()
    times = noise_times(140, rng)
    assert times.min() >= 0 and times.max() == 1 and abs(np.mean(times == 1) - 1 / 7) < 0.02


def test_loss_falls_on_one_batch(tokenizer: TextTokenizer) -> None:
    net = network(small_config(tokenizer.vocab_size))
    sampler = Sampler(tokenizer, Shape(prompt=96), seed=0)
    rng = np.random.default_rng(0)
    batch = stack([sampler.example(TEXT) for _ in range(3)], np.full((3, 4), 0.5), tokenizer.vocab_size, rng)
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    history = []
    for i in range(30):
        causal, hole = losses(net, batch, self_condition=bool(i % 2))
        (causal + hole).backward()
        optimizer.step()
        optimizer.zero_grad()
        history.append((causal.item(), hole.item()))
    assert history[-1][0] < 0.8 * history[0][0] and history[-2][1] < 0.8 * history[0][1]


def test_training_begins_with_the_shipped_weights() -> None:
    net = network_from_folder(EMBEDDED)
    training = Training(net.config, arguments([]))
    training.start(EMBEDDED)
    assert all(torch.equal(p, training.averaged[n]) for n, p in net.state_dict().items())
    ids = torch.randint(0, net.config.vocab_size, (1, 20), generator=torch.Generator().manual_seed(0))
    assert torch.equal(training.net.encode(ids)[0], net.encode(ids)[0])
    other = Training(msgspec.structs.replace(net.config, n_layers=2), arguments([]))
    with pytest.raises(CheckpointError, match=r"n_layers=4.*n_layers=2"):
        other.start(EMBEDDED)
    with pytest.raises(SystemExit):
        arguments(["--resume", "--start", str(EMBEDDED)])  # which of the two would not be clear


def test_runs_are_averaged_with_checkpoints_of_the_same_shape() -> None:
    net = network_from_folder(EMBEDDED)
    doubled = {name: 2 * w for name, w in net.state_dict().items()}
    for name, w in mean_with(doubled, net.config, [EMBEDDED]).items():
        torch.testing.assert_close(w, 1.5 * net.state_dict()[name])
    with pytest.raises(CheckpointError, match=r"n_layers=4.*n_layers=2"):
        mean_with({}, msgspec.structs.replace(net.config, n_layers=2), [EMBEDDED])


def test_a_run_without_its_files_says_what_it_takes(tmp_path: Path) -> None:
    for name in ("train.jsonl", "heldout.jsonl"):
        (tmp_path / name).touch()
    usual = ["--corpus", str(tmp_path), "--tokenizer", str(EMBEDDED), "--run", str(tmp_path / "run")]
    for given, message in (
        (["--corpus", str(tmp_path / "other")], r"train.jsonl: missing; it takes .*corpus fetch"),
        (["--tokenizer", str(tmp_path)], r"tokenizer.json: missing; it takes .*model.train.tokenizer"),
        (["--resume"], r"run.state.pt: missing; it takes a first run"),
        (["--start", str(tmp_path)], r"config.json: missing; a checkpoint is"),
        (["--start", str(EMBEDDED), "--size", "base"], r"has NetworkConfig.*--size asks for"),
    ):
        with pytest.raises(SystemExit, match=message):
            main([*usual, *given])


def test_of_a_corpus_some_packages_alone(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    write_documents([Document("a", "x.py", "A = 1\n"), Document("b", "y.py", "B = 2\n")], path)
    assert training_texts(path, None) == ["A = 1\n", "B = 2\n"]
    assert training_texts(path, ["b"]) == ["B = 2\n"]
    with pytest.raises(SystemExit, match="nothing of c, d"):
        training_texts(path, ["d", "a", "c"])


def test_a_loss_in_chunks_is_the_loss(tokenizer: TextTokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(small_config(tokenizer.vocab_size))
    hidden = torch.randn(50, 32, requires_grad=True)
    ids, weight = torch.randint(0, tokenizer.vocab_size, (50,)), torch.rand(50)
    gradients = []
    for chunk in (64, 7):
        monkeypatch.setattr("model.train.losses.CHUNK", chunk)
        hidden.grad = None
        loss = cross_entropy(net, hidden, ids, weight)
        loss.backward()
        gradients.append((loss.detach(), hidden.grad.clone()))
    for whole, parts in zip(*gradients, strict=True):
        torch.testing.assert_close(whole, parts)
    by_hand = -(net.logits(hidden).log_softmax(-1)[range(50), ids] * weight).sum() / weight.sum()
    torch.testing.assert_close(gradients[0][0], by_hand)


def test_orthogonalised_matrices_have_even_singular_values() -> None:
    for shape in ((3, 40, 20), (2, 20, 40)):
        values = torch.linalg.svdvals(orthogonalise(torch.randn(shape, generator=torch.Generator().manual_seed(0))))
        assert values.min() > 0.5 and values.max() < 1.5


def test_tokenizer_gives_back_every_text(tokenizer: TextTokenizer) -> None:
    for text in (TEXT, "\tif x:\r\n\t\ty\x0c\u2028\n", "é😀\u0301\ud83d"[:-1], "", "<pad><|prefix|>", "\x00\x7f"):
        assert tokenizer.decode(tokenizer.encode(text)) == text
        assert not set(tokenizer.encode(text)) & tokenizer.special_ids
    assert tokenizer.special_ids == frozenset(range(len(SPECIAL_TOKENS)))


def test_stable_part_of_a_prefix_is_stable_at_every_column(tokenizer: TextTokenizer) -> None:
    whole = tokenizer.encode(SOURCE)
    for column in range(1, len(SOURCE)):
        stable, tail = tokenizer.split_tail(SOURCE[:column])
        assert stable + tail == SOURCE[:column] and tail
        ids = tokenizer.encode(stable)
        assert ids == whole[: len(ids)], SOURCE[:column][-20:]
