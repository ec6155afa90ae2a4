"""Archives of packages through pip and npm, as they are configured on this machine.

Only the archive is fetched. No script of a package runs: not its build, not its install hooks.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infill.bench.code import unbuilt
from infill.bench.code.listing import Package
from infill.types import InputError

BLOCK_BYTES = 1 << 20
TIMEOUT_S = 900
# Wheels that run on any machine, whatever version of Python they ask for: they are only read.
ANY_WHEEL = ("--only-binary", ":all:", "--platform", "any", "--ignore-requires-python")
UNBUILT = ("--no-binary", ":all:", "--no-build-isolation", "--use-pep517", "--ignore-requires-python")


def download(package: Package, folder: Path) -> Path:
    """Return the package's archive in an empty `folder`, with the listed hash.

    Raises `InputError`, which names the package and what to do.
    """
    (_npm if package.kind == "npm" else _pip)(package, folder)
    found = [path for path in folder.iterdir() if path.suffix in (".whl", ".gz", ".zip", ".tgz")]
    if len(found) != 1:
        raise InputError(f"{package.requirement}: {len(found)} archives were fetched instead of one; try again")
    with open(found[0], "rb") as archive:
        digest = hashlib.file_digest(archive, "sha256").hexdigest()
    if digest != package.sha256:
        raise InputError(
            f"{package.requirement}: {found[0].name} has the SHA-256 {digest}, the list says {package.sha256}; "
            "it is not used. Try again, or from another index"
        )
    return found[0]


def _pip(package: Package, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as aside:
        wanted = Path(aside, "wanted.txt")
        wanted.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--no-deps", "--require-hashes", "--requirement", str(wanted), "--dest", str(folder)]
        environment = dict(os.environ)
        if package.kind == "wheel":
            command += ANY_WHEEL
        else:
            command += UNBUILT
            shutil.copyfile(unbuilt.__file__, Path(aside, "sitecustomize.py"))
            environment["PYTHONPATH"] = aside
        _run(package, command, environment)


def _npm(package: Package, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(f"{package.requirement}: it comes through npm, which is not installed; install Node.js")
    command = [npm, "pack", package.requirement, "--ignore-scripts", "--json", "--pack-destination", str(folder)]
    _run(package, command, dict(os.environ))


def _run(package: Package, command: list[str], environment: dict[str, str]) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=TIMEOUT_S, cwd=os.sep
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{package.requirement}: no answer in {TIMEOUT_S} s; try again") from None
    if done.returncode:
        client = "npm" if package.kind == "npm" else "pip"
        said = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        why = next((line for line in said if "error" in line.lower()), said[-1] if said else f"exit {done.returncode}")
        raise InputError(f"{package.requirement}: {client} cannot fetch it: {why[:300]}")
