"""``python -m benchmarks.course measure | validate | table [--write] [--measure]``.

``measure`` takes the service times of this machine (about four minutes, best on a calm one);
``validate`` holds the simulation against a real class of a minute; ``table`` prints what a course
needs, and with ``--write`` puts it into docs/scaling.md.
"""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("measure", "validate", "table"))
    parser.add_argument("--write", action="store_true", help="table: into docs/scaling.md")
    given = parser.parse_args()
    if given.what == "measure":
        from benchmarks.course import measure  # these start servers: not for the simulation

        measure.write(measure.measure())
        return 0
    raise NotImplementedError


if __name__ == "__main__":
    sys.exit(main())
