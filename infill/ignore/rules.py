"""Which files may be read at all: secret files, `.gitignore` and `.dgignore` decide. In doubt, a file is ignored.

A file that git tracks although an ignore file names it is ignored here: the ignore files count, not git's
index. `.dgignore` comes last and can permit (`!`) what `.gitignore` excludes, but not a secret file. For a link,
both its own path and its target must be permitted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from infill.ignore.gitignore import Pattern, deciding
from infill.ignore.rule_files import Entry, RuleFile, Scope, Unusable, entries, is_settled, read_patterns, scope_of
from infill.ignore.secret_files import secret_rule

SECRET_FILES = "built-in secret files"
_MAX_KEPT = 1000


class Verdict(msgspec.Struct, frozen=True):
    """Whether a file may be read, and the rule that decides: a pattern, or why the rules cannot be read.

    `source` is a file and line, or `SECRET_FILES`; both are empty where no rule applies to the file.
    """

    allowed: bool
    rule: str = ""
    source: str = ""


class IgnoreRules:
    """Judges paths; its caches of ignore files and verdicts are checked against the disk each time."""

    def __init__(self, workspace: Sequence[str | Path] = (), *, trusted: bool = True) -> None:
        """Take the workspace's folders, whose rules count outside of repositories; untrusted ones permit nothing."""
        self._workspace = [find(folder) for folder in workspace for find in (os.path.realpath, os.path.abspath)]
        self._trusted = trusted
        self._patterns: dict[RuleFile, tuple[Pattern, ...]] = {}
        self._verdicts: dict[str, tuple[list[Scope], Verdict]] = {}

    @classmethod
    def here(cls) -> IgnoreRules:
        """Return rules with the working folder as the workspace, or with none when that folder was deleted."""
        try:
            return cls([os.getcwd()])
        except OSError:
            return cls()

    def judge(self, path: str | Path) -> Verdict:
        """Return the verdict about one file, which need not exist."""
        name = str(path)
        try:
            scopes = [scope_of(entry, self._workspace) for entry in entries(name)]
            kept = self._verdicts.get(name)
            if kept is not None and kept[0] == scopes:
                return kept[1]
            verdict = self._judge(name, scopes)
        except Unusable as error:
            return Verdict(False, error.rule, error.source)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            cause = error.strerror if isinstance(error, OSError) else str(error)
            return Verdict(False, f"cannot be looked at ({cause})", name)
        if all(is_settled(file) for scope in scopes for file in scope.git + scope.own):
            if len(self._verdicts) >= _MAX_KEPT:
                self._verdicts.clear()
            self._verdicts[name] = scopes, verdict
        return verdict

    def _judge(self, name: str, scopes: list[Scope]) -> Verdict:
        for path in (os.path.abspath(name), *(scope.entry.path for scope in scopes)):
            rule = secret_rule(PurePosixPath(_slashed(path)))
            if rule is not None:
                return Verdict(False, rule, SECRET_FILES)
        verdicts = [self._judge_scope(scope) for scope in scopes]
        return next((verdict for verdict in verdicts if not verdict.allowed), verdicts[-1])

    def _judge_scope(self, scope: Scope) -> Verdict:
        """Judge from the outermost folder to the entry, as git does: everything below an ignored folder is ignored."""
        ignoring: Verdict | None = None
        allowing = Verdict(True)
        files = {file: self._read(file) for file in scope.own + scope.git}  # one that cannot be read ignores everything
        for step in _steps(scope):
            own = _hit(scope.own, files, step, scope.base)
            if own is not None and not own.allowed:
                return own
            if own is not None and self._trusted:
                ignoring, allowing = None, own
                continue
            git = None if ignoring else _hit(scope.git, files, step, scope.base)
            if git is not None and git.allowed:
                allowing = git
            elif git is not None:
                ignoring = git
        return ignoring or allowing

    def _read(self, file: RuleFile) -> tuple[Pattern, ...]:
        patterns = self._patterns.get(file)
        if patterns is None:
            patterns = read_patterns(file)
            if is_settled(file):
                self._patterns = {other: kept for other, kept in self._patterns.items() if other.path != file.path}
                self._patterns[file] = patterns
        return patterns


def _steps(scope: Scope) -> Iterator[Entry]:
    """Yield the folders between the base and the entry, outermost first, then the entry."""
    below = scope.entry.path[len(scope.base) :].strip(os.sep).split(os.sep)
    for end in range(1, len(below)):
        yield Entry(os.path.join(scope.base, *below[:end]), True)
    yield scope.entry


def _hit(
    rule_files: Sequence[RuleFile], patterns: dict[RuleFile, tuple[Pattern, ...]], step: Entry, base: str
) -> Verdict | None:
    """Return the rule of the nearest ignore file that applies to one folder or file; None where none does."""
    for file in rule_files:
        inside = file.folder.rstrip(os.sep) + os.sep
        if not step.path.startswith(inside):
            continue
        found = deciding(patterns[file], _slashed(step.path[len(inside) :]), step.is_folder)
        if found is not None:
            return Verdict(found.negated, found.text, f"{_shown(file.path, base)}:{found.line}")
    return None


def _shown(path: str, base: str) -> str:
    """Return the path relative to the base; absolute outside of it, as for a work tree's exclude file."""
    inside = base.rstrip(os.sep) + os.sep
    return _slashed(path[len(inside) :]) if path.startswith(inside) else path


def _slashed(path: str) -> str:
    return os.path.splitdrive(path)[1].replace(os.sep, "/")
