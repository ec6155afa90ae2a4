"""Settings of the model side: frozen, validated when made, every default with its unit and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from model.checkpoint_path import fetched_folder, find, name_of
from model.types import CheckpointError, InfillConfig, ModelSpec

SCORES_AT_ONCE = 1 << 24  # vocabulary scores that are looked at together: 64 MiB in float32
EMBEDDED = Path(__file__).parent / "embedded"
EMBEDDED_NAME, DEFAULT_NAME = "embedded", "qwen-0.5b"  # as `ModelSpec.model` has them; the default must be fetched

MODEL_TYPE = "diffusion_gemma"
MASKED_TYPES = ("Dream", "llada", "qwen2")  # masked diffusion models: Dream-Coder and DreamOn, LLaDA, Open-dCoder
CAUSAL_TYPE = "qwen2_causal"  # of a folder that `model/causal` converted: the published type means masked models too
MODEL_TYPES = (MODEL_TYPE, *MASKED_TYPES, CAUSAL_TYPE)  # all that can be loaded: a row each in `model/load.py`

# Of a causal code model: those that there is a grammar for.
CAUSAL_LANGUAGES = (
    "python", "javascript", "typescript", "tsx", "go", "rust", "java", "c", "cpp", "bash", "json", "html", "css",
)  # fmt: skip

ONNX = "onnx"  # folder of a checkpoint with its graphs for ONNX Runtime
WEIGHTS_HASH = "weights_sha256"  # of the model.safetensors that a graph was made from

# Import names of packages that no model of ours is ever trained on: quality is measured on them.
HELD_OUT = ("click", "fastapi", "flask", "httpx", "huggingface_hub", "picklescan", "rich", "starlette")


class SamplerConfig(msgspec.Struct, frozen=True):
    """The denoising loop's settings, under the names that the model card and `transformers` use."""

    entropy_bound: float = 0.1  # nats of joint uncertainty accepted in one step
    t_min: float = 0.4  # temperature of the last step
    t_max: float = 0.8  # temperature of the first step
    stability_threshold: int = 1  # steps for which the draft must not change
    confidence_threshold: float = 0.005  # nats, mean over free positions
    max_denoising_steps: int = 48

    def __post_init__(self) -> None:
        if not (self.entropy_bound > 0 and 0 < self.t_min <= self.t_max and self.max_denoising_steps > 0):
            raise ValueError(f"sampler settings out of range: {self}")


# A hole is a few tokens, not a page: it settles in few steps, and near-certain is certain enough.
FILL_SAMPLER = SamplerConfig(entropy_bound=0.3, t_min=0.4, t_max=0.6, confidence_threshold=0.05)

# The temperature is DreamOn's. So cold a token of probability 0.8 has 0.01 nats: what is decided stays, so little is
# decided at once.
MASK_SAMPLER = SamplerConfig(entropy_bound=0.01, t_min=0.2, t_max=0.2, max_denoising_steps=256)


class MaskedInfillConfig(InfillConfig, frozen=True, forbid_unknown_fields=True):
    """The same for a masked model, which reads the suffix where it stands: all of it is in the canvas."""

    far_suffix_tokens: int = 0
    near_suffix_tokens: int = 128
    line_steps: int = 16  # the fewer tokens a step decides the better, and a settled row costs nothing
    block_steps: int = 48


# From these on about nine of ten lines are exactly right in packages of 2025 and 2026 that are in no test
# (`infill bench line --set fitting --context-only --thresholds`; model/train/LOG.md). None is below the one for all:
# that a language needs less, 60 lines of a few packages cannot show.
CAUSAL_THRESHOLDS = {"c": 0.7, "html": 0.65, "javascript": 0.65, "rust": 0.7}


class CausalInfillConfig(InfillConfig, frozen=True, forbid_unknown_fields=True):
    """The same for a causal code model: the suffix is in the prompt, and what it writes ends by itself."""

    max_prompt_tokens: int = 768
    far_suffix_tokens: int = 128
    near_suffix_tokens: int = (
        32  # half of them are scored with each candidate: which end of a draft is right shows there
    )
    line_lengths: tuple[int, ...] = (24, 24)
    block_lengths: tuple[int, ...] = (64, 64)
    show_threshold: float = 0.5
    language_thresholds: dict[str, float] = msgspec.field(default_factory=CAUSAL_THRESHOLDS.copy)
    languages: tuple[str, ...] | None = CAUSAL_LANGUAGES
    manual_languages: tuple[str, ...] = ("json",)  # not measured yet
    is_causal: bool = True
    denoises: bool = False
    takes_instructions: bool = True  # where its tokenizer has the turns of a chat
    takes_evidence: bool = False  # its own probability tells right from wrong better than with it
    suffix_from_hole: bool = True
    draft_tokens: tuple[int, int] = (40, 256)
    least_line: float = 0.0
    similar_windows: int = 2
    typed_tokens: int = 96
    brief_tokens: int = 160
    context_tokens: int = 0  # windows of similar lines are worth more of the prompt than outlines


# Of a checkpoint that chats, where it says nothing else: it is large, runs on a GPU and was trained on long texts.
FOR_CHAT: dict[str, Any] = {
    "max_prompt_tokens": 3072,  # with a canvas of 256 within the 4,096 that loading leaves room for
    "far_suffix_tokens": 512,
    "context_tokens": 1024,
    "takes_instructions": True,
    "drafts_left_to_right": False,  # a token takes a whole pass: five tokens are all that a line has time for
    "line_lengths": (1, 2, 3, 4, 6, 8, 12, 16, 24),
    "block_lengths": (8, 12, 16, 24, 32, 48, 64),
    "keep_best": 3,
}


def folder_of(spec: ModelSpec) -> Path:
    """The checkpoint folder of a local model, unchecked; raises `CheckpointError` for one that was not fetched.

    Without a name it is the default model where that was fetched, else the embedded one; a format that is asked for is
    for a checkpoint as it was published, which the default is not.
    """
    if spec.model == EMBEDDED_NAME:
        return EMBEDDED
    if spec.model is None:
        own = None if spec.quant else fetched_default()
        return own or EMBEDDED
    return find(spec.model)


def fetched_default() -> Path | None:
    """The folder of the default model, if it was fetched."""
    return fetched_folder(DEFAULT_NAME)


def check_folder(folder: Path) -> None:
    """Fail early, and by name, on what users get wrong most: the wrong folder. Needs no torch."""
    if not folder.is_dir():
        raise CheckpointError(
            f"{folder}: no such folder; --model takes a checkpoint's folder, or the id of one that was fetched"
        )
    model_type = read_model_type(folder)
    if model_type not in MODEL_TYPES:
        masked = ", ".join(map(repr, MASKED_TYPES))
        known = f"{MODEL_TYPE!r}, the masked models {masked}, and the converted causal ones {CAUSAL_TYPE!r}"
        raise CheckpointError(f"{folder / 'config.json'}: model_type is {model_type!r}; these can be loaded: {known}")


def read_model_type(folder: Path) -> object:
    """What config.json says that the model is; raises `CheckpointError`."""
    path = folder / "config.json"
    if not path.is_file():
        raise CheckpointError(f"{path}: missing; --model takes a Hugging Face checkpoint folder")
    try:
        return json.loads(path.read_bytes()).get("model_type")
    except (ValueError, AttributeError) as error:
        raise CheckpointError(f"{path}: not a JSON object ({error})") from None


def unusable(path: Path, kind: object, error: Exception) -> CheckpointError:
    """What to say, in one line, of a config.json that describes no such thing, as `error` has it."""
    named = error if isinstance(error, msgspec.ValidationError) else f"{type(error).__name__}: {error}"
    reason = " ".join(f"{named}".split()).replace("$.", "")
    return CheckpointError(f"{path}: does not describe a {kind} ({reason}); restore it as it was published")


def read_infill_config(folder: Path, chats: bool = False) -> InfillConfig:
    """`infill.json` of a checkpoint folder; raises `CheckpointError` naming the bad field."""
    model_type = read_model_type(folder)
    kind = MaskedInfillConfig if model_type in MASKED_TYPES else InfillConfig
    kind = CausalInfillConfig if model_type == CAUSAL_TYPE else kind
    path = folder / "infill.json"
    defaults = FOR_CHAT if chats else {}
    if not path.is_file():
        return kind(name=name_of(folder), **defaults)
    try:
        stated = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        return msgspec.convert(defaults | stated, kind)
    except msgspec.DecodeError as error:
        raise CheckpointError(f"{path}: {error}") from None
