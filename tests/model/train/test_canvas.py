"""The canvas trainer: canvas rows learn, rows of known text stay the base's own, and a run goes on where it was."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")
from transformers import Qwen2Config, Qwen2Model  # noqa: E402

from model.causal.adapter import BASE, low, read_adapter  # noqa: E402
from model.causal.config import MANIFEST, Manifest  # noqa: E402
from model.train.canvas.__main__ import SHIPPED, main  # noqa: E402
from model.train.canvas.adapter import Adapter, rank_of  # noqa: E402
from model.train.canvas.blocks import HIDDEN, STAGES, Marks, Stage, Window, draw, window  # noqa: E402
from model.train.canvas.corpus import clean, read_manifest  # noqa: E402
from model.train.canvas.objective import Learner  # noqa: E402
from model.train.canvas.ship import ship  # noqa: E402
from model.train.canvas.state import Run  # noqa: E402
from model.types import CheckpointError  # noqa: E402

N_VOCAB = 97
MARKS = Marks(90, 91, 92)
IDS = np.random.default_rng(0).integers(0, 90, 600)


def base() -> Qwen2Model:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=N_VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, initializer_range=0.3,
    )  # fmt: skip
    return Qwen2Model(config).eval().requires_grad_(False)


def learner(rank: int = 4) -> Learner:
    model = base()
    return Learner(model, Adapter(model, rank), torch.arange(90))


def example() -> Window:
    found = window(IDS, MARKS, random.Random(1))
    assert found is not None
    return found


def test_a_window_has_room_for_blocks_and_what_follows_it_first() -> None:
    windows = [window(IDS, MARKS, random.Random(seed)) for seed in range(20)]
    with_suffix = [w for w in windows if w is not None and w.n_before]
    assert 4 < len(with_suffix) < 16
    for one in with_suffix:
        assert one.ids[:2].tolist() == [90, 91] and one.ids[one.n_before - 1] == 92
    assert window(IDS[:200], MARKS, random.Random(0)) is None


@pytest.mark.parametrize("stage", STAGES)
def test_blocks_hide_and_show_what_their_stage_says(stage: Stage) -> None:
    one = example()
    blocks = draw(one, stage, random.Random(3))
    own = one.ids[blocks.starts[:, None] + 1 + torch.arange(blocks.size)]
    hidden, right = blocks.shown == HIDDEN, blocks.shown == own
    assert blocks.starts.min() >= one.n_before and int(blocks.starts.max()) + blocks.size + 1 < len(one.ids)
    assert torch.equal(blocks.shown, draw(one, stage, random.Random(3)).shown)
    if stage == "masked":
        assert hidden.all()
    elif stage == "revealed":
        assert hidden.any(1).all() and not hidden.all() and (hidden | right).all()
    elif stage == "clamped":
        assert hidden[:, 0].all() and not hidden[:, -1].any() and (hidden | right).all()
        assert all(torch.equal(row, row.sort(descending=True).values) for row in hidden.int())
    else:
        assert not hidden.any() and 0.5 < float(right.float().mean()) < 1


def test_an_adapter_that_says_nothing_leaves_the_base_as_it_is() -> None:
    model, ids = base(), torch.tensor([IDS[:40]])
    before = model(input_ids=ids).last_hidden_state
    adapter = Adapter(model, 4)
    with adapter.gate.opened():
        assert torch.equal(model(input_ids=ids).last_hidden_state, before)
    for p in adapter.trained():
        p.data += 0.1
    assert torch.equal(model(input_ids=ids).last_hidden_state, before), "rows of known text are the base's own"
    with adapter.gate.opened():
        assert not torch.allclose(model(input_ids=ids).last_hidden_state, before)


def test_a_block_sees_its_text_and_itself_and_no_other_block() -> None:
    one, own = example(), learner()
    for p in own.adapter.trained():
        p.data += 0.05 * torch.randn(p.shape)
    blocks = draw(one, "masked", random.Random(3))
    whole = own.figures(one, blocks)
    parts = [own.figures(one, blocks._replace(starts=s[None], shown=x[None])) for s, x in zip(*blocks[:2], strict=True)]
    mean = torch.stack([part.loss for part in parts]).mean()
    assert float(whole.loss) == pytest.approx(float(mean), abs=1e-3)
    later = one.ids.clone()
    later[int(blocks.starts[0]) + blocks.size + 3 :] = 5  # behind what the first block predicts
    alone = blocks._replace(starts=blocks.starts[:1], shown=blocks.shown[:1])
    same = own.figures(Window(later, one.n_before), alone, teacher=0.0)
    assert float(same.loss) == pytest.approx(float(own.figures(one, alone, teacher=0.0).loss), abs=1e-5)


def test_training_changes_the_adapter_only_and_makes_it_better(tmp_path: Path) -> None:
    one, own = example(), learner()
    blocks, run = draw(one, "masked", random.Random(3)), Run(own.adapter, 5e-3)
    weights = {
        name: p.clone() for name, p in own.model.named_parameters() if ".a" not in name and ".b" not in name[-2:]
    }
    losses = []
    for _ in range(30):
        loss = own.figures(one, blocks, teacher=0.0).loss
        losses.append(float(loss.detach()))
        run.learn(loss, 1.0)
    assert losses[-1] < 0.8 * losses[0]
    now = dict(own.model.named_parameters())
    assert all(torch.equal(now[name], p) for name, p in weights.items())

    run.minutes = 3.5
    run.save(tmp_path / "state.pt")
    other = Run(learner().adapter)
    other.load(tmp_path / "state.pt")
    assert (other.step, other.minutes) == (30, 3.5)
    pairs = zip(other.adapter.trained(), own.adapter.trained(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_what_cannot_be_gone_on_from_is_named(tmp_path: Path) -> None:
    own = learner()
    (tmp_path / "state.pt").write_bytes(b"no")
    with pytest.raises(CheckpointError, match=r"state\.pt"):
        Run(own.adapter).load(tmp_path / "state.pt")
    own.adapter.save(tmp_path / "adapter.safetensors", steps="1")
    assert rank_of(tmp_path / "adapter.safetensors") == 4
    assert learner().adapter.load(tmp_path / "adapter.safetensors")["steps"] == "1"
    with pytest.raises(CheckpointError, match=r"adapter\.safetensors.*--start"):
        learner(rank=8).adapter.load(tmp_path / "adapter.safetensors")


def test_the_shipped_adapter_is_whole() -> None:
    assert rank_of(SHIPPED) == 16


def test_no_package_that_is_measured_on_is_trained_on() -> None:
    from model.config import HELD_OUT

    names = {one.name.replace("-", "_") for one in read_manifest()}
    assert len(names) > 40 and not names & set(HELD_OUT)
    assert all(len(one.sha256) == 64 and one.licence != "?" for one in read_manifest())


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("src/a.ts", "export const a = 1;\n" * 60, True),
        ("dist/a.js", "export const a = 1;\n" * 60, False),
        ("src/a.min.js", "export const a = 1;\n" * 60, False),
        ("src/a.go", "// Code generated by x. DO NOT EDIT.\n" + "var a = 1\n" * 90, False),
        ("src/a.svg", "<svg>\n" * 200, False),
        ("src/a.rs", "fn a() {}\n", False),
    ],
)
def test_files_that_nobody_wrote_are_left_out(name: str, text: str, kept: bool) -> None:
    assert (clean(name, text.encode()) is not None) == kept


def test_without_a_base_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(SystemExit, match="infill model fetch"):
        main(["--minutes", "0", "--data", str(tmp_path)])


def test_what_ships_is_what_was_trained_in_eight_bits(tmp_path: Path) -> None:
    one = learner()
    for part in one.adapter.trained():
        part.data = torch.randn(part.shape)
    one.adapter.save(tmp_path / "trained.safetensors", steps="7")
    (tmp_path / MANIFEST).write_bytes(msgspec.json.encode(Manifest(1, "int8", "a.gguf", "5" * 64, 0, 0)))
    ship(tmp_path / "trained.safetensors", tmp_path, tmp_path / "canvas.safetensors")
    found = read_adapter(tmp_path / "canvas.safetensors")
    assert (found.rank, found.notes["steps"], found.notes[BASE]) == (4, "7", "5" * 64)
    assert found.mask == pytest.approx(one.adapter.mask.detach().numpy(), rel=0.01)
    assert len(found.parts) == len(one.adapter.parts) == 14
    for (layer, share), part in found.parts.items():
        theirs = one.adapter.parts[f"{layer}-{share}"]
        wanted = (theirs.b @ theirs.a).detach().numpy().T
        assert np.abs(low(part) @ part.high - wanted).mean() < 0.02 * np.abs(wanted).mean()


def test_what_cannot_ship_is_named(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(msgspec.json.encode(Manifest(1, "int8", "a.gguf", "5" * 64, 0, 0)))
    (tmp_path / "broken").write_bytes(b"x" * 30)
    with pytest.raises(CheckpointError, match="broken: is no trained adapter"):
        ship(tmp_path / "broken", tmp_path, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()
