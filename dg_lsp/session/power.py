"""Whether the machine runs on its battery; asked at most twice a minute."""

from __future__ import annotations

import functools
import time

_KEEP_S = 30.0


def on_battery() -> bool:
    """Return True when there is a battery and nothing charges it."""
    return _on_battery(int(time.monotonic() / _KEEP_S))


@functools.lru_cache(maxsize=1)
def _on_battery(_period: int) -> bool:
    import psutil  # only where the setting asks for it

    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return battery is not None and battery.power_plugged is False
