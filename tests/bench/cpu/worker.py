"""The fresh process of `fresh.run_job`: calls one function of this package and writes what it returns.

Imports nothing that a runtime does not need: start-up is measured here too.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Do the one job that the only argument names."""
    request = json.loads(sys.argv[1])
    module, function = request["job"].split(".")
    if request["args"].get("started") == "":  # the job wants to know when its process was asked for
        request["args"]["started"] = request["started"]
    result = getattr(importlib.import_module(f"tests.bench.cpu.{module}"), function)(**request["args"])
    Path(request["out"]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
