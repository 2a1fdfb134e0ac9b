"""Histograms of numbers that come in parts, when nobody knows yet how far they will reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 40


@dataclass(frozen=True)
class Spread:
    """A histogram for each of c rows.

    Bin b of row i reaches from ``low[i] + b·w`` to ``low[i] + (b + 1)·w`` with
    ``w = (high[i] − low[i]) / bins``; ``counts`` is (c, groups, bins). A row without a value has
    ``low`` = ``high`` = 0 and no counts; one whose values are all equal has them in its first bin.
    """

    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray

    def edges(self, row: int) -> np.ndarray:
        """The bins + 1 edges of a row."""
        return np.linspace(self.low[row], self.high[row], self.counts.shape[-1] + 1)


class StreamingSpread:
    """Counts values into bins that grow as needed: memory depends on rows, groups and bins alone.

    Where a value lies beyond the last bin, neighbouring bins are joined and the range doubles until
    it holds. Joined bins have exact counts, so the result is the histogram that NumPy would make
    with the same edges; between half and all of the bins are in use. Where the smallest possible
    value is known, ``low`` says so, and bins begin there.
    """

    def __init__(
        self, rows: int, groups: int = 1, bins: int = BINS, low: float | None = None
    ) -> None:
        if bins % 2:
            raise ValueError("neighbours are joined in pairs: the number of bins must be even")
        self._low, self._high = np.full(rows, np.nan), np.full(rows, np.nan)
        self._known_low = low
        self._counts = np.zeros((rows, groups, bins), np.int64)

    def add(
        self, values: np.ndarray, groups: np.ndarray | None = None, keep: np.ndarray | None = None
    ) -> None:
        """Count some values.

        Args:
            values: (n, rows) finite numbers.
            groups: (n,) the group of each of the n; 0 when None.
            keep: (n, rows) bool, which values count; all when None.
        """
        values = np.asarray(values, np.float64)
        keep = np.ones(values.shape, bool) if keep is None else keep
        groups = np.zeros(len(values), np.int64) if groups is None else groups
        self._reach(
            np.where(keep, values, np.inf).min(axis=0, initial=np.inf),
            np.where(keep, values, -np.inf).max(axis=0, initial=-np.inf),
        )
        rows, many, bins = self._counts.shape
        width = (self._high - self._low) / bins
        share = (values - self._low) / np.where(width > 0, width, 1.0)
        bin_ = np.clip(np.floor(np.where(keep, share, 0.0)), 0, bins - 1).astype(np.int64)
        flat = (np.arange(rows) * many + groups[:, None]) * bins + bin_
        self._counts += np.bincount(flat[keep], minlength=self._counts.size).reshape(
            self._counts.shape
        )

    @property
    def spread(self) -> Spread:
        """What was counted so far."""
        return Spread(np.nan_to_num(self._low), np.nan_to_num(self._high), self._counts.copy())

    def _reach(self, smallest: np.ndarray, largest: np.ndarray) -> None:
        """Widen every row's range so that it holds ``smallest`` and ``largest``."""
        new = np.isnan(self._low) & (smallest <= largest)
        known = self._known_low
        self._low[new] = smallest[new] if known is None else known
        self._high[new] = _just_above(self._low[new], largest[new])
        self._open(smallest, largest)
        while (up := largest > self._high).any():
            self._counts[up] = self._joined(up, first=True)
            self._high[up] += self._high[up] - self._low[up]
        while (down := smallest < self._low).any():
            self._counts[down] = self._joined(down, first=False)
            self._low[down] -= self._high[down] - self._low[down]

    def _open(self, smallest: np.ndarray, largest: np.ndarray) -> None:
        """Rows that held one single value, and meet another one, get a range."""
        bins = self._counts.shape[-1]
        flat = (self._low == self._high) & ((smallest < self._low) | (largest > self._high))
        for row in np.flatnonzero(flat):
            value, held = self._low[row], self._counts[row, :, 0].copy()
            low, high = min(value, smallest[row]), max(value, largest[row])
            self._low[row], self._high[row] = low, _just_above(low, high)
            self._counts[row, :, 0] = 0
            place = min(bins - 1, int((value - low) / (high - low) * bins))
            self._counts[row, :, place] = held

    def _joined(self, rows: np.ndarray, first: bool) -> np.ndarray:
        counts = self._counts[rows]
        pairs = counts.reshape(*counts.shape[:-1], -1, 2).sum(axis=-1)
        empty = np.zeros_like(pairs)
        return np.concatenate([pairs, empty] if first else [empty, pairs], axis=-1)


def _just_above(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """A range's end with its largest value inside: an edge belongs to the bin above it."""
    return high + 1e-9 * (high - low)
