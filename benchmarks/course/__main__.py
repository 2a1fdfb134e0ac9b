"""``python -m benchmarks.course measure | validate | table [--write]``.

``measure`` takes the service times of this machine (about four minutes, best on a calm one);
``validate`` holds the simulation against a real class of two minutes; ``table`` prints what a
course needs. ``--write`` puts what the last two print into docs/scaling.md.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.course import page
from benchmarks.course.services import Measured


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("measure", "validate", "table"))
    parser.add_argument("--write", action="store_true", help="into docs/scaling.md")
    given = parser.parse_args()
    if given.what == "measure":
        from benchmarks.course import measure  # these start servers: not for the simulation

        measure.write(measure.measure())
        return 0
    if given.what == "validate":
        from benchmarks.course import validation

        text, held = validation.validate()
        print(text)
        if given.write:
            page.write({"validated": text})
        return 0 if held else 1
    made = page.parts(Measured.read())
    for name, text in made.items():
        if name != "picture":
            print(text)
    if given.write:
        page.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
