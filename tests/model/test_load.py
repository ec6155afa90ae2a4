"""Every way to give the wrong checkpoint gets one line that names the thing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from model.config import EMBEDDED
from model.load import load_engine
from model.types import CheckpointError, ModelSpec
from model.weights.verify import verify


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def failure(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_engine(ModelSpec(str(folder), device="cpu"))
    message = str(caught.value)
    assert "\n" not in message and str(folder) in message
    return message


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_good_one_loads(copy: Path) -> None:
    assert load_engine(ModelSpec(str(copy), device="cpu")).info.name == "small"


def test_no_such_folder(tmp_path: Path) -> None:
    assert "no such folder" in failure(tmp_path / "nowhere")


def test_not_a_checkpoint(tmp_path: Path) -> None:
    assert "config.json" in failure(tmp_path)


def test_another_model(copy: Path) -> None:
    edit(copy / "config.json", model_type="llama")
    assert "'llama'" in failure(copy)


@pytest.mark.parametrize(
    ("field", "value"),
    [("hidden_size", "32"), ("rms_norm_eps", "x"), ("max_position_embeddings", ["x"]), ("pad_token_id", "0"),
     ("rope_theta", "x"), ("layer_types", 3), ("text_config", "x"), ("canvas_length", "x"), ("dtype", ["x"])],
)  # fmt: skip
def test_a_field_of_a_wrong_type(copy: Path, field: str, value: object) -> None:
    config = json.loads((copy / "config.json").read_text())
    text = config["text_config"]
    sliding = text["rope_parameters"]["sliding_attention"]
    next(part for part in (sliding, config, text) if field in part or part is text)[field] = value
    edit(copy / "config.json", **config)
    message = failure(copy)
    assert f"{copy}/config.json" in message and "restore it" in message
    assert field in message or field == "dtype"  # of which the library says nothing
    with pytest.raises(CheckpointError, match=r"config\.json"):
        list(verify(copy))


def test_a_field_of_a_wrong_type_beside_graphs(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EMBEDDED, tmp_path / "copy"))
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["num_key_value_heads"] = "2"
    edit(folder / "config.json", **config)
    for device in (None, "cpu"):  # in ONNX Runtime and in torch
        with pytest.raises(CheckpointError, match=r"config\.json: .*num_key_value_heads.*; restore it"):
            load_engine(ModelSpec(str(folder), device=device))


def test_sampler_settings_of_a_wrong_type(copy: Path) -> None:
    (copy / "generation_config.json").write_text('{"max_denoising_steps": "48"}')
    assert "max_denoising_steps" in failure(copy)


def test_broken_config(copy: Path) -> None:
    (copy / "config.json").write_text("{")
    assert "not a JSON object" in failure(copy)


def test_truncated_weights(copy: Path) -> None:
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "cut short" in failure(copy)


def test_missing_weights(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    assert "neither" in failure(copy)


def test_weights_of_another_shape(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    config["text_config"]["intermediate_size"] = 99
    edit(copy / "config.json", **config)
    assert "mlp.gate_proj" in failure(copy)


def test_weights_left_out(copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    gone = next(n for n in weights if "layers.1.mlp.gate_proj" in n)
    save_file({n: w for n, w in weights.items() if n != gone}, copy / "model.safetensors", {"format": "pt"})
    assert "mlp.gate_proj" in failure(copy)


def test_no_tokenizer(copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    assert "tokenizer.json" in failure(copy)


def test_broken_tokenizer(copy: Path) -> None:
    (copy / "tokenizer.json").write_text("[]")
    assert "not a tokenizer file" in failure(copy)


def test_tokenizer_of_another_model(copy: Path) -> None:
    tokenizer = json.loads((copy / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["zz"] = 262
    (copy / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert "do not belong together" in failure(copy)


def test_tokenizer_without_pad(copy: Path) -> None:
    text = (copy / "tokenizer.json").read_text()
    (copy / "tokenizer.json").write_text(text.replace("<pad>", "<nothing>"))
    assert "<pad>" in failure(copy)


def test_unknown_field_in_infill_json(copy: Path) -> None:
    (copy / "infill.json").write_text('{"name": "x", "langauges": ["python"]}')
    assert "langauges" in failure(copy)
