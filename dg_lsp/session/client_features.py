"""What the client said that it can do, as far as we care."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lsprotocol import types


class ClientFeatures:
    """The client's capabilities as flags, read once from its first message."""

    def __init__(self, capabilities: types.ClientCapabilities) -> None:
        window, workspace = capabilities.window, capabilities.workspace
        self.progress = bool(window and window.work_done_progress)
        self.asks_the_user = bool(window and window.show_message is not None)
        edit = workspace.workspace_edit if workspace else None
        self.document_changes = bool(edit and edit.document_changes)
        self.annotates_edits = bool(edit and edit.change_annotation_support)
        self.applies_edits = bool(workspace and workspace.apply_edit)
        document = capabilities.text_document
        action = document.code_action if document else None
        resolve = action.resolve_support if action else None
        self.resolves_edits = bool(resolve and "edit" in resolve.properties)
        self.has_configuration = bool(workspace and workspace.configuration)
        changes = workspace.did_change_configuration if workspace else None
        self.registers_configuration = bool(changes and changes.dynamic_registration)
        self.asks_how = _says(capabilities.experimental, "dgLsp", "rewriteSelection")  # has the command of that name
        self.refreshes = _says(capabilities.experimental, "dgLsp", "refresh")  # asks again when it is told to
        self.inline_completion = bool(document and document.inline_completion is not None)
        entry = document.completion.completion_item if document and document.completion else None
        formats = entry.documentation_format if entry else None
        self.shows_markdown = types.MarkupKind.Markdown in (formats or ())


def _says(capabilities: object, *path: str) -> bool:
    """Whether a capability that is not the protocol's own is there and true, by the names that lead to it."""
    for name in path:
        if isinstance(capabilities, Mapping):
            capabilities = cast("Mapping[str, object]", capabilities).get(name)
        else:
            capabilities = getattr(capabilities, name, None)
    return capabilities is True
