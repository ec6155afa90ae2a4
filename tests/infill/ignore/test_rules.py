"""Which files may be read, by the ignore files of real trees and real repositories."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from infill.ignore.rules import IgnoreRules
from tests.infill.ignore.test_gitignore import git
from tests.infill.ignore.trees import posix, rule, write

ROOT = Path(__file__).parents[3]


# .gitignore and .dgignore


def test_the_last_word_is_that_of_dgignore(repo: Path) -> None:
    files = {".gitignore": "*.log\n/gen/\n", ".dgignore": "own.py\n!keep.log\n!/gen/kept.py\n"}
    write(repo, files)
    assert rule(repo, "a.py") == "+"
    assert rule(repo, "a.log") == "- *.log .gitignore:1"
    assert rule(repo, "keep.log") == "+ !keep.log .dgignore:2"
    assert rule(repo, "sub/own.py") == "- own.py .dgignore:1"
    assert rule(repo, "gen/kept.py") == "+ !/gen/kept.py .dgignore:3"
    assert rule(repo, "gen/other.py") == "- /gen/ .gitignore:2"


def test_a_folder_that_dgignore_takes_back_is_still_judged_inside(repo: Path) -> None:
    write(repo, {".gitignore": "gen/\n*.log\n", ".dgignore": "!gen/\n"})
    assert rule(repo, "gen/a.py") == "+ !gen/ .dgignore:1"
    assert rule(repo, "gen/a.log") == "- *.log .gitignore:2"


def test_below_a_folder_that_dgignore_rules_out_nothing_comes_back(repo: Path) -> None:
    write(repo, {".dgignore": "private/\n!private/a.py\n", "private/.dgignore": "!a.py\n"})
    assert rule(repo, "private/a.py") == "- private/ .dgignore:1"


def test_nested_files_name_themselves(repo: Path) -> None:
    write(repo, {"a/b/.gitignore": "x.py\n", "a/.dgignore": "\n!b/x.py\n", "a/b/c/.dgignore": "x.*\n"})
    assert rule(repo, "a/b/x.py") == "+ !b/x.py a/.dgignore:2"
    assert rule(repo, "a/b/c/x.py") == "- x.* a/b/c/.dgignore:1"


def test_in_an_untrusted_workspace_dgignore_only_ignores_more(repo: Path) -> None:
    write(repo, {".gitignore": "*.log\ngen/\n", ".dgignore": "*.py\n!keep.py\n!a.log\n!gen/\n"})
    wary = IgnoreRules(trusted=False)
    assert rule(repo, "a.py", wary) == "- *.py .dgignore:1"
    assert rule(repo, "keep.py", wary) == "+"  # what it takes back of its own
    assert rule(repo, "a.log", wary) == "- *.log .gitignore:1"
    assert rule(repo, "gen/keep.py", wary) == "- gen/ .gitignore:2"
    assert rule(repo, "a.log") == "+ !a.log .dgignore:3"


def test_a_tracked_file_follows_the_ignore_file_all_the_same(repo: Path) -> None:
    write(repo, {"a.py": "", ".gitignore": "a.py\n"})
    git(repo, "add", "-f", "a.py")
    assert rule(repo, "a.py") == "- a.py .gitignore:1"


# Where rules are looked for


def test_the_repository_ends_the_search(tmp_path: Path, repo: Path) -> None:
    write(tmp_path, {".gitignore": "*.py\n", ".dgignore": "*.py\n"})
    assert rule(repo, "src/a.py") == "+"
    (tmp_path / "empty" / ".git").mkdir(parents=True)  # no repository to git either
    assert rule(tmp_path, "empty/a.py", IgnoreRules([tmp_path])) == "- *.py .dgignore:1"


def test_without_a_repository_the_workspace_counts_and_without_one_the_folder(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "*.py\n", "a/b/.gitignore": "z.py\n"})
    assert rule(tmp_path, "a/b/x.py") == "+"
    assert rule(tmp_path, "a/b/z.py") == "- z.py .gitignore:1"
    assert rule(tmp_path, "a/b/x.py", IgnoreRules([tmp_path])) == "- *.py .gitignore:1"
    assert rule(tmp_path, "a/b/x.py", IgnoreRules([tmp_path / "a", tmp_path])) == "- *.py .gitignore:1"
    assert rule(tmp_path, "a/b/x.py", IgnoreRules([tmp_path / "a" / "b" / "c", tmp_path / "c"])) == "+"


def test_a_workspace_around_repositories_has_a_say_through_dgignore_only(tmp_path: Path, repo: Path) -> None:
    write(tmp_path, {".dgignore": "private.py\n", ".gitignore": "*.py\n"})
    rules = IgnoreRules([tmp_path])
    assert rule(repo, "private.py", rules) == "- private.py .dgignore:1"
    assert rule(repo, "a.py", rules) == "+"


def test_rules_that_are_not_committed_count_in_work_trees_too(repo: Path) -> None:
    write(repo, {".git/info/exclude": "mine.py\n", "a.py": ""})
    git(repo, "add", "a.py")
    git(repo, "commit", "-qm", "a")
    git(repo, "worktree", "add", "-q", "../tree")
    assert rule(repo, "mine.py") == "- mine.py .git/info/exclude:1"
    assert rule(repo, "../tree/mine.py") == f"- mine.py {repo}/.git/info/exclude:1"
    assert rule(repo, "../tree/a.py") == "+"
    git(repo, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo), "sub")
    (repo / ".git/modules/sub/info/exclude").write_text("sub.py\n")
    assert rule(repo, "sub/sub.py").startswith("- sub.py ")
    assert rule(repo, "sub/mine.py") == "+"


# Links


@posix
def test_a_link_and_what_it_leads_to_are_both_judged(tmp_path: Path, repo: Path) -> None:
    write(repo, {".gitignore": "hidden.py\nlocal\nmiddle.py\n", "hidden.py": "", "seen.py": "", ".env": ""})
    write(tmp_path, {"else/a.py": ""})
    for link, target in {
        "to_hidden.py": "hidden.py",
        "sub": ".",
        "local": tmp_path / "else",
        "to_env.py": ".env",
        "middle.py": "seen.py",
        "to_middle.py": "middle.py",
        "to_seen.py": "seen.py",
        "up/down.py": "../to_hidden.py",
        ".env.local": "seen.py",
    }.items():
        (repo / link).parent.mkdir(exist_ok=True)
        (repo / link).symlink_to(target)
    assert rule(repo, "to_hidden.py") == rule(repo, "up/down.py") == "- hidden.py .gitignore:1"
    assert rule(repo, "sub/hidden.py") == "- hidden.py .gitignore:1"
    assert rule(repo, "local/a.py") == "- local .gitignore:2"
    assert rule(repo, "to_env.py") == "- *.env built-in secret files"
    assert rule(repo, ".env.local") == "- .env* built-in secret files"
    assert rule(repo, "to_middle.py") == "- middle.py .gitignore:3"
    assert rule(repo, "to_seen.py") == rule(repo, "sub/seen.py") == rule(repo, "sub/sub/../seen.py") == "+"


@posix
def test_a_repository_behind_a_link_does_not_hide_the_rule_about_the_link(tmp_path: Path, repo: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    write(repo, {".gitignore": "vendored/\n"})
    (repo / "vendored").symlink_to(other)
    assert rule(repo, "vendored/a.py") == "- vendored/ .gitignore:1"
    assert rule(other, "a.py") == "+"


@posix
def test_a_secret_folder_may_be_a_link(tmp_path: Path) -> None:
    write(tmp_path, {"keys/deploy.py": ""})
    (tmp_path / ".ssh").symlink_to("keys")
    assert rule(tmp_path, ".ssh/deploy.py") == "- **/.ssh/ built-in secret files"
    assert rule(tmp_path, "keys/deploy.py") == "+"


@posix
def test_links_that_lead_round_in_a_circle_are_a_no(repo: Path) -> None:
    (repo / "a.py").symlink_to("b.py")
    (repo / "b.py").symlink_to("a.py")
    assert rule(repo, "a.py").startswith("- its links lead round in a circle")


def test_the_rules_import_nothing_heavy() -> None:
    code = "import sys, infill.ignore.rules; print([m for m in ('tree_sitter', 'numpy', 'pygls') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"
