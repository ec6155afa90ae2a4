"""The assembly that unpacks codes, followed instruction by instruction for every byte, which no interpreter does."""

from __future__ import annotations

import re

import pytest
import torch

from model.kernels.unpacking import UNPACK_FP8, UNPACK_INT4, UNPACK_INT8


def halves(register: int) -> torch.Tensor:
    """The two bfloat16 numbers of a register."""
    return torch.tensor([register & 0xFFFF, register >> 16]).to(torch.uint16).view(torch.bfloat16)


def fma(a: int, b: int, c: int) -> int:
    product = halves(a).double() * halves(b).double() + halves(c).double()
    low, high = product.to(torch.bfloat16).view(torch.uint16).tolist()
    return low | high << 16


def prmt(a: int, b: int, selector: int) -> int:
    eight = (a | b << 32).to_bytes(8, "little")
    return int.from_bytes(bytes(eight[selector >> 4 * i & 7] for i in range(4)), "little")


def lop3(a: int, b: int, c: int, table: int) -> int:
    assert table == 0xEA  # and, then or
    return a & b | c


INSTRUCTIONS = {"mov": lambda a: a, "and": lambda a, b: a & b, "shr": lambda a, b: a >> b,
                "fma": fma, "prmt": prmt, "lop3": lop3}  # fmt: skip


def followed(assembly: str, n_outputs: int, codes: list[int]) -> list[float]:
    """The numbers that come out for four bytes, all of one output after all of the one before."""
    registers = {f"${n_outputs}": int.from_bytes(bytes(codes), "little")}
    for name, target, rest in re.findall(r"^\s*([a-z]\w*)\.\S+ (\$?\w+), (.+);$", assembly, re.MULTILINE):
        values = [registers[word] if word in registers else int(word, 0) for word in rest.split(", ")]
        registers[target] = INSTRUCTIONS[name](*values)
    return torch.cat([halves(registers[f"${i}"]) for i in range(n_outputs)]).float().tolist()


@pytest.mark.parametrize("first", range(4))
def test_every_byte_becomes_its_number(first: int) -> None:
    for base in range(0, 256, 4):
        codes = [(base + (first + i) % 4 * 65) % 256 for i in range(4)]
        as_bytes = torch.tensor(codes, dtype=torch.uint8)
        low, high = [c % 16 - 8 for c in codes], [c // 16 - 8 for c in codes]
        assert followed(UNPACK_INT4.value, 4, codes) == low + high
        assert followed(UNPACK_INT8.value, 2, codes) == as_bytes.view(torch.int8).tolist()
        numbers = as_bytes.view(torch.float8_e4m3fn).float()
        assert followed(UNPACK_FP8.value, 2, torch.where(numbers.isnan(), 0, as_bytes).tolist()) == [
            0 if c & 127 == 127 else number for c, number in zip(codes, numbers.tolist(), strict=True)
        ]
