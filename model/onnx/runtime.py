"""ONNX Runtime, imported here and nowhere else, with its telemetry off.

Left to itself the library writes a device id and a queue of events below the user's home, and looks up a host of its
maker's. It reads this variable when it is imported, so the variable is set before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from model.types import CancelToken

TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY"
os.environ[TELEMETRY_OFF] = "1"

import onnxruntime as ort  # noqa: E402
from onnxruntime.capi.onnxruntime_pybind11_state import Fail  # noqa: E402

__all__ = ["interruptible", "ort"]


@contextmanager
def interruptible(cancel: CancelToken) -> Iterator[ort.RunOptions]:
    """Options of passes that `cancel` ends from another thread; the block then ends with the pass, without an error."""
    options = ort.RunOptions()  # its own: one that ended a pass ends every later one
    options.log_severity_level = 4  # ending a pass is no error
    cancel.on_cancel(lambda: setattr(options, "terminate", True))
    try:
        yield options
    except Fail:
        if not options.terminate:
            raise
