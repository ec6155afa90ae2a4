"""Other work on the machine: processes that do nothing but spin.

They end with the block, and by themselves soon after the process that wanted them is gone, however it went.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

# Looks for its parent about every tenth of a second; says when it has begun.
SPIN = """
import os, sys
parent = int(sys.argv[1])
print("spinning", flush=True)
while os.getppid() == parent:
    for _ in range(2_000_000):
        pass
"""


@contextmanager
def busy(n: int) -> Generator[list[int]]:
    """Keep `n` cores busy with a process each; gives their ids."""
    children: list[subprocess.Popen[str]] = []
    try:
        for _ in range(n):
            command = [sys.executable, "-S", "-c", SPIN, str(os.getpid())]
            children.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        yield [child.pid for child in children]
    finally:
        for child in children:
            child.kill()
        for child in children:
            child.wait()
            if child.stdout is not None:
                child.stdout.close()
