"""Weights in groups of 64 columns with a scale each: packed, and back.

int4: a byte of a group holds column j in its low and column j + 32 in its high half, each plus 8, so that a
kernel reads two runs of 32 columns that lie side by side. The number farthest from zero becomes -8, the one
code that has no opposite, as llama.cpp's Q4_0 does: all sixteen codes are used. fp8 is e4m3 with a scale for
64 x 64 numbers. Scales are rounded first, so that what is stored is the nearest to what is read back.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.weights.formats import FORMATS, GROUP, Format, Quant

HALF = GROUP // 2
FP8_MAX = 448.0  # of float8_e4m3fn
AT_ONCE = 1 << 25  # numbers that are packed at once: their float32 copies take 128 MiB each


@dataclass(frozen=True)
class Packed:
    """A weight [..., rows, columns] in a format; `codes` and `scales` lie on one device.

    int4: codes uint8 [..., rows, columns/2], scales bfloat16 [..., rows, columns/64].
    int8: codes int8 [..., rows, columns], scales bfloat16 [..., rows, columns/64].
    fp8: codes float8_e4m3fn [..., rows, columns], scales float32 [..., rows/64 rounded up, columns/64].
    """

    format: Format
    codes: Tensor
    scales: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the weight."""
        return (*self.codes.shape[:-1], self.scales.shape[-1] * GROUP)

    @property
    def n_bytes(self) -> int:
        """What it takes."""
        return self.codes.nbytes + self.scales.nbytes

    def __getitem__(self, index: int | Tensor) -> Packed:
        """Some of the first axis: an expert [rows, columns], or rows [n, columns] of an embedding.

        The rows of a weight in fp8 cannot be taken apart: its scales are of 64 rows.
        """
        return Packed(self.format, self.codes[index], self.scales[index])

    def unpacked(self, dtype: torch.dtype) -> Tensor:
        """The weight [..., rows, columns] again, as far as the format keeps it; computed in float32."""
        codes, scales = self.codes, self.scales.float()
        if self.format.name == "int4":
            grouped = codes.unflatten(-1, (-1, HALF)).to(torch.int16)
            numbers = torch.cat((grouped & 15, grouped >> 4), dim=-1).float() - 8
        else:
            numbers = codes.float().unflatten(-1, (-1, GROUP))
        if self.format.scale_rows > 1:
            scales = scales.repeat_interleave(self.format.scale_rows, -2)[..., : codes.shape[-2], :]
        return (numbers * scales[..., None]).flatten(-2).to(dtype)


def packed(weight: Tensor, quant: Quant) -> Packed:
    """A weight [..., rows, columns] in a quantized format, made where it lies; columns are a multiple of 64."""
    if weight.shape[-1] % GROUP:
        raise ValueError(f"{tuple(weight.shape)} cannot be split into groups of {GROUP} columns")
    pack = {"int4": _int4, "int8": _int8, "fp8": _fp8}[quant]
    *batch, n_rows, n_columns = weight.shape
    n_at_once = max(1, AT_ONCE // n_columns // GROUP) * GROUP
    matrices = weight.reshape(-1, n_rows, n_columns)
    pieces = [pack(piece.float()) for matrix in matrices for piece in matrix.split(n_at_once)]
    codes, scales = (torch.cat(part).unflatten(0, (*batch, -1)) for part in zip(*pieces, strict=True))
    return Packed(FORMATS[quant], codes, scales)


def _int4(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Codes [n, columns/2] and scales [n, columns/64] of some rows [n, columns], as `Packed` lays them out."""
    grouped = weight.unflatten(-1, (-1, GROUP))
    farthest = grouped.gather(-1, grouped.abs().argmax(-1, keepdim=True))
    scales = (farthest / -8).to(torch.bfloat16)
    codes = (grouped / _divisor(scales)).round().clamp(-8, 7).add(8).to(torch.uint8)
    return (codes[..., :HALF] | codes[..., HALF:] << 4).flatten(-2), scales[..., 0]


def _int8(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The same in int8: codes [n, columns], scales [n, columns/64]."""
    grouped = weight.unflatten(-1, (-1, GROUP))
    scales = (grouped.abs().amax(-1, keepdim=True) / 127).to(torch.bfloat16)
    codes = (grouped / _divisor(scales)).round().clamp(-127, 127).to(torch.int8)
    return codes.flatten(-2), scales[..., 0]


def _fp8(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The same in fp8: codes [n, columns], scales [n/64 rounded up, columns/64]."""
    n_rows = weight.shape[-2]
    whole = torch.nn.functional.pad(weight, (0, 0, 0, -n_rows % GROUP))
    blocks = whole.unflatten(-1, (-1, GROUP)).unflatten(-3, (-1, GROUP))  # [rows/64, 64, columns/64, 64]
    scales = blocks.abs().amax((1, 3), keepdim=True) / FP8_MAX
    codes = (blocks / _divisor(scales)).clamp(-FP8_MAX, FP8_MAX).to(torch.float8_e4m3fn)
    return codes.flatten(2).flatten(0, 1)[:n_rows], scales[:, 0, :, 0]


def _divisor(scales: Tensor) -> Tensor:
    """The scales [...] in float32; a group of zeros is divided by one."""
    scales = scales.float()
    return torch.where(scales == 0, 1.0, scales)
