"""Weights in whole numbers: in blocks of 32 that share a scale, or with one scale for each output.

Blocks are as ONNX Runtime's MatMulNBits reads them. Eight bits are symmetric and lose nothing of a file in GGUF's
Q8_0. Four bits reach from -8 to 7, so the number that is largest by its size decides the sign of the scale and is kept
exactly. With one scale for each output, weights take seven bits of the eight: on processors without VNNI two products
are added in sixteen bits, which eight by eight can overflow.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from model.causal.config import BLOCK
from model.diffusion.sampler import Floats

COLUMN_MAX = 63  # seven bits and a sign

Codes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


class Blocks(NamedTuple):
    """A matrix of R rows and K columns in `bits` bits."""

    codes: Codes  # [R, K / 32, 4 * bits], lower half first in four bits
    scales: Floats  # [R, K / 32]


def to_blocks(weight: Floats, bits: int) -> Blocks:
    """A matrix [R, K] rounded to the nearest; K is a multiple of 32."""
    parts = weight.reshape(len(weight), -1, BLOCK)
    middle = 1 << (bits - 1)
    if bits == 8:
        scales = np.abs(parts).max(-1) / np.float32(middle - 1)
    else:
        largest = np.take_along_axis(parts, np.abs(parts).argmax(-1)[..., None], -1)[..., 0]
        scales = largest / np.float32(-middle)
    safe = np.where(scales == 0, np.float32(1), scales)
    codes = np.clip(np.rint(parts / safe[..., None]) + middle, 0, 2 * middle - 1).astype(np.uint8)
    if bits == 4:
        codes = codes[..., 0::2] | np.left_shift(codes[..., 1::2], np.uint8(4))
    return Blocks(codes, scales.astype(np.float32))


def from_blocks(blocks: Blocks) -> Floats:
    """The matrix [R, K] that blocks stand for."""
    codes, scales = blocks
    if codes.shape[-1] < BLOCK:
        codes = np.stack((codes & 15, codes >> 4), axis=-1).reshape(*codes.shape[:-1], BLOCK)
        middle = 8
    else:
        middle = 128
    parts = (codes.astype(np.float32) - np.float32(middle)) * scales[..., None]
    return cast("Floats", parts.reshape(len(codes), codes.shape[1] * BLOCK))


def to_columns(weight: Floats) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int8]], Floats]:
    """A matrix [R, K] as codes [K, R] and scales [R]."""
    scales = np.maximum(np.abs(weight).max(1), np.float32(1e-8)) / np.float32(COLUMN_MAX)
    codes = np.rint(weight / scales[:, None]).astype(np.int8)
    return np.ascontiguousarray(codes.T), scales
