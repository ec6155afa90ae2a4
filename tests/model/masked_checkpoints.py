"""Small checkpoints of masked models with random weights, written as the real ones are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from model.masked.tokenizer import MaskedTokenizer
from model.tokenize.byte_codec import byte_alphabet
from model.weights.masked_layout import published

N_BYTES = 256
PAD, BOS, MASK, TOOL, EXPAND = range(N_BYTES, N_BYTES + 5)  # <tool_call> is an added token that is not special
ADDED = ("<|endoftext|>", "<|beginoftext|>", "<|mask|>", "<tool_call>", "<|expand|>")
FAVOURITES = [228, 132]  # what the random weights of Dream below like to say
N_ROWS = 272  # the embedding has more rows than the tokenizer has ids, as the real ones do

DREAM: dict[str, Any] = dict(
    vocab_size=N_ROWS, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=4096, rms_norm_eps=1e-6, tie_word_embeddings=False,
)  # fmt: skip
LLADA: dict[str, Any] = dict(
    architectures=["LLaDAModelLM"], d_model=32, n_heads=4, n_kv_heads=4, n_layers=2, mlp_hidden_size=48,
    vocab_size=N_ROWS, embedding_size=N_ROWS, max_sequence_length=4096, rms_norm_eps=1e-5, rope_theta=5e5,
    weight_tying=False, block_type="llama", layer_norm_type="rms", activation_type="silu", rope=True,
)  # fmt: skip


WIDE = {"hidden_size": 64, "intermediate_size": 128}  # enough columns to be packed


def dream_config(model_type: str, wide: bool = False) -> dict[str, Any]:
    """Open-dCoder, which is small, has one weight for both ends."""
    return DREAM | {"tie_word_embeddings": model_type == "qwen2"} | (WIDE if wide else {})


def reference_network(model_type: str, wide: bool = False) -> Qwen2ForCausalLM | LlamaForCausalLM:
    """The class that is the model but for its direction; Dream's likes to change a hole's length."""
    torch.manual_seed(0)
    if model_type == "llada":
        own = dream_config(model_type, wide)
        shape = {k: v for k, v in own.items() if k not in ("num_key_value_heads", "rms_norm_eps")}
        rope = {"rope_type": "default", "rope_theta": 5e5}
        network = LlamaForCausalLM(LlamaConfig(**shape, num_key_value_heads=4, rms_norm_eps=1e-5, rope_parameters=rope))
    else:
        network = Qwen2ForCausalLM(Qwen2Config(**dream_config(model_type, wide)))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    if model_type == "Dream":
        network.lm_head.weight.data[[PAD, EXPAND]] = network.lm_head.weight.data[FAVOURITES]
    return network.eval().requires_grad_(False)


def write_checkpoint(folder: Path, model_type: str, n_added: int = 4, wide: bool = False, **infill: object) -> Path:
    """A folder of "Dream", "llada" or "qwen2"; with `n_added` 5 its tokenizer has DreamOn's <|expand|>."""
    folder.mkdir(parents=True, exist_ok=True)
    network = reference_network(model_type, wide)
    weights = {published(model_type, name): p.contiguous() for name, p in network.named_parameters()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    config = dream_config(model_type, wide)
    if model_type == "llada":
        config = LLADA | {"d_model": config["hidden_size"], "mlp_hidden_size": config["intermediate_size"]}
    stated = {"mask_token_id": MASK} if model_type != "qwen2" else {}
    remote = {"auto_map": {"AutoModel": "modeling_remote.NotRun"}}
    (folder / "config.json").write_text(json.dumps({"model_type": model_type, **config, **stated, **remote}))
    if infill:
        (folder / "infill.json").write_text(json.dumps({"name": "masked", **infill}))
    write_tokenizer(folder, ADDED[:n_added], as_dream=model_type == "Dream")
    return folder


def write_tokenizer(folder: Path, added: tuple[str, ...], as_dream: bool) -> None:
    """One token per byte: vocab.json and merges.txt as Dream has them, or one tokenizer.json."""
    names: dict[str, Any] = {
        "bos_token": ADDED[1],
        "eos_token": ADDED[0],
        "pad_token": ADDED[0],
        "mask_token": ADDED[2],
    }
    vocab = {c: i for i, c in enumerate(byte_alphabet().values())}
    if as_dream:
        (folder / "vocab.json").write_text(json.dumps(vocab))
        (folder / "merges.txt").write_text("#version: 0.2\n")
        flags = {"lstrip": False, "rstrip": False, "single_word": False, "normalized": False}
        names["added_tokens_decoder"] = {
            str(N_BYTES + i): {"content": t, "special": t != ADDED[3], **flags} for i, t in enumerate(added)
        }
        names["tokenizer_class"] = "DreamTokenizer"
    else:
        tokenizer = Tokenizer(models.BPE(vocab, []))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in added if t != ADDED[3]])
        tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in added if t == ADDED[3]])
        tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(names))


def write_learned_checkpoint(folder: Path, text: str) -> Path:
    """A Dream that knows one text by heart: made to predict whatever is masked in it, with any share of it masked."""
    write_checkpoint(folder, "Dream", line_lengths=[1, 3, 5, 7], languages=["python"])
    network = reference_network("Dream").requires_grad_(True)
    for parameter in network.parameters():
        parameter.data = parameter.data * 0.3 if parameter.dim() > 1 else torch.ones_like(parameter.data)
    ids = MaskedTokenizer.load(folder).encode(text)
    whole = torch.tensor([BOS, *ids, *[MASK] * 8])
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # of so little work the parts would wait for one another
    optimizer = torch.optim.AdamW(network.parameters(), lr=6e-3, weight_decay=0)
    for n_after in (0, 8) * 80:  # the judge has masks behind the text, a canvas has none
        row = whole[: len(ids) + 1 + n_after].expand(16, -1)
        hidden = (torch.rand(row.shape) < torch.rand(16, 1)) & (row != MASK) & (torch.arange(row.shape[1]) > 0)
        both_ways = torch.ones(1, 1, row.shape[1], row.shape[1], dtype=torch.bool)
        logits = network(input_ids=row.masked_fill(hidden, MASK), attention_mask=both_ways).logits[:, :-1]
        wanted = row.masked_fill(~hidden, -100)[:, 1:]
        loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.set_num_threads(n_threads)
    assert loss.item() < 0.2
    save_file({name: p.detach().contiguous() for name, p in network.named_parameters()}, folder / "model.safetensors")
    return folder
