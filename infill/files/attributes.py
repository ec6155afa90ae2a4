"""What a file has beside its bytes and its mode, and what replacing it would lose."""

from __future__ import annotations

import errno
import os
from pathlib import Path

# Checksums and signatures of the bytes: wrong for others, and the system writes them anew.
_OF_THE_BYTES = frozenset(("security.ima", "security.evm"))
_NONE = frozenset((errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL))


def n_names(path: Path) -> int:
    """Return how many names (hard links) the file has."""
    return os.stat(path).st_nlink


def copy_attributes(source: Path, target: Path) -> None:
    """Give `target` the extended attributes of `source`, access lists among them. Linux only.

    Raises OSError that names the first attribute that cannot be kept.
    """
    if not hasattr(os, "listxattr"):
        return
    wanted, present = _attributes(source), _attributes(target)
    for name, value in wanted.items():
        if name in _OF_THE_BYTES or present.get(name) == value:
            continue
        try:
            os.setxattr(target, name, value)
        except OSError as error:
            raise OSError(error.errno, f"its extended attribute {name} cannot be kept: {error.strerror}") from None


def _attributes(path: Path) -> dict[str, bytes]:
    try:
        return {name: os.getxattr(path, name) for name in os.listxattr(path)}
    except OSError as error:
        if error.errno in _NONE:
            return {}
        raise
