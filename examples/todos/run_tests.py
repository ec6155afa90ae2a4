"""Runs the tests, and writes a report in JUnit's XML to the file that the first argument names."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path
from xml.sax.saxutils import quoteattr


class Report(unittest.TextTestResult):
    """Notes each test that was run, and those that did not pass."""

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.ran = [*getattr(self, "ran", []), test.id()]


def main() -> int:
    suite = unittest.defaultTestLoader.discover(str(Path(__file__).parent))
    result = unittest.TextTestRunner(resultclass=Report).run(suite)
    bad = {test.id() for test, _ in (*result.failures, *result.errors)}
    cases = [
        f"<testcase name={quoteattr(name)}>{'<failure/>' if name in bad else ''}</testcase>"
        for name in getattr(result, "ran", [])
    ]
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(f"<testsuite>{''.join(cases)}</testsuite>\n")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
