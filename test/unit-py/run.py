# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the tests of this directory; the last line is "N passed, N failed, N skipped"."""
import os
import sys
import unittest


class Result(unittest.TextTestResult):
    """testsRun does not tell: a class that is skipped as a whole is not in it."""
    passed = 0

    def addSuccess(self, test):
        self.passed += 1
        super().addSuccess(test)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, here)
    suite = unittest.defaultTestLoader.discover(here, pattern="test_*.py")
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result).run(suite)
    for test, why in result.skipped:
        print("skipped %s: %s" % (test.id(), why))
    failed = len({getattr(test, "test_case", test).id() for test, _ in
                  result.failures + result.errors})
    failed += len(result.unexpectedSuccesses)
    print("%d passed, %d failed, %d skipped" % (result.passed, failed, len(result.skipped)))
    return 1 if failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
