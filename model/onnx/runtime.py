"""ONNX Runtime, imported here and nowhere else, with its telemetry off.

Left to itself the library writes a device id and a queue of events below the user's home, and looks up a host of its
maker's. It reads this variable when it is imported, so the variable is set before.
"""

from __future__ import annotations

import os

TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY"
os.environ[TELEMETRY_OFF] = "1"

import onnxruntime as ort  # noqa: E402
from onnxruntime.capi.onnxruntime_pybind11_state import Fail  # noqa: E402

__all__ = ["Fail", "ort"]
