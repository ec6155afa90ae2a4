"""Starts scripted servers by forking a process that has imported what they need: the imports take most of a start.

`python -m tests.e2e.fork_server FD` reads requests from a socket that it inherits, until that is closed. A request is
JSON (arguments and environment) with four file descriptors: the server's standard streams, and a pipe to which the
server's process id is written, and its exit code when it has ended.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from typing import NoReturn

from dg_lsp.rpc.lean_types import import_types

import_types()

from dg_lsp.app import server, transport  # noqa: E402, F401
from tests.scripted_server import serve  # noqa: E402

MAX_BYTES = 1 << 20


def main(requests: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the processes that wait for the servers
    while True:
        data, fds, _, _ = socket.recv_fds(requests, MAX_BYTES, 4)
        if not data:
            return
        if os.fork() == 0:
            requests.close()
            _start_and_wait(json.loads(data), fds)
        for fd in fds:
            os.close(fd)


def _start_and_wait(request: dict, fds: list[int]) -> NoReturn:
    """Be the parent of one server, and tell what becomes of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, told = fds
    process_id = os.fork()
    if process_id == 0:
        _be_the_server(request, streams, told)
    for fd in streams:
        os.close(fd)
    os.write(told, b"%d\n" % process_id)
    _, status = os.waitpid(process_id, 0)
    os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _be_the_server(request: dict, streams: list[int], told: int) -> NoReturn:
    os.close(told)
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
        os.close(fd)
    os.environ.clear()
    os.environ.update(request["environment"])
    code = 1
    try:
        serve(request["arguments"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
