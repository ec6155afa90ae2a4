"""Reads git's setting `core.excludesFile`, the user's own ignore file, from the text of a git configuration file.

Included files (`include.path`) are not followed.
"""

from __future__ import annotations

import os
import re

# A header, a setting, or both on one line; a backslash at a line's end continues the value.
_VALUE = r'(?:[^"\\#;\n]|\\(?:.|\n)|"(?:[^"\\\n]|\\(?:.|\n))*")*'
_LINE = re.compile(
    rf'[ \t]*(?:\[(?P<section>[^\]"\s]*)[ \t]*(?P<part>"(?:[^"\\\n]|\\.)*")?\])?'
    rf"[ \t]*(?:(?P<key>[A-Za-z][A-Za-z0-9-]*)[ \t]*(?:=(?P<value>{_VALUE}))?)?[^\n]*\n?"
)
_MARK = re.compile(r'\\(.|\n)|"')
_ESCAPED = {"n": "\n", "t": "\t", "b": "\b", "\n": ""}


def excludes_file(text: str) -> str | None:
    """Return the path that the text sets, the last one if there are several; None where it sets none."""
    found = None
    in_core = False
    for line in _LINE.finditer(text.removeprefix("\ufeff").replace("\r\n", "\n")):
        if line["section"] is not None:
            in_core = line["section"].lower() == "core" and line["part"] is None
        if in_core and (line["key"] or "").lower() == "excludesfile" and line["value"] is not None:
            plain = _MARK.sub(lambda mark: _ESCAPED.get(mark[1], mark[1]) if mark[1] else "", line["value"].strip())
            found = os.path.expanduser(plain)
    return found


def user_files() -> list[str]:
    """Return the paths of the user's own settings; the last one takes precedence."""
    if given := os.environ.get("GIT_CONFIG_GLOBAL"):
        return [given]
    return [_in_settings_folder("config"), os.path.expanduser("~/.gitconfig")]


def default_excludes_file() -> str:
    """Return the path that git uses where none is set."""
    return _in_settings_folder("ignore")


def _in_settings_folder(name: str) -> str:
    return os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "git", name)
