"""What a Python that pip starts to build a package runs instead: it gives the metadata that lies in the archive.

`pip download` asks the build of a source package for its metadata, and so would run the package's code. Pythons that
find this file as their `sitecustomize` answer from the archive's own PKG-INFO and end before anything else runs. pip
itself goes on. Imports nothing of ours: it runs without our package.
"""

from __future__ import annotations

import json
import os
import sys

HOOK = "_in_process.py"  # of pyproject-hooks: [python, script, name of the hook, folder of its input and output]
METADATA = "prepare_metadata_for_build_wheel"
IS_PIP = ("-m", "pip")


def answer(hook: str, control: str, source: str) -> str:
    """Write the answer to one hook into the folder `control`; the folder `source` is the unpacked archive."""
    returned: object = []  # what else the build needs: nothing
    if hook == METADATA:
        with open(os.path.join(control, "input.json"), encoding="utf-8") as given:
            target = json.load(given)["kwargs"]["metadata_directory"]
        with open(os.path.join(source, "PKG-INFO"), encoding="utf-8") as info:
            metadata = info.read()
        fields = dict(line.split(": ", 1) for line in metadata.splitlines() if line.startswith(("Name: ", "Version: ")))
        returned = f"{fields['Name'].replace('-', '_')}-{fields['Version']}.dist-info"
        os.makedirs(os.path.join(target, str(returned)))
        for name, text in (
            ("METADATA", metadata),
            ("WHEEL", "Wheel-Version: 1.0\nGenerator: none\nTag: py3-none-any\n"),
        ):
            with open(os.path.join(target, str(returned), name), "w", encoding="utf-8") as out:
                out.write(text)
    with open(os.path.join(control, "output.json"), "w", encoding="utf-8") as out:
        json.dump({"return_val": returned}, out)
    return str(returned)


def instead(command: list[str]) -> None:
    """Do what is to be done in place of a Python's command; returns only for pip itself."""
    if tuple(command[1:3]) == IS_PIP:
        return
    code = 1  # whatever else would run code of a package
    if len(command) == 4 and os.path.basename(command[1]) == HOOK:
        try:
            answer(command[2], command[3], os.getcwd())
            code = 0
        except (OSError, KeyError, ValueError) as error:
            print(f"the archive has no usable PKG-INFO: {error!r}", file=sys.stderr)
    sys.stderr.flush()
    os._exit(code)


if __name__ == "sitecustomize":
    instead(sys.orig_argv)
