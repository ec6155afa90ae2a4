"""DiffusionGemma's class without its vision tower, which is neither read nor kept.

The class insists on building one, so it is given the smallest there is, which is dropped.
"""

from __future__ import annotations

import copy

from transformers import (
    DiffusionGemmaConfig,
    DiffusionGemmaForBlockDiffusion,
    Gemma4VisionConfig,
)


def smallest_vision_config() -> Gemma4VisionConfig:
    """A vision tower of a few numbers, only there because the class builds one."""
    return Gemma4VisionConfig(
        hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, num_key_value_heads=1,
        head_dim=8, position_embedding_size=8,
    )  # fmt: skip


class TextOnlyDiffusionGemma(DiffusionGemmaForBlockDiffusion):
    """The class without its vision tower."""

    _keys_to_ignore_on_load_unexpected = [r"vision_tower", r"embed_vision"]  # noqa: RUF012, the base's type

    def __init__(self, config: DiffusionGemmaConfig) -> None:
        config = copy.deepcopy(config)
        config.vision_config = smallest_vision_config()
        super().__init__(config)
        del self.model.encoder.vision_tower
        del self.model.encoder.embed_vision
