"""The graphs against the library's class, and what the network promises of what it keeps."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from model.causal.network import CausalNetwork
from model.causal.onnx_runtime import OnnxRuntime
from model.causal.reading import ROOT
from model.causal.sessions import open_folder
from model.diffusion.sampler import Floats
from model.types import CancelToken

RNG = np.random.default_rng(0)
TEXT: list[int] = RNG.integers(0, 256, 150).tolist()
# Mean difference of a log-probability; random weights magnify what rounding does.
CLOSE = {"float32": 1e-5, "int8": 0.2, "blocks8": 0.1, "blocks4": 1.5}


def expected(library, ids: list[int]) -> Floats:
    """The library's log-probabilities [T, V] after each id."""
    return library(torch.tensor([ids])).logits[0].log_softmax(-1).numpy()


def after(network: CausalNetwork, prompt: list[int], more: list[int] = TEXT[:0]) -> Floats:
    """Log-probabilities [W] after a prompt and what follows it in one pass."""
    network.prefill(prompt)
    reading = network.reading()
    nodes = reading.extend(more, [ROOT, *range(len(more) - 1)])
    return reading.log_probs([nodes[-1] if nodes else ROOT])[0]


@pytest.mark.parametrize("kind", CLOSE)
def test_same_scores_as_the_class(kind: str, converted: dict[str, Path], library) -> None:
    network, theirs = CausalNetwork(OnnxRuntime(open_folder(converted[kind], 1))), expected(library, TEXT)
    network.prefill(TEXT[:100])
    reading = network.reading()
    nodes = reading.extend(TEXT[100:], [ROOT, *range(len(TEXT) - 101)])
    ours = reading.log_probs([ROOT, *nodes])
    assert np.abs(ours - theirs[99:]).mean() < CLOSE[kind]
    assert kind != "float32" or np.abs(ours - theirs[99:]).max() < 1e-4


def test_the_kept_equals_a_fresh_read_wherever_it_is_cut(network: CausalNetwork, converted: dict[str, Path]) -> None:
    network.prefill(TEXT)
    for n in (150, 149, 101, 64, 63, 30, 1):
        changed = [*TEXT[:n], 7, 8, *TEXT[n:140]]
        fresh = CausalNetwork(OnnxRuntime(open_folder(converted["float32"], 1)))
        assert network.n_unread(changed) <= len(changed) - n
        assert after(network, changed) == pytest.approx(after(fresh, changed), abs=1e-4)
        assert after(network, TEXT[:n]) == pytest.approx(after(fresh, TEXT[:n]), abs=1e-4)


def test_only_what_changed_is_read(network: CausalNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = network.forward
    monkeypatch.setattr(network, "forward", lambda ids, *rest: read.append(len(ids)) or real(ids, *rest))
    other = [5, *TEXT[:60]]
    for prompt in (TEXT, [*TEXT, 3], [*TEXT, 4, 5], TEXT, other, TEXT, other, [*other, 9]):
        network.prefill(prompt)
    assert read == [64, 64, 22, 1, 2, 1, 61, 1]


def test_places_of_one_file_that_begin_alike_are_all_kept(network: CausalNetwork) -> None:
    places = [[*TEXT[:80], *[start] * 70] for start in range(3)]
    for place in places:
        network.prefill(place)
    assert [network.n_unread(place) for place in places] == [0, 0, 0]


def test_kept_prompts_are_dropped_where_memory_ends(converted: dict[str, Path]) -> None:
    one = 256 * 3 * 2 * 2 * 16 * 4  # tokens, layers, keys and values, heads, numbers in a head, bytes
    network = CausalNetwork(OnnxRuntime(open_folder(converted["float32"], 1)), kept_bytes=3 * one)
    for start in range(8):
        network.prefill([start, *TEXT])
        assert sum(prompt.key_values.n_bytes for prompt in network._prompts) <= 3 * one
    assert network.n_unread([7, *TEXT]) == 0
    assert network.n_unread([0, *TEXT]) == len(TEXT) + 1


def test_rows_of_a_tree_equal_runs_of_their_own(network: CausalNetwork, converted: dict[str, Path]) -> None:
    paths = [[1, 2, 3], [1, 2, 4, 5], [1, 6], [7]]
    network.prefill(TEXT)
    reading = network.reading()
    first = reading.extend([1, 7, 2], [ROOT, ROOT, 0])
    second = reading.extend([3, 4, 6, 5], [2, 2, 0, 4])
    ends = [second[0], second[3], second[2], first[1]]
    ours = reading.log_probs(ends)
    for row, path in zip(ours, paths, strict=True):
        fresh = CausalNetwork(OnnxRuntime(open_folder(converted["float32"], 1)))
        assert row == pytest.approx(after(fresh, TEXT, path), abs=1e-4)
    assert [reading.ids[node] for node in reading.path(second[3])] == paths[1]


def test_a_kept_path_goes_on_as_if_it_had_been_alone(network: CausalNetwork, converted: dict[str, Path]) -> None:
    network.prefill(TEXT[:50])
    reading = network.reading()
    reading.extend([9, 1, 2, 8, 4], [ROOT, ROOT, 1, 1, 2])
    reading.keep(4)
    assert reading.ids == [1, 2, 4]
    node = reading.extend([5], [2])[0]
    fresh = CausalNetwork(OnnxRuntime(open_folder(converted["float32"], 1)))
    wanted = after(fresh, TEXT[:50], [1, 2, 4, 5])
    assert reading.log_probs([node])[0] == pytest.approx(wanted, abs=1e-4)
    reading.accept(node)
    assert network.n_unread([*TEXT[:50], 1, 2, 4, 5]) == 0
    assert after(network, [*TEXT[:50], 1, 2, 4, 5]) == pytest.approx(wanted, abs=1e-4)
    assert after(network, TEXT[:50], [3]) == pytest.approx(after(fresh, TEXT[:50], [3]), abs=1e-4)


def test_a_cancel_keeps_the_pieces_that_are_done(network: CausalNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    cancel, real, read = CancelToken(), network.forward, []

    def forward(ids, *rest):
        read.append(len(ids))
        if len(read) == 2:
            cancel.cancel()
        return real(ids, *rest)

    monkeypatch.setattr(network, "forward", forward)
    with network.interrupted_by(cancel):
        network.prefill(TEXT)
        pytest.fail("goes on")
    assert len(network.prompt.ids) == network.prompt.key_values.n == 64
    network.prefill(TEXT)
    assert read == [64, 64, 64, 22]


def test_a_cancel_from_another_thread_ends_a_pass(network: CausalNetwork) -> None:
    cancel = CancelToken()
    threading.Timer(0.02, cancel.cancel).start()
    with network.interrupted_by(cancel):
        for start in range(2000):
            network.prefill([start % 256, *TEXT])
        pytest.fail("goes on")
    assert after(network, TEXT).shape == (network.vocab_size,)
