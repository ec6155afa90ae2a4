"""Which files may be read: real trees, real repositories, and every doubt is a no."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infill.ignore.rule_files import MAX_BYTES, RuleFile, is_settled
from infill.ignore.rules import SECRET_FILES, IgnoreRules, Verdict
from tests.infill.conftest import CODE, Run
from tests.infill.ignore.test_gitignore import git

ROOT = Path(__file__).parents[3]
SETTLED_S = 0.15  # after which an ignore file's answers are kept

SECRETS = """
    .env .env.local .env.production .ENV .envrc prod.env deploy/.env server.pem tls.key id_rsa id_rsa.bak
    id_ed25519 cert.p12 cert.pfx release.keystore debug.jks passwords.kdbx .netrc .npmrc .pypirc
    .git-credentials .htpasswd credentials credentials.json credentials.yml.enc aws_credentials.json
    secrets.yaml secrets.json Secrets.toml secrets prod-secrets.yml db-secret.yaml secrets.sh kubeconfig
    dev.kubeconfig terraform.tfstate terraform.tfstate.backup .aws/credentials .aws/config .ssh/config
    .ssh/id_rsa.pub .ssh/keys/deploy.py .gnupg/a .docker/config.json service-account-prod.json
    client_secret_1.json vault.yml .git/config prod.tfvars key.ppk
"""

NO_SECRETS = """
    .env.example .env.sample .env.template example.env .env.schema credentials.py credentials_test.go secrets.py
    secrets.ts secret.rs my_secrets.rb secrets/vault.py .env/lib/site.py token.py keys.py environment.py
    id_rsa.pub id_rsa_parser.py secrets.example.yaml config.json settings.py tokens.json secrets.md
    .aws/task.json .github/workflows/a.yml pem.py keystore.java kubeconfig.go secretary.yaml
"""

posix = pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository in a folder of its own."""
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q")
    return root


def rule(root: Path, name: str, rules: IgnoreRules | None = None) -> str:
    """`+` or `-`, then the rule and where it stands."""
    verdict = (rules or IgnoreRules()).judge(root / name)
    return f"{'+' if verdict.allowed else '-'} {verdict.rule} {verdict.source}".rstrip()


# Secret files


@pytest.mark.parametrize("name", SECRETS.split())
def test_secret_files_are_refused(tmp_path: Path, name: str) -> None:
    verdict = IgnoreRules().judge(tmp_path / name)
    assert (verdict.allowed, verdict.source) == (False, SECRET_FILES)
    assert verdict.rule


@pytest.mark.parametrize("name", NO_SECRETS.split())
def test_source_and_templates_are_not_taken_for_secrets(tmp_path: Path, name: str) -> None:
    assert IgnoreRules().judge(tmp_path / name) == Verdict(True)


def test_no_ignore_file_takes_a_secret_back(repo: Path) -> None:
    write(repo, {".dgignore": "!.env\n!*\n", ".gitignore": "!.env\n", ".env": ""})
    assert rule(repo, ".env") == "- *.env built-in secret files"


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


# Every doubt is a no


BROKEN = {
    "not UTF-8": (b"caf\xe9\n", "is not UTF-8"),
    "UTF-16, as PowerShell writes it": ("*.log\n".encode("utf-16"), "is not UTF-8"),
    "NUL": (b"a\0b\n", "is not text"),
    "broken pattern": (b"*.log\nsrc/[a\n", "broken pattern src/[a"),
    "too large": (b"#" * (MAX_BYTES + 1), f"makes for more than {MAX_BYTES} bytes of ignore files"),
}


@pytest.mark.parametrize(("data", "reason"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("name", [".gitignore", "sub/.gitignore", ".dgignore", ".git/info/exclude"])
def test_an_ignore_file_that_cannot_be_understood_is_a_no(repo: Path, name: str, data: bytes, reason: str) -> None:
    write(repo, {name: ""})
    rules = IgnoreRules()
    assert rule(repo, "sub/a.py", rules) == "+"
    (repo / name).write_bytes(data)
    verdict = rules.judge(repo / "sub" / "a.py")
    assert (verdict.allowed, verdict.rule) == (False, reason)
    assert verdict.source == f"{repo / name}{':2' if 'pattern' in reason else ''}"
    (repo / name).unlink()
    assert rule(repo, "sub/a.py", rules) == "+"


def test_many_ignore_files_may_not_be_too_large_together(repo: Path) -> None:
    write(repo, {".gitignore": "#" * (MAX_BYTES // 2), "a/.dgignore": "#" * (MAX_BYTES // 2), ".git/info/exclude": ""})
    assert rule(repo, "a/a.py") == "+"
    write(repo, {"a/b/.gitignore": "##"})
    assert rule(repo, "a/a.py") == "+"
    assert rule(repo, "a/b/a.py").startswith("- makes for more than")


@posix
def test_an_ignore_file_that_is_no_file_is_a_no(repo: Path) -> None:
    path = repo / ".dgignore"
    path.mkdir()
    assert rule(repo, "a.py") == f"- is not a file {path}"
    path.rmdir()
    os.mkfifo(path)  # which would be waited for
    assert rule(repo, "a.py") == f"- is not a file {path}"
    path.unlink()
    path.symlink_to("nowhere")
    assert rule(repo, "a.py") == f"- is a link that leads nowhere (No such file or directory) {path}"
    path.unlink()
    path.symlink_to(".dgignore")
    assert rule(repo, "a.py").startswith("- is a link that leads nowhere (Too many levels")


def test_a_git_link_that_is_none_is_a_no(tmp_path: Path) -> None:
    write(tmp_path, {"repo/.git": "hello\n"})
    assert rule(tmp_path, "repo/a.py") == f"- is no link to a git folder {tmp_path}/repo/.git"


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of the superuser, who may read everything."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@posix
@pytest.mark.parametrize(("locked", "reason"), [("sub/.gitignore", "cannot be read"), ("sub", "cannot be looked at")])
def test_what_we_have_no_permission_to_read_is_a_no(locked: str, reason: str) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to others
        root = Path(folder).resolve()
        root.chmod(0o755)
        write(root, {"sub/.gitignore": "*.log\n", "sub/a.py": ""})
        with nobody():
            assert rule(root, "sub/a.py") == "+"
        (root / locked).chmod(0)
        with nobody():
            assert rule(root, "sub/a.py").startswith(f"- {reason} (Permission denied)")
        (root / locked).chmod(0o755)


@posix
@pytest.mark.parametrize("name", ["a\0b.py", "a.py/b.py", "n" * 300 + ".py", "\ud800.py"])
def test_a_path_that_cannot_be_is_a_no(repo: Path, name: str) -> None:
    write(repo, {"a.py": ""})
    verdict = IgnoreRules().judge(repo / name)
    assert not verdict.allowed and "cannot be looked at" in verdict.rule


def test_a_file_that_does_not_exist_yet_is_judged_by_its_name(repo: Path) -> None:
    write(repo, {".gitignore": "new/\n"})
    assert rule(repo, "fresh/deep/a.py") == "+"
    assert rule(repo, "new/deep/a.py") == rule(repo, "none/../new/deep/a.py") == "- new/ .gitignore:1"


# Kept answers


def test_every_edit_of_an_ignore_file_counts_at_once(repo: Path) -> None:
    rules, path = IgnoreRules(), repo / ".gitignore"
    for number in range(50):  # as fast as the clock of the file system ticks, and of the same size
        path.write_text("a.py\n" if number % 2 else "b.py\n")
        assert rules.judge(repo / "a.py").allowed is (number % 2 == 0)
    path.unlink()
    assert rules.judge(repo / "a.py") == Verdict(True)
    write(repo, {"sub/.dgignore": "*\n"})
    assert not rules.judge(repo / "sub" / "a.py").allowed
    write(repo, {"sub/.dgignore": "#\n"})
    assert rules.judge(repo / "sub" / "a.py").allowed


def test_an_old_ignore_file_that_changes_is_read_again(repo: Path) -> None:
    rules, path = IgnoreRules(), repo / ".gitignore"
    path.write_text("a.py\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    time.sleep(SETTLED_S)
    assert [rules.judge(repo / "a.py").allowed for _ in range(3)] == [False] * 3  # kept from the second on
    path.write_text("b.py\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))  # the time and the size are those of before
    assert rules.judge(repo / "a.py").allowed


def test_a_file_that_changed_just_now_is_not_trusted_to_stay() -> None:
    def stamped(ago_ns: int) -> RuleFile:
        then = time.time_ns() - ago_ns
        return RuleFile("a", "b", 5, (1, then, 7))

    assert [is_settled(stamped(ago_ns)) for ago_ns in (-(10**9), 0, 10**6, 10**9)] == [False, False, False, True]


def test_an_answer_costs_far_less_than_a_keystroke(repo: Path) -> None:
    lines = "".join(f"*.log{number}\n" for number in range(4000))
    write(repo, {".gitignore": lines, "a/b/c/d/x.py": ""})
    time.sleep(SETTLED_S)
    rules, path = IgnoreRules(), str(repo / "a/b/c/d/x.py")
    rules.judge(path)
    times_ms: list[float] = []
    for _ in range(200):
        started = time.process_time()
        rules.judge(path)
        times_ms.append((time.process_time() - started) * 1000)
    assert statistics.quantiles(times_ms)[0] < 1  # the machine may be busy; not kept it takes several


# The command line


def test_an_ignored_file_is_refused_and_the_remedy_named(run: Run, area: Path, tmp_path: Path) -> None:
    (tmp_path / ".dgignore").write_text("# private\narea.*\n")
    code, out, err = run("fill", "--write", "area.py:2:16")
    assert (code, out, run.opened) == (2, b"", [])
    assert err == "infill: area.py: is ignored: area.* (.dgignore:2); --no-ignore fills it all the same\n"
    assert area.read_bytes() == CODE
    code, out, _ = run("fill", "--no-ignore", "area.py:2:16")
    assert code == 0 and b"+    return w * h" in out


def test_one_ignored_file_among_others_refuses_the_run(run: Run, area: Path, tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text("{}")
    code, _, err = run("fill", "area.py:2:16", "credentials.json:1:1")
    assert (code, run.requests) == (2, [])
    assert "credentials* (built-in secret files)" in err


@posix
def test_every_name_of_a_file_is_judged(run: Run, area: Path, tmp_path: Path) -> None:
    (tmp_path / "private.py").symlink_to("area.py")
    (tmp_path / ".dgignore").write_text("private.py\n")
    code, _, err = run("fill", "area.py:2:16", "private.py:1:1")
    assert code == 2 and "private.py: is ignored" in err


def test_standard_input_is_not_judged(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".dgignore").write_text("*\n")
    code, out, _ = run("fill", "-:2:16", stdin=CODE)
    assert code == 0 and b"return w * h" in out


def test_the_current_folder_is_the_workspace(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {".dgignore": "*.py\n", "a/b/x.py": "x = 1\n"})
    code, _, err = run("fill", "a/b/x.py:1:1")
    assert code == 2 and "*.py (.dgignore:1)" in err


def test_the_rules_import_nothing_heavy() -> None:
    code = "import sys, infill.ignore.rules; print([m for m in ('tree_sitter', 'numpy', 'pygls') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"
