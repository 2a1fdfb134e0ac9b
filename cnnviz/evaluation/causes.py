"""What may be behind mistakes: counted, overlapping possible causes, each with its images."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cnnviz.evaluation.duplicates import Twins
from cnnviz.evaluation.image_quality import Unusual
from cnnviz.evaluation.label_errors import LabelErrors
from cnnviz.evaluation.novelty import Novelty
from cnnviz.evaluation.results import Evaluation

KEYS = (
    "label_error",
    "duplicate",
    "leak",
    "dark",
    "bright",
    "blurred",
    "odd_size",
    "pair",
    "unlike",
    "low_margin",
)
# Those that say something of the image. The others exist only where the answer is wrong, so it
# would be no news that they are commoner there.
ABOUT_IMAGES = ("duplicate", "leak", "dark", "bright", "blurred", "odd_size", "unlike")
MARGIN = 0.1  # of the vote between the two likeliest classes
CHANCE = 0.01  # how likely a difference may be by chance before it is not mentioned
_FEWEST_OF_A_PAIR = 3


@dataclass(frozen=True)
class Cause:
    """One possible cause.

    ``positions`` are places in the evaluation, wrong answers first, then by strength; ``count`` is
    how many of them are wrong answers. ``share_wrong`` and ``share_right`` are the shares of the
    wrong and of the right answers that have it, 0 to 1; ``more`` says that the former is larger,
    and not by chance (Fisher's exact test, one-sided). ``details`` has arrays along ``positions``,
    and numbers.
    """

    key: str
    positions: np.ndarray
    count: int
    share_wrong: float
    share_right: float
    more: bool
    details: dict = field(default_factory=dict)

    def to_message(self) -> dict:
        """The fields as numbers, strings and arrays, for another process."""
        return {
            "key": self.key,
            "count": self.count,
            "total": len(self.positions),
            "positions": self.positions,
            "share_wrong": self.share_wrong,
            "share_right": self.share_right,
            "more": self.more,
            "details": self.details,
        }


def counted(
    key: str, where: np.ndarray, strength: np.ndarray, wrong: np.ndarray, **details: object
) -> Cause:
    """A cause from which of n images have it (n,) bool, how strongly (n,), and which answers are
    wrong (n,) bool. Arrays among ``details`` are (n,) too, and are brought into its order."""
    positions = np.flatnonzero(where)
    strength = np.nan_to_num(strength[positions].astype(np.float64))
    positions = positions[np.lexsort((-strength, ~wrong[positions]))].astype(np.int32)
    count = int(wrong[positions].sum())
    rights, wrongs = int((~wrong).sum()), int(wrong.sum())
    right = len(positions) - count
    return Cause(
        key,
        positions,
        count,
        count / max(wrongs, 1),
        right / max(rights, 1),
        key in ABOUT_IMAGES and _more(count, wrongs, right, rights),
        {k: v[positions] if isinstance(v, np.ndarray) else v for k, v in details.items()},
    )


def _more(count: int, wrongs: int, right: int, rights: int) -> bool:
    """Whether ``count`` of the wrong answers is a larger share than ``right`` of the right ones."""
    if not count or not rights or count / wrongs <= right / rights:
        return False
    from scipy.stats import hypergeom  # here: half a second that other questions need not wait

    return float(hypergeom.sf(count - 1, wrongs + rights, count + right, wrongs)) < CHANCE


def label_errors(found: LabelErrors, wrong: np.ndarray) -> Cause:
    """Labels that are likely wrong; ``suggested`` is the class the network would give."""
    suggested = found.suggested.astype(np.int32)
    return counted("label_error", found.where, found.strength, wrong, suggested=suggested)


def duplicates(twins: Twins, labels: np.ndarray, wrong: np.ndarray) -> Cause:
    """Images that are there twice; ``twin`` is the position of the other one."""
    first = np.concatenate([twins.first, twins.second])
    second = np.concatenate([twins.second, twins.first])
    return _twins("duplicate", first, second, twins, labels, labels, wrong)


def leaks(
    twins: Twins, labels: np.ndarray, training: np.ndarray, rows: np.ndarray, wrong: np.ndarray
) -> Cause:
    """Images with a twin in training; ``twin`` is its place there, from ``rows``, the places of the
    images that ``training``, their labels, belong to."""
    found = _twins("leak", twins.first, twins.second, twins, labels, training, wrong)
    found.details["twin"] = rows[found.details["twin"]].astype(np.int32)
    return found


def _twins(
    key: str,
    first: np.ndarray,
    second: np.ndarray,
    twins: Twins,
    labels: np.ndarray,
    other_labels: np.ndarray,
    wrong: np.ndarray,
) -> Cause:
    """A twin under another label comes first: one of the two must be wrong. Then the most alike."""
    times = len(first) // max(len(twins.first), 1)
    correlation = np.tile(twins.correlation, times)
    mirrored = np.tile(twins.mirrored, times)
    other = labels[first] != other_labels[second]
    twin = np.full(len(labels), -1, np.int32)
    strength, flags = np.zeros(len(labels)), np.zeros((2, len(labels)), bool)
    for k in np.argsort(other + correlation, kind="stable"):  # the strongest stays
        twin[first[k]] = second[k]
        strength[first[k]] = other[k] + correlation[k]
        flags[:, first[k]] = other[k], mirrored[k]
    return counted(
        key,
        twin >= 0,
        strength,
        wrong,
        twin=twin,
        other_label=flags[0],
        mirrored=flags[1],
        other_labels=int(flags[0].sum()),
    )


def unusual(key: str, found: Unusual, wrong: np.ndarray, **details: object) -> Cause:
    """Too dark, too bright, blurred, of an odd size."""
    return counted(key, found.where, found.strength, wrong, **details)


def worst_pair(found: Evaluation, wrong: np.ndarray) -> Cause:
    """The images of the commonest mistake, unless it happened once or twice."""
    pair = found.worst_pair
    if pair is None or pair[2] < _FEWEST_OF_A_PAIR:
        return counted("pair", np.zeros(len(found), bool), found.confidence, wrong)
    where = (found.labels == pair[0]) & (found.predicted == pair[1])
    return counted("pair", where, found.confidence, wrong, true=pair[0], called=pair[1])


def unlike(found: Novelty, wrong: np.ndarray) -> Cause:
    """Far from every training image; ``limit`` is the distance that counts as far."""
    return counted(
        "unlike", found.where, found.distance, wrong, distance=found.distance, limit=found.limit
    )


def low_margin(found: Evaluation, wrong: np.ndarray) -> Cause:
    """The two likeliest classes got almost the same vote."""
    if found.top_probabilities.shape[1] < 2:
        return counted("low_margin", np.zeros(len(found), bool), found.confidence, wrong)
    margin = found.top_probabilities[:, 0] - found.top_probabilities[:, 1]
    margin = margin.astype(np.float32)
    return counted("low_margin", margin < MARGIN, -margin, wrong, margin=margin)
