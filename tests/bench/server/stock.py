"""A server of pygls as it comes, which answers every inline completion with nothing: what ours is compared with."""

from __future__ import annotations

import logging

from lsprotocol import types
from pygls.lsp.server import LanguageServer

logging.disable(logging.CRITICAL)
server = LanguageServer("stock", "1")


@server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
async def inline_completion(params: types.InlineCompletionParams) -> types.InlineCompletionList:
    return types.InlineCompletionList(items=[])


if __name__ == "__main__":
    server.start_io()
