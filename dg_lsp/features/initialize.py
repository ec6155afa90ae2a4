"""`initialize`: the position encoding, the settings, the workspace's folders and what the client can do."""

from __future__ import annotations

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder

from dg_lsp.documents.positions import Encoding
from dg_lsp.rpc.processes import runs
from dg_lsp.session.client_features import ClientFeatures
from dg_lsp.session.session import Session
from dg_lsp.session.trust import folder_of
from dg_lsp.settings import read_settings

_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}


def initialize(session: Session, params: types.InitializeParams) -> None:
    """Take over what the client says; pygls answers with the capabilities."""
    chosen = ServerCapabilitiesBuilder.choose_position_encoding(params.capabilities)
    session.documents.encoding = _ENCODINGS.get(str(getattr(chosen, "value", chosen)), "utf-16")
    session.client = ClientFeatures(params.capabilities)
    if params.process_id is not None and runs(params.process_id):  # else: an editor in another container
        session.client_process_id = params.process_id
    session.options = params.initialization_options
    session.settings, session.setting_problems = read_settings(session.options)
    session.usage.on = session.settings.stats
    session.set_folders([path for uri in session.server.rpc.folder_uris if (path := folder_of(uri))])
