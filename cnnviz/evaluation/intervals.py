"""How sure a share is, given how many images it was measured on."""

from __future__ import annotations

from math import sqrt

Z95 = 1.959963984540054  # of a normal distribution, 95 % lie within so many standard deviations


def wilson(hits: int, total: int, z: float = Z95) -> tuple[float, float]:
    """The Wilson score interval of a share, 95 % unless ``z`` says otherwise.

    Unlike the textbook's ± it stays within 0 and 1, and is right for shares near either
    (E. B. Wilson, Journal of the American Statistical Association 22, 1927). Without images it is
    (0, 1).
    """
    if total == 0:
        return 0.0, 1.0
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)


def paired_difference(
    only_first: int, only_second: int, total: int, z: float = Z95
) -> tuple[float, float]:
    """The interval of the difference of two accuracies on the same ``total`` images.

    ``only_first`` images only the first model got right, ``only_second`` only the second; the
    interval is of first minus second (D. G. Bonett and R. M. Price, Journal of Educational and
    Behavioral Statistics 37, 2012: Wald's after one image was added to either side).
    """
    first, second = (only_first + 1) / (total + 2), (only_second + 1) / (total + 2)
    middle = first - second
    half = z * sqrt(max(0.0, first + second - middle * middle) / (total + 2))
    return max(-1.0, middle - half), min(1.0, middle + half)
