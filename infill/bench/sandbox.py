"""Runs an untrusted Python program in a process of its own, with limits on time and memory and without network.

For benchmarks that judge a fill by whether a test passes. Limits are the kernel's (processor time, address
space, file sizes, processes); the network is gone with a namespace of its own where the kernel allows that,
and an audit hook refuses sockets and new processes in any case.
"""

from __future__ import annotations

import functools
import resource
import shutil
import subprocess
import sys
import tempfile

SECONDS = 5
MEMORY_BYTES = 1 << 30
_GUARD = """\
import sys
def _refuse(event, _arguments):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.fork", "os.system", "ctypes.")):
        raise PermissionError(f"not allowed here: {event}")
sys.addaudithook(_refuse)
del _refuse
"""


def passes(program: str) -> tuple[bool, str]:
    """Return whether the program ends without error, and else its last line of output or the limit that it hit."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [*_without_network(), sys.executable, "-I", "-B", "-"],
                input=_GUARD + program,
                cwd=folder,
                env={},
                capture_output=True,
                text=True,
                timeout=SECONDS * 2,  # sleeping takes no processor time
                preexec_fn=_limit,
            )
        except subprocess.TimeoutExpired:
            return False, "time limit"
    last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
    return done.returncode == 0, "" if done.returncode == 0 else last[0][:200]


def _limit() -> None:
    for limit, value in (
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 1 << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


@functools.cache
def _without_network() -> tuple[str, ...]:
    """Return the command prefix that removes the network; empty where the kernel does not permit that."""
    command = ("unshare", "--user", "--net")
    if shutil.which(command[0]) and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
        return command
    return ()
