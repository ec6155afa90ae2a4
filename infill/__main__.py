"""`python -m infill` is the `infill` command."""

import sys

from infill.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
