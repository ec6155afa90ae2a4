"""The project's formatter, where one is configured: a changed file that it had formatted is formatted again.

A file that the formatter would have changed before is left as the model wrote it, or lines would change that nobody
asked for. Only programs that are on the path are run.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

AUTO, NONE = "auto", "none"
_LIMIT_S = 60.0
_PRETTIER = (".prettierrc", ".prettierrc.json", ".prettierrc.yml", ".prettierrc.yaml", ".prettierrc.toml")
_PRETTIER_CODE = ("prettier.config.js", "prettier.config.mjs", "prettier.config.cjs")


class Formatter:
    """Formats texts of a tree as the setting says: `auto`, `none`, or a command that reads standard input.

    `{path}` in a command stands for the file's path.
    """

    def __init__(self, root: str, setting: str, note: Callable[[str], None]) -> None:
        self._root, self._setting, self._note = Path(root), setting, note
        self._commands: dict[str, tuple[str, ...] | None] = {}
        self._formatted: dict[tuple[str, str], str | None] = {}
        self._told: set[str] = set()

    def finished(self, path: str, language: str, before: str, after: str) -> str:
        """Return the new text of a file, formatted where the old one was."""
        if before == after:
            return after
        command = self._command(language)
        if command is None or self._format(command, path, before) != before:
            return after
        return self._format(command, path, after) or after

    def _command(self, language: str) -> tuple[str, ...] | None:
        if self._setting == NONE:
            return None
        if self._setting != AUTO:
            return tuple(shlex.split(self._setting))
        if language not in self._commands:
            self._commands[language] = self._configured(language)
        return self._commands[language]

    def _configured(self, language: str) -> tuple[str, ...] | None:
        """Return the command of the formatter that the project has set up for a language, if it can be run."""
        for row in _KNOWN:
            if language in row.languages and row.is_used(self._root):
                if shutil.which(row.command[0]):
                    return row.command
                self._say(f"{row.command[0]} formats this project, but is not on the path: changes stay as written")
        return None

    def _format(self, command: tuple[str, ...], path: str, text: str) -> str | None:
        """Return the text as the formatter writes it; None where it fails."""
        if (path, text) not in self._formatted:
            self._formatted[path, text] = self._run([word.replace("{path}", path) for word in command], path, text)
        return self._formatted[path, text]

    def _run(self, argv: list[str], path: str, text: str) -> str | None:
        try:
            done = subprocess.run(
                argv, cwd=self._root, input=text.encode(), capture_output=True, timeout=_LIMIT_S, check=True
            )
            return done.stdout.decode()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._say(f"{argv[0]}: cannot format {path} ({type(error).__name__})")
            return None

    def _say(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._note(text)


class _Known(msgspec.Struct, frozen=True):
    command: tuple[str, ...]
    languages: frozenset[str]
    is_used: Callable[[Path], bool]


def _tools(root: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads((root / "pyproject.toml").read_text("utf-8")).get("tool", {})
    except (OSError, ValueError):
        return {}


def _has(*names: str) -> Callable[[Path], bool]:
    return lambda root: any((root / name).is_file() for name in names)


def _ruff(root: Path) -> bool:
    return "ruff" in _tools(root) or _has("ruff.toml", ".ruff.toml")(root)


_SCRIPTS = frozenset({"javascript", "typescript", "tsx", "css", "html", "json"})
_KNOWN = (
    _Known(("black", "-q", "--stdin-filename", "{path}", "-"), frozenset({"python"}), lambda r: "black" in _tools(r)),
    _Known(("ruff", "format", "--stdin-filename", "{path}", "-"), frozenset({"python"}), _ruff),
    _Known(("prettier", "--stdin-filepath", "{path}"), _SCRIPTS, _has(*_PRETTIER, *_PRETTIER_CODE)),
    _Known(("gofmt",), frozenset({"go"}), _has("go.mod")),
    _Known(("rustfmt", "--edition", "2021"), frozenset({"rust"}), _has("Cargo.toml")),
    _Known(("clang-format", "--assume-filename", "{path}"), frozenset({"c", "cpp"}), _has(".clang-format")),
)
