"""Ignore files against git itself: the same trees, the same rules, the same deciding line."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill.ignore.gitignore import BrokenPattern, deciding, parse_ignore_file
from infill.ignore.rules import IgnoreRules

NAMES = ["a", "b", "ab", "abc", "c.py", "x]", "-", "a b", "[a", "!b", "#c", "B", " a", "a\\b", "a^"]
FOLDERS = ["", "a", "a/b", "a/ab", "b", "b/a", "b/abc", "b/a/b", "ab", "ab/a"]
SEGMENTS = [
    *(
        "a",
        "b",
        "ab",
        "*",
        "?",
        "a*",
        "*b",
        "**",
        "***",
        "c.py",
        "*.py",
        "a?b",
        "*a*b*",
        "**a",
        "a**",
        " a",
        "#c",
        "!b",
    ),
    *("[ab]", "[!a]", "[^a-b]*", "[]x]*", "[b-a]", "[+-0]", "[a/b]", "[!]]", "[a-]", "[^^]*", "[a-c-z]", "[!/]"),
    *("[[:alpha:]]", "[[:upper:]b]", "[a-[:alpha:]]", "[\\]x]*", "[\\a-c]", "[[a]", "[^]-a]", "[[:a]"),
    *("\\a", "a\\ b", "\\!b", "\\#c", "\\*", "\\[a", "a\\/b"),
]
patterns = st.builds(
    lambda bang, slash, segments, end: bang + slash + "/".join(segments) + end,
    st.sampled_from(["", "", "", "!"]),
    st.sampled_from(["", "", "", "/"]),
    st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "  ", "\r", "\\ ", "/ "]),
)
ignore_files = st.dictionaries(
    st.sampled_from(FOLDERS), st.lists(patterns | st.sampled_from(["", "  ", "#", "/", "!"]), max_size=5), max_size=3
)


def git(folder: Path, *arguments: str, text: str = "") -> str:
    """Run git with the settings that the environment names, none of the system's."""
    nobody = {"GIT_CONFIG_NOSYSTEM": "1"}
    who = {f"GIT_{role}_{what}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-c", "core.ignoreCase=false", *arguments]
    run = subprocess.run(command, cwd=folder, input=text.encode(), capture_output=True, env=os.environ | nobody | who)
    assert run.returncode in (0, 1), run.stderr.decode()
    return run.stdout.decode()


def deciding_lines(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """What git ignores of these paths, with the file and line that decided."""
    fields = git(folder, "check-ignore", "--no-index", "-v", "-z", "--stdin", text="\0".join(paths)).split("\0")
    found = zip(fields[0::4], fields[1::4], fields[2::4], fields[3::4], strict=False)
    return {path: f"{source}:{line}" for source, line, pattern, path in found if not pattern.startswith("!")}


def our_lines(folder: Path, paths: Iterable[str], rules: IgnoreRules) -> dict[str, str]:
    verdicts = {path: rules.judge(folder / path) for path in paths}
    return {path: verdict.source for path, verdict in verdicts.items() if not verdict.allowed}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], IgnoreRules]:
    root = tmp_path_factory.mktemp("tree")
    git(root, "init", "-q")
    for folder in FOLDERS:
        (root / folder).mkdir(exist_ok=True)
    paths = [f"{folder}/{name}".lstrip("/") for folder in FOLDERS for name in NAMES]
    files = [path for path in paths if path not in FOLDERS]
    for file in files:
        (root / file).touch()
    return root, files, IgnoreRules()


def write(root: Path, lines: dict[str, list[str]]) -> None:
    for folder in FOLDERS:
        path = root / folder / ".gitignore"
        path.unlink(missing_ok=True)
        if folder in lines:
            path.write_bytes("\n".join(lines[folder]).encode())


@settings(max_examples=60, deadline=None)
@given(lines=ignore_files, exclude=st.lists(patterns, max_size=2))
def test_the_deciding_line_is_gits(
    tree: tuple[Path, list[str], IgnoreRules], lines: dict[str, list[str]], exclude: list[str]
) -> None:
    root, files, rules = tree
    write(root, lines)
    (root / ".git" / "info" / "exclude").write_text("\n".join(exclude))
    assert our_lines(root, files, rules) == deciding_lines(root, files)


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        (["build", "!keep.py"], []),  # nothing comes back below an ignored folder
        (["build/*", "!build/keep.py"], ["build/keep.py"]),
        (["build/**", "!build/keep.py"], ["build/keep.py"]),  # the folder itself is not meant
        (["*", "!*/", "!*.py"], ["build/a.py", "build/keep.py", "build/x/a.py"]),
        (["[[:lower:]].py"], ["build/keep.py", "build/a.txt"]),
        (["b**/a.py"], ["build/keep.py", "build/a.txt"]),
    ],
)
def test_cases_that_a_library_had_wrong(tmp_path: Path, rules: list[str], allowed: list[str]) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "build" / "x").mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("\n".join(rules))
    files = ["build/a.py", "build/keep.py", "build/a.txt", "build/x/a.py"]
    ours = our_lines(tmp_path, files, IgnoreRules())
    assert ours == deciding_lines(tmp_path, files)
    assert [file for file in files if file not in ours] == allowed


EVERYWHERE = {f"{at}/{name}": f"*.{name}\n" for at, name in (("xdg/git", "ignore"), ("home", "own"), ("repo", "other"))}


@pytest.mark.parametrize(
    ("ignored", "settings_files"),
    [
        ("ignore", {}),
        ("own", {"home/.gitconfig": "[core]\n\texcludesFile = ~/own\n"}),
        ("own", {"xdg/git/config": "[core]\n\texcludesFile = ~/own\n"}),
        (
            "other",
            {"xdg/git/config": "[core]excludesfile=~/own", "home/.gitconfig": "[CORE]\r\n EXCLUDESFILE=other # c\r\n"},
        ),
        (
            "other",
            {"home/.gitconfig": "[core]\n\texcludesFile = ~/own\n", "repo/.git/config": "[core] excludesFile = other"},
        ),
        ("", {"home/.gitconfig": "[core]\n\texcludesFile = ~/own\n", "repo/.git/config": "[core]\nexcludesFile =\n"}),
        (
            "ignore",
            {"home/.gitconfig": '[core "a"]\nexcludesFile = other\n[core.a]\nexcludesFile = other\n'},
        ),
        ("own", {"home/.gitconfig": '\ufeff; c\n[core]\n  ; excludesFile = x\n excludesFile = "~/o"w\\\nn  ; c\n'}),
        (
            "other",
            {"home/.gitconfig": '[alias]\n x = "[core]; \\"\\n" \\\n excludesFile = x\n[core] excludesFile = "other"'},
        ),
        ("", {"home/.gitconfig": "[core]\nexcludesFile = ~/own\nexcludesFile = ~/none\n[user]\nname = Jos\udce9\n"}),
        ("py", {"home/.gitconfig": "[core]\nexcludesFile = ~/own\n", "repo/.gitignore": "!a.own\n!a.ignore\n*.py"}),
    ],
)
@pytest.mark.parametrize("xdg", ["xdg", ""])
def test_the_users_own_rules_are_gits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ignored: str, settings_files: dict[str, str], xdg: str
) -> None:
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", xdg and str(tmp_path / xdg))
    repository = tmp_path / "repo"
    repository.mkdir()
    git(repository, "init", "-q")
    for name, text in (EVERYWHERE | settings_files).items():
        path = tmp_path / (name if xdg else name.replace("xdg", "home/.config"))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            stream.write(text)
    files = ["a.ignore", "a.own", "a.other", "a.py"]
    ours = our_lines(repository, files, IgnoreRules())
    assert ours == deciding_lines(repository, files)
    assert list(ours) == ([f"a.{ignored}"] if ignored else [])


def test_the_users_own_rules_change_without_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_file = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings_file))
    git(tmp_path, "init", "-q")
    (tmp_path / "rules").write_text("a.py")
    rules = IgnoreRules()
    assert rules.judge(tmp_path / "a.py").allowed
    settings_file.write_text("[core]\nexcludesFile = rules\n")
    assert rules.judge(tmp_path / "a.py").source == "rules:1"
    settings_file.write_text("[core]\nexcludesFile = none\n")
    assert rules.judge(tmp_path / "a.py").allowed


@pytest.mark.parametrize("broken", ["[", "a[", "[a", "[!", "[]", "[!]", "[[:alpha:]", "[[:foo:]]", "a\\", "[\\", "[a-"])
def test_a_pattern_that_nothing_can_match_is_named_by_its_line(broken: str) -> None:
    with pytest.raises(BrokenPattern) as raised:
        parse_ignore_file(f"# first\n*.log\n{broken}\n")
    assert (raised.value.line, str(raised.value)) == (3, broken)


def test_line_ends_marks_and_comments() -> None:
    text = "\ufeff*.a\r\n\r\n# c\n\\#d\n  \n!e/\nf \\ \n/\n!\n"
    assert [(p.line, p.text, p.negated, p.folder_only) for p in parse_ignore_file(text)] == [
        (1, "*.a", False, False),
        (4, "\\#d", False, False),
        (6, "!e/", True, True),
        (7, "f \\ ", False, False),
    ]


def test_case_counts_unless_told_otherwise() -> None:
    assert deciding(parse_ignore_file("*.Log"), "a.log", False) is None
    assert deciding(parse_ignore_file("*.Log", ignore_case=True), "a.LOG", False) is not None


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 40 + "b", "a" * 250),
        ("*[ab]" * 40 + "c", "ab" * 120),
        ("/".join(["**/a"] * 40) + "/b", "/".join(["a"] * 1000)),
        ("/".join(["**/*a*"] * 40) + "/b", "/".join(["aaa"] * 1000)),
        ("**/*/*/*/*/*/*/*/b", "/".join(["a"] * 2000)),
        ("*" * 2000 + "a", "b" * 250),
    ],
)
def test_no_pattern_runs_away(pattern: str, path: str) -> None:
    (compiled,) = parse_ignore_file(pattern)
    started = time.process_time()
    assert not compiled.matches(path, False)
    assert time.process_time() - started < 1  # milliseconds; with backtracking: longer than anybody waits
