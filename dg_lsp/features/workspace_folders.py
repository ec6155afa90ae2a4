"""`workspace/didChangeWorkspaceFolders`: ignore rules are read up to these folders, and context only inside them."""

from __future__ import annotations

from lsprotocol import types

from dg_lsp.session.session import Session
from dg_lsp.session.trust import folder_of


def did_change_workspace_folders(session: Session, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Follow the workspace's folders."""
    removed = {folder_of(folder.uri) for folder in params.event.removed}
    added = [folder_of(folder.uri) for folder in params.event.added]
    kept = [path for path in session.folders if path not in removed]
    session.set_folders(kept + [path for path in added if path])
