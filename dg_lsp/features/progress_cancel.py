"""`window/workDoneProgress/cancel`: the user cancels a rewrite, or the fetch of a model, from its progress bar."""

from __future__ import annotations

from lsprotocol import types

from dg_lsp.session.session import Session


def cancel_progress(session: Session, params: types.WorkDoneProgressCancelParams) -> None:
    """Answer the rewrite of this progress token at once, with the reason `cancelled`; or end the fetch."""
    if params.token == session.fetch_token:
        session.default_model.cancel()
    uri = session.rewrites.get(params.token)
    if uri is not None:
        session.dispatcher.supersede((uri, "rewrite"), "cancelled")
