"""Where engines are found: a folder that only this user can enter, and who is at the other end of a socket.

The folder is `$DG_LSP_RUNTIME_DIR`, or `dg-lsp` in the user's runtime folder. Whatever about it cannot be
trusted is an `EngineUnavailable` with the remedy; then the model opens in the server's own process.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import struct
import sys
import tempfile
from pathlib import Path

from dg_lsp.user_folders import VARIABLE, home, state_folder

MAX_SOCKET_BYTES = 100  # the path of a socket may have 107 bytes on Linux, 103 on macOS
_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1  # macOS and BSD; the socket module does not name them


class EngineUnavailable(Exception):
    """No engine can be reached or started; the message says why and what to do."""


def supported() -> bool:
    """Return True where processes can share a model: sockets with paths, and locks that end with their process."""
    return os.name == "posix" and hasattr(socket, "AF_UNIX") and bool(sys.executable)


def folder() -> Path:
    """Return the folder of the sockets, made and checked; raises `EngineUnavailable`."""
    try:
        chosen = _wanted_folder()
    except OSError as error:  # the working folder was deleted, or no folder for temporary files can be written
        raise EngineUnavailable(f"no folder for sockets: {error.strerror}; {_REMEDY}") from error
    longest = len(os.fsencode(chosen)) + len("/engine-0123456789abcdef.sock")
    if longest > MAX_SOCKET_BYTES:  # a socket's name is short by law: same folder, another name
        chosen = Path("/tmp", f"dg-lsp-{os.geteuid()}-{hashlib.sha256(os.fsencode(chosen)).hexdigest()[:8]}")
    try:
        chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_private(chosen)
    except OSError as error:
        raise EngineUnavailable(f"cannot use the folder {chosen}: {error.strerror}; {_REMEDY}") from error
    return chosen


_REMEDY = f"set {VARIABLE} to a folder of your own"


def _wanted_folder() -> Path:
    if given := os.environ.get(VARIABLE):
        return Path(given).absolute()
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and os.path.isdir(runtime):
        return Path(runtime, "dg-lsp")
    if os.access(usual := f"/run/user/{os.geteuid()}", os.W_OK):
        return Path(usual, "dg-lsp")
    return Path(tempfile.gettempdir(), f"dg-lsp-{os.geteuid()}")


def _check_private(path: Path) -> None:
    """Refuse a folder that is not ours alone, or whose parent lets others put another in its place."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise EngineUnavailable(f"{path} is not a folder; {_REMEDY}")
    if found.st_uid != os.geteuid():
        raise EngineUnavailable(f"{path} belongs to another user; {_REMEDY}")
    if found.st_mode & 0o022:
        raise EngineUnavailable(f"other users may write to {path}; chmod 700 it or {_REMEDY}")
    above = path.parent.stat()
    if above.st_mode & 0o022 and not (above.st_mode & stat.S_ISVTX and above.st_uid in (0, os.geteuid())):
        raise EngineUnavailable(f"other users may replace {path}; {_REMEDY}")
    if found.st_mode & 0o077:
        path.chmod(0o700)


def socket_path(digest: str) -> Path:
    """Return where the engine of this identity listens."""
    return folder() / f"engine-{digest}.sock"


def socket_paths() -> list[Path]:
    """Return the sockets that are there, dead ones too."""
    return sorted(folder().glob("engine-*.sock"))


def log_path() -> Path:
    """Return the engines' log file; its folder may not be there. Raises OSError for a user without a home."""
    if sys.platform == "darwin" and not os.environ.get(VARIABLE):
        return home() / "Library" / "Logs" / "dg-lsp" / "engine.log"
    return state_folder() / "engine.log"


def where_log_is() -> str:
    """Return the end of a sentence about an engine that failed."""
    try:
        return f"its log is {log_path()}"
    except OSError as error:
        return f"it has no log: {error}"


def peer_uid(connection: socket.socket) -> int:
    """Return the user id of the process at the other end; raises `EngineUnavailable` where none can be had."""
    if sys.platform == "linux":
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", credentials)[1]
    if sys.platform == "darwin" or "bsd" in sys.platform:
        # struct xucred: version, uid, number of groups, 16 groups
        credentials = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, struct.calcsize("2Ih16I"))
        return struct.unpack_from("2I", credentials)[1]
    raise EngineUnavailable("this system does not say who is at the other end of a socket")


def is_ours(connection: socket.socket) -> bool:
    """Return True when the process at the other end is this user's."""
    return peer_uid(connection) == os.geteuid()
