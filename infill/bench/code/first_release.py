"""`python -m infill.bench.code.first_release`: asks the registries whether the listed packages are as new as listed.

pip must find no release before the listed day of the first one, and some without that limit; npm none before 2025.
Prints what was found for each package. A release that was removed or withdrawn, or a mirror's own dates, cannot be seen
from here.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from infill.bench.code.listing import LIST, SINCE, Package, read_list
from infill.cli import console
from infill.types import InputError

OPTION = "--uploaded-prior-to"  # of pip 26
NO_MATCH = "No matching distribution"
TIMEOUT_S = 120


def check(package: Package, python: str) -> tuple[bool, str]:
    """Return whether a package is as new as listed, and what was found. Raises `InputError` where nobody answers."""
    if package.kind == "npm":
        return _npm(package)
    assert package.first is not None
    if (earlier := _versions(package, package.first, python)) is not None:
        return False, f"released before {package.first}: {earlier}"
    if (found := _versions(package, None, python)) is None:
        return False, "no release at all: is that its name?"
    return True, f"none before {package.first}; the oldest now: {found.rpartition(', ')[2]}"


def _versions(package: Package, before: datetime.date | None, python: str) -> str | None:
    """Return the versions, newest first, of those uploaded before a day in UTC where one is given; None without any."""
    command = [python, "-m", "pip", "index", "versions", package.name, "--pre", "--ignore-requires-python", "--json"]
    done = _run(package, [*command, OPTION, f"{before}T00:00:00Z"] if before else command)
    if done.returncode == 0:
        return ", ".join(json.loads(done.stdout)["versions"])
    if NO_MATCH in done.stderr:
        return None
    if "no such option" in done.stderr:
        raise InputError(f"the pip of {python} has no {OPTION}; name a Python with pip 26 or newer by --python")
    raise InputError(f"{package.name}: pip cannot ask for it: {done.stderr.strip().splitlines()[-1:]}")


def _npm(package: Package) -> tuple[bool, str]:
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(f"{package.name}: npm is not installed; install Node.js")
    done = _run(package, [npm, "view", package.name, "time", "--json"])
    try:
        times = json.loads(done.stdout)
        version, first = min(((v, t[:10]) for v, t in times.items()), key=lambda pair: pair[1])
    except (ValueError, AttributeError, TypeError):
        raise InputError(f"{package.name}: npm cannot ask for it: {done.stderr.strip()[:200]}") from None
    return datetime.date.fromisoformat(
        first
    ) >= SINCE, f"oldest that npm knows: {version} of {first}; {package.evidence}"


def _run(package: Package, command: list[str]) -> subprocess.CompletedProcess[str]:
    asked = {**os.environ, "PIP_FIND_LINKS": ""}  # a folder of wheels does not say when they were uploaded
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, env=asked
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{package.name}: no answer in {TIMEOUT_S} s; try again") from None


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code: 1 where a package is older than listed, 2 where nobody answers."""
    parser = argparse.ArgumentParser(prog="python -m infill.bench.code.first_release", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these packages (default: all)")
    parser.add_argument("--python", default=sys.executable, help="whose pip is asked (default: this one)")
    parser.add_argument("--list", type=Path, default=LIST, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    wrong = 0
    try:
        for package in read_list(args.list):
            if not args.names or package.name in args.names:
                is_new, found = check(package, args.python)
                wrong += not is_new
                console.say(f"{'ok' if is_new else 'OLDER'}: {package.name}: {found}")
    except InputError as error:
        console.say(f"first_release: {error}")
        return 2
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
