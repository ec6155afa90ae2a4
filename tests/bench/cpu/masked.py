"""How a step fares where the processor could do less: instruction sets hidden from the libraries.

Each library has its own variable; a level sets them all. ONNX Runtime has none: of its rows only NumPy's share
(sampler, soft embeddings) can change.
"""

from __future__ import annotations

import msgspec

# NumPy's names of what it chooses at run time; it ignores, with a warning, those that it does not know.
NUMPY_AVX512 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4"


class Level(msgspec.Struct, frozen=True):
    """Which instruction set is left, what the processor must have to show it, and the settings for it."""

    name: str
    needs: str
    settings: dict[str, str]


def level(name: str, needs: str, aten: str, onednn: str, openblas: str, numpy_without: str) -> Level:
    """One level in every library's words."""
    settings = {"ATEN_CPU_CAPABILITY": aten, "ONEDNN_MAX_CPU_ISA": onednn, "OPENBLAS_CORETYPE": openblas}
    return Level(name, needs, settings | ({"NPY_DISABLE_CPU_FEATURES": numpy_without} if numpy_without else {}))


AS_IS = Level("all it has", "", {})
LEVELS = (
    AS_IS,
    level("AVX-512 with VNNI and bfloat16", "avx512_bf16", "avx512", "AVX512_CORE_BF16", "Cooperlake", ""),
    level("AVX-512 with VNNI", "avx512_vnni", "avx512", "AVX512_CORE_VNNI", "SkylakeX", ""),
    level("AVX-512", "avx512f", "avx512", "AVX512_CORE", "SkylakeX", ""),
    level("AVX2 with VNNI", "avx_vnni", "avx2", "AVX2_VNNI", "Haswell", NUMPY_AVX512),
    level("AVX2", "avx2", "avx2", "AVX2", "Haswell", NUMPY_AVX512),
    level("SSE4.1", "sse4_1", "default", "SSE41", "Nehalem", f"{NUMPY_AVX512} AVX2 FMA3 X86_V3"),
)
HONOURED = {
    "torch": "ATEN_CPU_CAPABILITY, ONEDNN_MAX_CPU_ISA (its MKL products follow neither)",
    "ort-int8": "none; OPENBLAS_CORETYPE and NPY_DISABLE_CPU_FEATURES for NumPy's share",
    "openvino-float32": "ONEDNN_MAX_CPU_ISA",
}
