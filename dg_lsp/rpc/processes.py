"""Whether another process is alive; nothing about why anybody wants to know."""

from __future__ import annotations

import os


def runs(process_id: int) -> bool:
    """Return True when a process with this id can be seen from here; never on systems without signals."""
    if os.name != "posix" or process_id <= 0:
        return False
    try:
        os.kill(process_id, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is there, but not ours
        return True
    return True
