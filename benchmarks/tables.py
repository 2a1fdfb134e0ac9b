"""Tables of measured figures with their bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A figure; ``most`` is its bar (it may be as large as that), None where there is none."""

    name: str
    value: float | None
    digits: int = 0
    most: float | None = None

    @property
    def missed(self) -> bool:
        """Whether there is a bar, and the figure is above it, or could not be measured."""
        return self.most is not None and (self.value is None or self.value > self.most)


def show(rows: Iterable[Row]) -> bool:
    """Print a table; whether all bars are held."""
    held = True
    for row in rows:
        value = "none" if row.value is None else f"{row.value:,.{row.digits}f}"
        bar = "" if row.most is None else f"   (bar: {row.most:,.{row.digits}f})"
        print(f"{row.name:58}{value:>10}{bar}{'   MISSED' if row.missed else ''}")
        held &= not row.missed
    return held


def share(values: Sequence[float], part: float) -> float | None:
    """The value below which that part of them lies; None of none."""
    return sorted(values)[min(int(part * len(values)), len(values) - 1)] if values else None
