"""Which weight format fits a device. Arithmetic only, no torch: what the device has is told."""

from __future__ import annotations

import msgspec

from model.types import CheckpointError, Quant
from model.weights.formats import BF16_BYTES, Sized, part_bytes, resident_bytes, total

CONTEXT, CANVAS = 4096, 256  # tokens that must fit beside the weights
ROOM = 0.94  # of the device's free memory; the rest is the runtime's own
FP8_CAPABILITY = (8, 9)
CPU = "cpu"


class Device(msgspec.Struct, frozen=True):
    """What a format's choice depends on."""

    name: str  # as torch has it
    title: str  # as people know it
    free_bytes: int
    all_bytes: int
    capability: tuple[int, int] | None = None  # of a CUDA device

    @property
    def number_bytes(self) -> int:
        """Of a number that is not quantized: float32 on a CPU, bfloat16 elsewhere."""
        return 4 if self.name == CPU else BF16_BYTES

    @property
    def knows_fp8(self) -> bool:
        """Whether its products know the format; a CPU unpacks any."""
        return self.name == CPU or (self.capability is not None and self.capability >= FP8_CAPABILITY)


def needed_bytes(model: Sized, quant: Quant, device: Device) -> int:
    """What the weights, a prompt and a canvas take there."""
    return total(resident_bytes(model, quant, CONTEXT, CANVAS, number_bytes=device.number_bytes))


def fits(model: Sized, quant: Quant, device: Device) -> bool:
    """Whether there is memory for it now."""
    return needed_bytes(model, quant, device) <= ROOM * device.free_bytes


def fitting(model: Sized, device: Device) -> Quant | None:
    """The least lossy format that fits; None where none does."""
    eight: Quant = "fp8" if device.name != CPU and device.knows_fp8 else "int8"
    choices: tuple[Quant, ...] = ("bf16", eight, "int4")
    return next((quant for quant in choices if fits(model, quant, device)), None)


def chosen_quant(model: Sized, device: Device, wish: Quant | None, name: str) -> Quant:
    """The wished format if the device can have it, else the least lossy one that fits; raises `CheckpointError`."""
    if wish == "fp8" and not device.knows_fp8:
        has = "none" if device.capability is None else ".".join(map(str, device.capability))
        least = ".".join(map(str, FP8_CAPABILITY))
        raise CheckpointError(
            f"{name}: fp8 needs a GPU of compute capability {least}, {device.title} has {has}; --quant int8 or int4"
        )
    found = fitting(model, device)
    if wish is not None:  # only the weights must fit: people know best how long their prompts are
        weights = total(part_bytes(model.shapes, wish, number_bytes=device.number_bytes))
        if weights <= device.free_bytes:
            return wish
        instead = f"--quant {found} fits" if found else "int4 needs less, and does not fit either"
        raise CheckpointError(_too_large(name, weights, wish, device, instead))
    if found is None:
        remedy = "close what else uses it, or take a smaller model"
        raise CheckpointError(_too_large(name, needed_bytes(model, "int4", device), "int4", device, remedy))
    return found


def _too_large(name: str, n_bytes: int, quant: Quant, device: Device, remedy: str) -> str:
    free = ROOM * device.free_bytes
    return f"{name}: needs {n_bytes / 1e9:.1f} GB on {device.title} in {quant}, {free / 1e9:.1f} GB are free; {remedy}"
