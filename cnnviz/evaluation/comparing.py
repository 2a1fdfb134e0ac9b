"""Two models on the same images: who fixes what, and whether the difference may be chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnviz.evaluation.intervals import paired_difference

GROUPS = ("both_right", "only_first", "only_second", "both_wrong")


@dataclass(frozen=True)
class Comparison:
    """Numbers of images: ``both_right``, ``only_first`` right, ``only_second``, ``both_wrong``."""

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int

    @property
    def total(self) -> int:
        """Images that both were asked about."""
        return self.both_right + self.only_first + self.only_second + self.both_wrong

    @property
    def difference(self) -> float:
        """The first model's accuracy less the second's."""
        return (self.only_first - self.only_second) / max(1, self.total)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the difference lies, with 95 % confidence."""
        return paired_difference(self.only_first, self.only_second, self.total)

    @property
    def p_value(self) -> float:
        """McNemar's exact test, see :func:`mcnemar`."""
        return mcnemar(self.only_first, self.only_second)


def compare(right_first: np.ndarray, right_second: np.ndarray) -> Comparison:
    """Compare two models by whether they were right (n,) about the same images."""
    return Comparison(*(len(group_of(right_first, right_second, name)) for name in GROUPS))


def group_of(right_first: np.ndarray, right_second: np.ndarray, group: str) -> np.ndarray:
    """Positions of the images that are in one of ``GROUPS``, ascending."""
    wanted = {
        "both_right": right_first & right_second,
        "only_first": right_first & ~right_second,
        "only_second": ~right_first & right_second,
        "both_wrong": ~right_first & ~right_second,
    }
    return np.flatnonzero(wanted[group])


def mcnemar(only_first: int, only_second: int) -> float:
    """The two-sided p value of McNemar's exact test (Q. McNemar, Psychometrika 12, 1947).

    Were both models equally good, each image that only one of them gets right would be a toss of
    a coin: p is the chance that the tosses come out at least as unevenly as they did.
    """
    tosses, fewer = only_first + only_second, min(only_first, only_second)
    if 2 * fewer >= tosses:
        return 1.0
    k = np.arange(1, fewer + 1)
    ways = np.concatenate([[0.0], np.cumsum(np.log((tosses - k + 1) / k))])  # log C(tosses, k)
    return float(min(1.0, 2 * np.exp(ways - tosses * np.log(2)).sum()))
