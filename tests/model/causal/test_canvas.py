"""Canvas rows: what they are by the trainer's own words, and that rows of known text do not learn of them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from model.catalog import CATALOG
from model.causal.adapter import BASE, FILE, HIDDEN, Adapter, adapter_for, low, read_adapter, write_adapter
from model.causal.build_graphs import SIZES, trunk, write_canvas_graph
from model.causal.config import Manifest, read_config, read_manifest
from model.causal.graph_files import FOLDER, trunk_name
from model.causal.greedy import Scores, write
from model.causal.load import load_causal_engine
from model.causal.lookup import Lookup
from model.causal.network import CausalNetwork, causal
from model.causal.onnx_runtime import OnnxRuntime
from model.causal.reading import ROOT
from model.causal.runtime import Runtime
from model.causal.sessions import open_folder
from model.causal.torch_runtime import TorchRuntime, library_model
from model.config import DEFAULT_NAME
from model.train.canvas.adapter import PRODUCTS, AdaptedLinear
from model.train.canvas.adapter import Adapter as Trained
from model.types import CancelToken, ModelSpec

RANK = 4
TEXT: list[int] = np.random.default_rng(0).integers(0, 256, 90).tolist()
KINDS = ("float32", "int8", "blocks8")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, converted: dict[str, Path]) -> Path:
    """A random adapter of the small model, as it would ship; and the graphs for it beside the weights."""
    folder, rng = converted["float32"], np.random.default_rng(5)
    config = read_config(folder / "config.json")
    d, f, kv = config.hidden_size, config.intermediate_size, config.num_key_value_heads * config.head_dim
    sizes = {"q": (d, d), "k": (kv, d), "v": (kv, d), "o": (d, d), "g": (f, d), "u": (f, d), "d": (d, f)}

    def random(*shape: int):  # [shape]
        return rng.normal(0, 0.2, shape).astype(np.float32)

    parts = {
        (i, share): (random(RANK, n_in), random(n_out, RANK))
        for i in range(config.num_hidden_layers)
        for share, (n_out, n_in) in sizes.items()
    }
    path = tmp_path_factory.mktemp("adapter") / "canvas.safetensors"
    write_adapter(path, random(d), parts, **{BASE: read_manifest(folder).source_sha256})
    for kind in KINDS:
        write_canvas_graph(config, kind, RANK, converted[kind])
    return path


@pytest.fixture(scope="module")
def adapter(trained: Path) -> Adapter:
    return read_adapter(trained)


@pytest.fixture(params=["onnx", "torch"])
def runtime(request: pytest.FixtureRequest, converted: dict[str, Path], adapter: Adapter) -> Runtime:
    """The small model in float32, with canvas rows."""
    if request.param == "torch":
        return TorchRuntime(converted["float32"], "cpu", 1, adapter)
    return OnnxRuntime(open_folder(converted["float32"], 1, adapter))


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_canvas_row_nothing_changes_to_the_bit(
    kind: str, converted: dict[str, Path], adapter: Adapter
) -> None:
    hidden = []
    for one in (None, adapter):
        runtime = OnnxRuntime(open_folder(converted[kind], 1, one))
        past = runtime.nothing_kept()
        rows = [runtime.forward(TEXT[:60], np.arange(60), causal(60, 0), past)]
        rows.append(runtime.forward(TEXT[60:], np.arange(60, 90), causal(30, 60), past))
        hidden.append(np.concatenate(rows))
    assert np.array_equal(*hidden)


def test_canvas_rows_are_what_the_trainer_taught(
    runtime: Runtime, converted: dict[str, Path], adapter: Adapter
) -> None:
    """Two groups of masks behind rows of one pass, each as if it had been alone, as the library's class has them."""
    network = CausalNetwork(runtime)
    network.prefill(TEXT)
    reading = network.reading()
    nodes = reading.extend([7, 8, 9], [ROOT, 0, ROOT], [1, 2], 3)
    assert nodes == [0, 1, 2] and list(reading.canvas) == [1, 2]
    for node, way in ((1, [7, 8]), (2, [9])):
        wanted = theirs(converted["float32"], adapter, [*TEXT, *way], 3)
        assert reading.canvas[node] == pytest.approx(wanted, abs=2e-4)


def theirs(folder: Path, adapter: Adapter, ids: list[int], n_masks: int) -> np.ndarray:
    """The same rows [masks, dim] by the trainer's adapter over the library's class."""
    config, tensors = read_config(folder / "config.json"), open_folder(folder, 1).tensors
    model = library_model(config, tensors, "cpu", torch.float32)
    trained = Trained(model, adapter.rank)
    for i in range(config.num_hidden_layers):
        for share in PRODUCTS:
            part = trained.parts[f"{i}-{share}"]
            assert isinstance(part, AdaptedLinear)
            part.a.data = torch.from_numpy(np.ascontiguousarray(low(adapter.parts[i, share]).T))
            part.b.data = torch.from_numpy(np.ascontiguousarray(adapter.parts[i, share].high.T))
    with torch.no_grad():
        read = model(input_ids=torch.tensor([ids]), use_cache=True).past_key_values
        with trained.gate.opened():
            found = model(
                inputs_embeds=torch.from_numpy(np.tile(adapter.mask, (1, n_masks, 1))),
                position_ids=len(ids) + torch.arange(n_masks)[None],
                attention_mask=torch.zeros(1, 1, n_masks, len(ids) + n_masks),
                past_key_values=read,
            )
    return found.last_hidden_state[0].numpy()


def test_the_rows_beside_them_and_what_is_kept_do_not_learn_of_masks(runtime: Runtime) -> None:
    network = CausalNetwork(runtime)
    network.prefill(TEXT)
    found = []
    for behind in ((), (0, 1)):
        reading = network.reading()
        reading.extend([7, 8], [ROOT, 0], behind, 4)
        assert network.prompt.key_values.n == len(TEXT) + 2
        (last,) = reading.extend([9], [1])
        found.append(reading.log_probs([0, 1, last]))
    assert found[0] == pytest.approx(found[1], abs=1e-4)


def test_a_mask_is_no_token(runtime: Runtime, adapter: Adapter) -> None:
    """Its vector is the adapter's: rows with it differ from rows of any token."""
    past = runtime.nothing_kept()
    hidden = runtime.forward([5, HIDDEN, 0], np.array([0, 1, 1]), np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1]], bool),
                             past, 2)  # fmt: skip
    assert past.n == 1 and np.abs(hidden[1] - hidden[2]).max() > 0.1


def text(network: CausalNetwork, prompt: list[int], propose=lambda ids: ()) -> tuple[list[int], int]:
    """Forty greedy tokens, and the passes that they took."""
    network.prefill(prompt)
    tokens = list(islice(write(network, propose=propose), 40))
    return [t.id for t in tokens], tokens[-1].passes


@pytest.mark.parametrize("n_masks", range(5))
@pytest.mark.parametrize("looked_up", [False, True])
def test_the_text_is_plain_greedy_text(
    n_masks: int, looked_up: bool, runtime: Runtime, network: CausalNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted = CausalNetwork(runtime)
    monkeypatch.setattr("model.causal.canvas_drafts.CanvasDrafts.n_masks", lambda self: n_masks)
    for start in (0, 20):
        prompt = TEXT[start : start + 50]
        plain, n_plain = text(network, prompt)
        found, n_passes = text(drafted, prompt, Lookup(prompt) if looked_up else lambda ids: ())
        assert found == plain and n_passes <= n_plain


@pytest.mark.parametrize("n_masks", [1, 2, 4])
def test_right_drafts_save_passes(
    n_masks: int, runtime: Runtime, network: CausalNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With masks that say what the text will be, as many tokens a pass as there are masks, and one."""
    plain, _ = text(network, TEXT)
    drafted = CausalNetwork(runtime)
    monkeypatch.setattr("model.causal.canvas_drafts.CanvasDrafts.n_masks", lambda self: n_masks)
    real = Scores.drafted

    def right(self: Scores, node: int) -> list[int]:
        n = len(self._reading.path(node)) + 1
        return plain[n : n + len(real(self, node))]

    monkeypatch.setattr(Scores, "drafted", right)
    found, n_passes = text(drafted, TEXT)
    assert found == plain and n_passes <= 1 + -(-40 // (n_masks + 1))


@pytest.mark.parametrize("device", [None, "cpu"])
def test_it_drafts_where_it_is_told_to(
    device: str | None, converted: dict[str, Path], trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.causal.adapter.FILE", trained)
    folder, drafts = converted["float32"], []
    for said in ("", '{"canvas_drafts": "on"}', '{"canvas_drafts": "off"}'):
        (folder / "infill.json").write_text(said) if said else None
        engine = load_causal_engine(folder, ModelSpec(device=device, threads=1))
        assert (engine.network.drafts is not None) == ("on" in said)
        drafts.append(engine.draft(TEXT, 12, CancelToken()))
    (folder / "infill.json").unlink()
    assert drafts[0] == drafts[1] == drafts[2] and drafts[0]


def test_no_adapter_of_another_base_or_none_at_all_is_no_error(
    converted: dict[str, Path], trained: Path, tmp_path: Path
) -> None:
    config, manifest = read_config(converted["int8"] / "config.json"), read_manifest(converted["int8"])
    assert adapter_for(config, manifest, trained) is not None
    assert adapter_for(config, manifest) is None  # the one that ships is of another base
    assert adapter_for(config, manifest, tmp_path / "none.safetensors") is None
    (tmp_path / "broken.safetensors").write_bytes(trained.read_bytes()[:1000])
    assert adapter_for(config, manifest, tmp_path / "broken.safetensors") is None


def test_what_ships_belongs_together() -> None:
    """The adapter, the graph for its rank, and the default model."""
    shipped = read_adapter(FILE)
    assert shipped.notes[BASE] == CATALOG[DEFAULT_NAME].sha256
    graph = FOLDER / trunk_name(SIZES[0], "int8", shipped.rank)
    assert graph.read_bytes() == trunk(SIZES[0], "int8", shipped.rank).SerializeToString()
    sha = shipped.notes[BASE]
    assert adapter_for(SIZES[0], Manifest(1, "int8", "", sha, 0, 0)) is not None
    assert adapter_for(SIZES[1], Manifest(1, "int8", "", sha, 0, 0)) is None
