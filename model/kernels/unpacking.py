"""Codes of packed weights into numbers, in registers. They stay unscaled: small whole numbers, or fp8's own.

For bfloat16 in instructions of ours, for other types in Triton's words, which its interpreter runs too.
"""

# pyright: reportAssignmentType=false, reportArgumentType=false, reportGeneralTypeIssues=false
# What a kernel is written in is Triton's language, whose types its stubs get wrong.
from __future__ import annotations

import triton
import triton.language as tl

# Four bytes of codes into bfloat16, two to a register. Left to itself the compiler takes twice the steps, or
# conversions that Hopper does at an eighth of its speed. In all three `prmt` gives each byte sixteen bits of its own.
# int4: 0x4300 is 128, whose last bit counts one: with a half put below it, it is 136 more than the code.
UNPACK_INT4 = tl.constexpr("""{
    .reg .b32 front, back, one, less;
    mov.b32 one, 0x3F803F80;
    mov.b32 less, 0xC308C308;
    prmt.b32 front, $4, 0, 0x4140;
    prmt.b32 back, $4, 0, 0x4342;
    lop3.b32 $0, front, 0x000F000F, 0x43004300, 0xEA;
    lop3.b32 $1, back, 0x000F000F, 0x43004300, 0xEA;
    shr.b32 front, front, 4;
    shr.b32 back, back, 4;
    lop3.b32 $2, front, 0x000F000F, 0x43004300, 0xEA;
    lop3.b32 $3, back, 0x000F000F, 0x43004300, 0xEA;
    fma.rn.bf16x2 $0, $0, one, less;
    fma.rn.bf16x2 $1, $1, one, less;
    fma.rn.bf16x2 $2, $2, one, less;
    fma.rn.bf16x2 $3, $3, one, less;
}""")
# int8: 128 and the low seven bits, less 128, or less 256 where the sign bit is set.
UNPACK_INT8 = tl.constexpr("""{
    .reg .b32 front, back, front_less, back_less, minus;
    mov.b32 minus, 0xBF80BF80;
    prmt.b32 front, $2, 0, 0x4140;
    prmt.b32 back, $2, 0, 0x4342;
    lop3.b32 front_less, front, 0x00800080, 0x43004300, 0xEA;
    lop3.b32 back_less, back, 0x00800080, 0x43004300, 0xEA;
    lop3.b32 front, front, 0x007F007F, 0x43004300, 0xEA;
    lop3.b32 back, back, 0x007F007F, 0x43004300, 0xEA;
    fma.rn.bf16x2 $0, front_less, minus, front;
    fma.rn.bf16x2 $1, back_less, minus, back;
}""")
# fp8: exponent and mantissa, moved to where bfloat16 has them, are a number 2^120 times too small.
UNPACK_FP8 = tl.constexpr("""{
    .reg .b32 front, back, front_sign, back_sign, large, zero;
    mov.b32 large, 0x7B807B80;
    mov.b32 zero, 0x80008000;
    prmt.b32 front, $2, 0, 0x1404;
    prmt.b32 back, $2, 0, 0x3424;
    and.b32 front_sign, front, 0x80008000;
    and.b32 back_sign, back, 0x80008000;
    shr.b32 front, front, 4;
    shr.b32 back, back, 4;
    lop3.b32 front, front, 0x07F007F0, front_sign, 0xEA;
    lop3.b32 back, back, 0x07F007F0, back_sign, 0xEA;
    fma.rn.bf16x2 $0, front, large, zero;
    fma.rn.bf16x2 $1, back, large, zero;
}""")


@triton.jit
def _bytes(at, FORMAT: tl.constexpr, dtype: tl.constexpr):
    """Codes [rows, 32] of a byte each as numbers."""
    codes = tl.load(at)
    if dtype == tl.bfloat16:
        ASM: tl.constexpr = UNPACK_FP8 if FORMAT == "fp8" else UNPACK_INT8
        numbers = tl.inline_asm_elementwise(ASM, "=&r,=&r,r", [codes], tl.bfloat16, is_pure=True, pack=4)
    elif FORMAT == "fp8":
        numbers = codes.to(tl.float8e4nv, bitcast=True).to(dtype)
    else:
        numbers = codes.to(dtype)
    return numbers


@triton.jit
def unpacked(at, FORMAT: tl.constexpr, dtype: tl.constexpr):
    """A group's codes as numbers: columns 0 to 31 and 32 to 63 of some rows, [rows, 32] each."""
    if FORMAT == "int4":
        both = tl.load(at)
        if dtype == tl.bfloat16:
            low, high = tl.inline_asm_elementwise(
                UNPACK_INT4, "=&r,=&r,=&r,=&r,r", [both], (tl.bfloat16, tl.bfloat16), is_pure=True, pack=4
            )
        else:
            low, high = (both & 15).to(dtype) - 8, (both >> 4).to(dtype) - 8
    else:
        low, high = _bytes(at, FORMAT, dtype), _bytes(at + 32, FORMAT, dtype)
    return low, high
