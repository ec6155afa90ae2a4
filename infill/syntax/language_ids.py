"""Language ids as editors send them: what a dotted one means. Loads no grammar."""

from __future__ import annotations

# Names that Vim gave to one language before language ids were agreed on; their first part is another language.
_WHOLE = {"javascript.jsx": "javascriptreact", "typescript.tsx": "typescriptreact"}


def plain_id(language_id: str) -> str:
    """Return the id of the language itself: `python` for `python.django`, which says what the file is used for."""
    return _WHOLE.get(language_id) or language_id.partition(".")[0]
