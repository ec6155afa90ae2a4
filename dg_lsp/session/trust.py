"""From a document's URI to whether its text may be used: the rules about its file, none where there is no file.

A text that no file holds yet has nobody's rules to obey, only its name can give it away. A scheme that we do not
know to be a file of this machine is refused (`git:`, `ssh:`, an archive's member): its rules are out of sight.
"""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from urllib.parse import unquote

from pygls.uris import to_fs_path

from infill.ignore.rules import SECRET_FILES, IgnoreRules, Verdict
from infill.ignore.secret_files import secret_rule

_NOTEBOOK_CELL = "vscode-notebook-cell"  # has the path of its notebook, and which cell as a fragment
_HOST = re.compile(r"//[^/]*(?=/)")
_NOT_A_FILE = Verdict(True, "not a file yet", "untitled:")


def judge_document(uri: str, rules: IgnoreRules) -> Verdict:
    """Return the verdict about a document; its `source` is the scheme where no file is judged."""
    scheme, _, rest = uri.partition(":")
    scheme = scheme.lower()
    if scheme == "file" and not rest.strip("/"):  # what Neovim calls a buffer without a name
        return _NOT_A_FILE
    if scheme == "untitled" and not rest.startswith("/"):
        rule = secret_rule(PurePosixPath("/" + unquote(rest)))
        return Verdict(False, rule, SECRET_FILES) if rule else _NOT_A_FILE
    if scheme not in ("file", "untitled", _NOTEBOOK_CELL):
        return Verdict(False, "not known to be a file of this machine", f"{scheme}:")
    path = _path_of(_on_remote_host(rest.partition("#")[0]) if scheme == _NOTEBOOK_CELL else rest)
    if path is None:
        return Verdict(False, "not a path of this machine", f"{scheme}:")
    return rules.judge(path)


def judge_cell(uri: str, notebook: str, rules: IgnoreRules) -> Verdict:
    """Return the verdict about a notebook's cell: the notebook's, and that of the path in its own URI, if any.

    Where the notebook is a file of this machine, a host in the cell's URI is the editor's name for this machine.
    """
    verdict = judge_document(notebook, rules)
    scheme, _, rest = uri.partition(":")
    has_path = scheme.lower() in ("file", _NOTEBOOK_CELL) and rest.startswith("/")
    if not verdict.allowed or not has_path:
        return verdict
    if scheme.lower() == _NOTEBOOK_CELL and rest.startswith("//"):
        uri = f"{scheme}:{_HOST.sub('', rest)}"
    return judge_document(uri, rules)


def folder_of(uri: str | None) -> str | None:
    """Return the path of a workspace's folder, however it is spelled; None for one that is not of this machine."""
    path = path_of(uri or "")
    return None if path is None else os.path.normpath(path)


def path_of(uri: str) -> str | None:
    """Return the path of a document's file; None where it has none on this machine."""
    scheme, _, rest = uri.partition(":")
    return _path_of(rest) if scheme.lower() == "file" else None


def _on_remote_host(rest: str) -> str:
    """Return what follows a cell's scheme without VS Code's name for a remote host, such as `wsl+debian`.

    The server runs on that host. VS Code calls its files `file:`, but leaves the host in the URIs of cells.
    """
    host = _HOST.match(rest)
    return rest[host.end() :] if host and "+" in unquote(host[0]) else rest


def _path_of(rest: str) -> str | None:
    """Return the path that follows a URI's scheme; None where it is another machine's or not UTF-8."""
    rest = rest.replace("?", "%3F").replace("#", "%23")  # a client that forgot to means them as part of the name
    if rest.lower().startswith("//localhost/"):
        rest = rest[len("//localhost") :]
    try:
        path = to_fs_path(f"file:{rest}")
    except ValueError:
        return None
    if path is None or "\ufffd" in path or "\0" in path or not os.path.isabs(path):
        return None
    return path if os.name == "nt" or not path.startswith("//") else None
