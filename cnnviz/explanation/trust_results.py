"""What the checks of heatmaps found; everything that is said about it derives from these."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

LITTLE = 0.05  # a vote below this leaves nothing to take away
_UNMOVED = 0.01  # a vote that never moves by more than this does not depend on the pixels
_RESAMPLES = 2000
_CHANGED, _PARTLY = 0.3, 0.6  # rank correlations: below the first, the map depends on the weights


class _Message:
    """Dataclasses of arrays, numbers and texts that cross a process border."""

    def to_message(self) -> dict:
        """The fields, for another process."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}

    @classmethod
    def from_message(cls, message: dict) -> _Message:
        """Rebuild what ``to_message`` took apart."""
        known = {field.name for field in fields(cls)}
        return cls(
            **{k: tuple(v) if isinstance(v, list) else v for k, v in message.items() if k in known}
        )


@dataclass(frozen=True)
class Faithfulness(_Message):
    """What became of the vote of n images as pixels were taken away in a heatmap's order.

    ``shares`` (s,) of the pixels, from 0 to 1. ``deletion`` and ``insertion`` (n, s) are the votes
    when that share of the brightest is gone, or is back; ``random_deletion`` and
    ``random_insertion`` (n, r, s) the same for r random maps of the same coarseness.
    ``road_shares`` (t,) begin with 0; ``road_most`` and ``road_least`` (n, t) are the votes when
    the brightest, or the darkest, are made up from the rest, ``road_random`` (n, q, t) for random
    maps. Without ROAD they are empty, t = 0. ``kept`` (n,) is the vote of the image darkened where
    the map is dark. ``orders`` (n, pixels) are the pixels, brightest first. ``evidence`` (n,) bool
    is False where nothing spoke for the class. ``targets`` and ``against`` (n,) as in an
    explanation; the vote of a class held against another is its share of both votes.
    """

    shares: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray
    random_deletion: np.ndarray
    random_insertion: np.ndarray
    road_shares: np.ndarray
    road_most: np.ndarray
    road_least: np.ndarray
    road_random: np.ndarray
    kept: np.ndarray
    orders: np.ndarray
    evidence: np.ndarray
    targets: np.ndarray
    against: np.ndarray

    def __len__(self) -> int:
        return len(self.deletion)

    @property
    def votes(self) -> np.ndarray:
        """(n,) the vote of the whole image."""
        return self.deletion[:, 0]

    def measure(self, name: str) -> np.ndarray:
        """(n,) one of ``MEASURES``; see there."""
        if name in ("deletion", "insertion"):
            return area(getattr(self, name), self.shares)
        if name == "road":
            return (self.road_least - self.road_most)[:, 1:].mean(axis=1)
        if name == "average_drop":
            return np.maximum(0, self.votes - self.kept) / np.maximum(self.votes, 1e-12)
        return (self.kept > self.votes).astype(np.float64)

    @property
    def beaten(self) -> np.ndarray:
        """(n,) how many of the r random maps do worse, by insertion less deletion."""
        own = self.measure("insertion") - self.measure("deletion")
        chance = area(self.random_insertion, self.shares) - area(self.random_deletion, self.shares)
        return (chance < own[:, None]).sum(axis=1)

    def verdict(self, i: int = 0) -> str:
        """What the curves of image i say, in one word.

        ``empty``: nothing spoke for the class; ``little``: the class has hardly a vote;
        ``unmoved``: no removal changes the vote; ``points``: better than every random map;
        ``misleads``: worse than every one; ``chance``: neither.
        """
        if not self.evidence[i]:
            return "empty"
        if self.votes[i] < LITTLE:  # so little cannot fall by much, whatever the network looks at
            return "little"
        curves = [self.deletion[i], self.insertion[i], *self.random_deletion[i]]
        if np.ptp(np.concatenate(curves)) < _UNMOVED:
            return "unmoved"
        names = {self.random_deletion.shape[1]: "points", 0: "misleads"}
        return names.get(int(self.beaten[i]), "chance")


@dataclass(frozen=True)
class Comparison(_Message):
    """Methods measured on the same images.

    ``rows`` are methods, then the yardsticks ``random:<h>x<w>``: random maps of that many fields.
    ``values`` (rows, measures, n) float32. ``yardsticks`` (rows,) are for each row the place of the
    one as coarse as itself. ``empty`` (rows,) counts the images in which nothing spoke for the
    class. ``indices`` (n,) are the images' places in the split of ``dataset``; ``layer`` is that of
    the class activation maps.
    """

    rows: tuple[str, ...]
    measures: tuple[str, ...]
    values: np.ndarray
    yardsticks: tuple[int, ...]
    empty: tuple[int, ...]
    indices: np.ndarray
    dataset: str
    split: str
    layer: str | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """The rows that are methods."""
        return tuple(row for row in self.rows if not row.startswith("random:"))

    @property
    def images(self) -> int:
        return self.values.shape[2]

    @property
    def means(self) -> np.ndarray:
        """(rows, measures) averages over the images."""
        return self.values.mean(axis=2)

    @cached_property
    def intervals(self) -> np.ndarray:
        """(2, rows, measures): the ends of the 95 % intervals of the means."""
        return np.percentile(self._resampled, (2.5, 97.5), axis=0)

    def difference(self, row: int, other: int, measure: str) -> tuple[float, float, float]:
        """How much larger the mean of ``row`` is than that of ``other``, and its 95 % interval.

        Of the same images resampled together, so it may exclude 0 where two intervals overlap.
        """
        k = self.measures.index(measure)
        drawn = self._resampled[:, row, k] - self._resampled[:, other, k]
        low, high = np.percentile(drawn, (2.5, 97.5))
        return float(self.means[row, k] - self.means[other, k]), float(low), float(high)

    def clearly_differ(self, row: int, other: int, measure: str) -> bool:
        """Whether the interval of the difference excludes 0."""
        _, low, high = self.difference(row, other, measure)
        return low > 0 or high < 0

    @cached_property
    def _resampled(self) -> np.ndarray:
        """(resamples, rows, measures) means of images drawn with replacement (bootstrap; Efron
        1979), the same draws for all rows, the same every time."""
        n = self.images
        drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), _RESAMPLES) / n
        flat = self.values.reshape(-1, n).astype(np.float64)
        return (drawn @ flat.T).reshape(_RESAMPLES, *self.values.shape[:2])


@dataclass(frozen=True)
class Randomisation(_Message):
    """What became of a heatmap as a network lost what it had learned, from the answer downwards.

    ``stages`` (k,) name for each stage the layer that it reached, ``counts`` (k,) how many layers
    with weights had been made random by then. ``maps`` (k + 1, h, w) begin with the original one.
    ``correlations`` (repeats, k) are Spearman's rank correlations of the absolute maps with the
    original, NaN where one of the two is flat. ``shares`` (k + 1,) are the votes for the class.
    """

    stages: tuple[str, ...]
    counts: tuple[int, ...]
    maps: np.ndarray
    correlations: np.ndarray
    shares: np.ndarray
    method: str
    layer: str | None
    target: int

    @cached_property
    def course(self) -> np.ndarray:
        """(k,) the correlation after each stage, averaged over the repeats that had one."""
        known = np.isfinite(self.correlations)
        total = np.where(known, self.correlations, 0).sum(axis=0)
        return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)

    @property
    def kept(self) -> tuple[float, bool]:
        """The likeness that should be gone, and whether the whole network had forgotten by then.

        The larger one of the likeness when at least the upper half of the layers had forgotten and
        of that at the end. A map that became flat has none: one round in which it is by chance
        alike, among others in which nothing is left of it, does not make it stay.
        """
        half = next(i for i, n in enumerate(self.counts) if 2 * n >= self.counts[-1])
        likeness = np.abs(np.nan_to_num(self.correlations).mean(axis=0))
        upper, whole = float(likeness[half]), float(likeness[-1])
        return (whole, True) if whole >= upper else (upper, False)

    @property
    def verdict(self) -> str:
        """What the map did.

        ``empty``: there was nothing to compare with; ``stays``: it hardly depends on what was
        learned; ``partly``; ``changes``: as it should.
        """
        if np.ptp(self.maps[0]) == 0:
            return "empty"
        likeness, _ = self.kept
        if likeness < _CHANGED:
            return "changes"
        return "partly" if likeness < _PARTLY else "stays"


def area(curves: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The area under curves (…, s) over ``shares`` (s,) from 0 to 1, by trapezoids."""
    return np.trapezoid(curves, shares, axis=-1)
