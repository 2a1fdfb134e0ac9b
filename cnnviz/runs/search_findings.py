"""Which of the settings that a search has tried seem to matter, as far as its trials can tell.

A permutation test for each setting: how much of the differences in accuracy (as ranks) lies between
its values, against the same trials with their accuracies shuffled. Several settings are looked at,
so p-values are corrected after Holm (Scandinavian Journal of Statistics 6, 1979).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ENOUGH = 8  # trials, below which nothing is said
LEVEL = 0.05
_SHUFFLES = 2000
_PARTS = 3  # of a range: low, middle, high


@dataclass(frozen=True)
class Matter:
    """A setting that seems to matter, the most certain first.

    ``best`` and ``worst`` are the values (of a range, lowest and highest of a third of the trials)
    with the highest and lowest mean accuracy, which follows.
    """

    name: str
    p: float
    best: tuple
    best_mean: float
    worst: tuple
    worst_mean: float


def what_matters(values: Sequence[Mapping[str, object]], scores: Sequence[float]) -> list[Matter]:
    """The settings whose effect is larger than chance.

    Args:
        values: of each trial; chosen by chance, with equally many epochs.
        scores: validation accuracy of each trial.
    """
    if len(scores) < ENOUGH:
        return []
    measured = np.asarray(scores, np.float64)
    ranks = _ranks(measured)
    found = []
    for name in dict.fromkeys(name for one in values for name in one):
        groups = _groups([one.get(name) for one in values])
        if len(set(groups)) < 2:
            continue
        found.append((_p_value(groups, ranks), name, groups))
    matters, tried = [], len(found)
    for position, (p, name, groups) in enumerate(sorted(found, key=lambda f: f[:2])):
        if (corrected := min(1.0, p * (tried - position))) > LEVEL:
            break
        matters.append(_matter(name, corrected, groups, values, measured))
    return matters


def _p_value(groups: Sequence[int], ranks: np.ndarray) -> float:
    """Share of the shuffles in which groups differ as much, by the sum of squares between them."""
    members = np.eye(max(groups) + 1)[list(groups)]
    members = members[:, members.any(axis=0)]
    sizes = members.sum(axis=0)

    def between(rows: np.ndarray) -> np.ndarray:
        return ((rows @ members) ** 2 / sizes).sum(axis=1)

    rng = np.random.default_rng(0)
    shuffled = rng.permuted(np.tile(ranks, (_SHUFFLES, 1)), axis=1)
    as_much = between(shuffled) >= between(ranks[None]) - 1e-9
    return float((1 + as_much.sum()) / (1 + _SHUFFLES))


def _groups(values: Sequence[object]) -> list[int]:
    """The group of each trial: its value, or the third of the trials that its number is in."""
    keys = [tuple(v) if isinstance(v, list) else v for v in values]
    different = list(dict.fromkeys(keys))
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in different)
    if not numbers or len(different) <= max(_PARTS, len(keys) // 3):
        return [different.index(key) for key in keys]
    order = np.argsort(np.argsort(keys, kind="stable"), kind="stable")
    return [int(place) * _PARTS // len(keys) for place in order]


def _matter(
    name: str,
    p: float,
    groups: Sequence[int],
    values: Sequence[Mapping[str, object]],
    scores: np.ndarray,
) -> Matter:
    means, ends = {}, {}
    for group in set(groups):
        inside = [i for i, g in enumerate(groups) if g == group]
        means[group] = float(scores[inside].mean())
        there = [values[i].get(name) for i in inside]
        ends[group] = (min(there), max(there)) if _is_range(there) else (there[0],)
    best, worst = max(means, key=means.get), min(means, key=means.get)
    return Matter(name, p, ends[best], means[best], ends[worst], means[worst])


def _is_range(values: Sequence[object]) -> bool:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return numbers and len(set(values)) > 1


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Ranks from 0, equal scores alike, around their mean."""
    _unique, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts + 1) / 2)[place]
    return ranks - ranks.mean()
