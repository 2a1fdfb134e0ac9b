"""What a confusion matrix tells: the mix-ups that matter, as numbers for a page to put in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_BOTH_WAYS = 1 / 3  # the rarer direction is at least this share of the commoner one
_FEWEST = 5  # wrong answers before a class is said to attract them
_LURES = 2.0  # … and this many times as many as its even share


@dataclass(frozen=True)
class MixUp:
    """``count`` of the images of class ``true`` were called ``called``, ``share`` of them all;
    ``back`` and ``back_share`` the other way round. ``both_ways``: neither direction is rare beside
    the other."""

    true: int
    called: int
    count: int
    share: float
    back: int
    back_share: float
    both_ways: bool


@dataclass(frozen=True)
class Lure:
    """A class that draws wrong answers: ``count`` of them, ``share`` of all wrong answers."""

    place: int
    count: int
    share: float


@dataclass(frozen=True)
class Story:
    """``mix_ups``: the commonest pairs, each pair once. ``best`` and ``worst``: class and the
    share of its images that was recognised, None with fewer than two classes. ``lures``: the
    classes that attract wrong answers, most first. ``few``: so many of the possible kinds of
    mistake, in cells, hold half of all wrong answers, of ``kinds`` that occurred."""

    mix_ups: list[MixUp]
    best: tuple[int, float] | None
    worst: tuple[int, float] | None
    lures: list[Lure]
    few: int
    kinds: int


def tell(confusion: np.ndarray, most: int = 3) -> Story:
    """The story of a confusion matrix (c, c), rows true and columns called; ``most`` mix-ups."""
    counts = np.asarray(confusion, np.int64)
    wrong = counts - np.diag(np.diag(counts))
    actual = counts.sum(axis=1)
    kinds = np.sort(wrong[wrong > 0])[::-1]
    few = int(np.searchsorted(np.cumsum(kinds), kinds.sum() / 2) + 1) if len(kinds) else 0
    seen = np.flatnonzero(actual)
    best = worst = None
    if len(seen) > 1:
        recall = counts[seen, seen] / actual[seen]
        best, worst = (
            (int(seen[at]), float(recall[at])) for at in (recall.argmax(), recall.argmin())
        )
    return Story(_mix_ups(wrong, actual, most), best, worst, _lures(wrong), few, len(kinds))


def _mix_ups(wrong: np.ndarray, actual: np.ndarray, most: int) -> list[MixUp]:
    """Pairs by how many images they cost in both directions; ties in the order of the classes."""
    first, second = np.nonzero(np.triu(wrong + wrong.T))
    order = np.argsort(-(wrong + wrong.T)[first, second], kind="stable")[:most]
    found = []
    for a, b in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if wrong[a, b] < wrong[b, a]:
            a, b = b, a
        share, back = (wrong[x, y] / max(1, actual[x]) for x, y in ((a, b), (b, a)))
        both = min(share, back) >= _BOTH_WAYS * max(share, back)
        counts = int(wrong[a, b]), float(share), int(wrong[b, a]), float(back)
        found.append(MixUp(a, b, *counts, bool(both)))
    return found


def _lures(wrong: np.ndarray) -> list[Lure]:
    drawn, total = wrong.sum(axis=0), int(wrong.sum())
    if total == 0 or len(wrong) < 3:  # of two classes, one draws all that the other loses
        return []
    order = np.argsort(-drawn, kind="stable")
    enough = [c for c in order if drawn[c] >= max(_FEWEST, _LURES * total / len(wrong))]
    return [Lure(int(c), int(drawn[c]), float(drawn[c] / total)) for c in enough[:3]]
