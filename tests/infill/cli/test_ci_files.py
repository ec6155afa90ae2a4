"""The files for GitHub, GitLab and pre-commit: their own steps are run, with the embedded model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CI = ROOT / "editors" / "ci"
OPEN = "def area(width, height):\n    return ...\n"

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name == "nt", reason="needs bash")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with a job, and `infill` on the path."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text(OPEN)
    (tmp_path / "tree" / "job.toml").write_text('[limits]\nconfidence = 0\n[model]\nname = "embedded"\nthreads = 1\n')
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "infill"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m infill "$@"\n')
    command.chmod(0o755)
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@x.org", "-c", "init.defaultBranch=main"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], cwd=tmp_path / "tree", check=True)
    return tmp_path / "tree"


def sh(tree: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a step as a runner does, with the variables of its environment."""
    known = {"PATH": f"{tree.parent / 'bin'}:{os.environ['PATH']}", "XDG_STATE_HOME": str(tree.parent / "state")}
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INFILL_"))}
    env = plain | known | variables
    return subprocess.run(["bash", "-e", "-c", script], cwd=tree, env=env, capture_output=True, text=True, timeout=300)


def action_step(**inputs: str) -> tuple[str, dict[str, str]]:
    """Return the last step of the action, and its variables with the inputs put in."""
    action = yaml.safe_load((CI / "action.yml").read_text())
    values = {name: str(told.get("default", "")) for name, told in action["inputs"].items()} | inputs
    step = action["runs"]["steps"][-1]
    env = {name: values[text.removeprefix("${{ inputs.").removesuffix(" }}")] for name, text in step["env"].items()}
    return step["run"], env


def github(tree: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    step, env = action_step(**inputs)
    folder = tree.parent
    known = {"GITHUB_ACTION_PATH": CI, "RUNNER_TEMP": folder, "GITHUB_OUTPUT": folder / "output"}
    known |= {"GITHUB_STEP_SUMMARY": folder / "summary.md", "GITHUB_ACTIONS": "true", "CI": "true"}
    return sh(tree, step, **env, **{name: str(value) for name, value in known.items()})


def test_the_action_reports_and_leaves_the_tree(tree: Path) -> None:
    done = github(tree, job="job.toml")
    assert done.returncode == 0, done.stderr
    outputs = dict(line.split("=", 1) for line in (tree.parent / "output").read_text().splitlines())
    assert Path(outputs["patch"]).read_text().startswith("--- a/a.py\n") and Path(outputs["sarif"]).exists()
    assert "## infill fill" in (tree.parent / "summary.md").read_text()
    assert "::notice file=a.py,line=2,endLine=2,title=infill fill::" in done.stderr
    assert (tree / "a.py").read_text() == OPEN
    subprocess.run(["git", "apply", outputs["patch"]], cwd=tree, check=True)
    assert (tree / "a.py").read_text() != OPEN


def test_the_action_checks_writes_and_takes_paths(tree: Path) -> None:
    assert github(tree, job="job.toml", check="true").returncode == 1
    assert github(tree, job="job.toml", check="true", changed="HEAD").returncode == 0
    (tree / "b c.py").write_text(OPEN)
    assert github(tree, job="job.toml", write="true", paths="b c.py\n").returncode == 0
    assert (tree / "b c.py").read_text() != OPEN and (tree / "a.py").read_text() == OPEN
    assert github(tree, job="none.toml").returncode == 2


def test_the_include_for_gitlab(tree: Path) -> None:
    job = yaml.safe_load((CI / "gitlab.yml").read_text())[".infill"]
    variables = {n: v.replace("$CI_PROJECT_DIR", str(tree.parent)) for n, v in job["variables"].items()}
    script = "\n".join(job["script"])
    done = sh(tree, script, **(variables | {"INFILL_FOLDER": str(CI), "INFILL_JOB": "job.toml", "CI": "true"}))
    assert done.returncode == 0, done.stderr
    written = {path.name for path in (tree.parent / "infill").iterdir()}
    assert written == {"infill.patch", "infill.sarif", "infill.md"}


def test_the_hook_fails_where_changed_lines_would_change(tree: Path) -> None:
    (hook,) = yaml.safe_load((CI / "pre-commit-hooks.yml").read_text())
    (tree / "infill.toml").write_text((tree / "job.toml").read_text())
    command = " ".join([hook["entry"], *hook["args"]])
    assert sh(tree, command).returncode == 0
    (tree / "a.py").write_text(OPEN.replace("...", "... "))
    assert sh(tree, command).returncode == 1
