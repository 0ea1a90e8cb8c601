# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the tests of this directory; the last line is "N passed, N failed, N skipped"."""
import os
import sys
import unittest


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, here)
    suite = unittest.defaultTestLoader.discover(here, pattern="test_*.py")
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    for test, why in result.skipped:
        print("skipped %s: %s" % (test.id(), why))
    failed = len({test.id() for test, _ in result.failures + result.errors})
    passed = result.testsRun - failed - len(result.skipped)
    print("%d passed, %d failed, %d skipped" % (passed, failed, len(result.skipped)))
    return 1 if failed or result.unexpectedSuccesses else 0


if __name__ == "__main__":
    sys.exit(main())
