"""What the methods share that show a network many changed copies of one image.

Images are taken one by one, each with a few dozen copies at once: the copies fill a batch by
themselves, and no image's map can depend on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np

from cnnviz.explanation.perturbing import BASELINES, baseline
from cnnviz.explanation.scoring import compiled_scores
from cnnviz.explanation.task import VALUES_PER_BATCH, Explainer, Found, Option, Task
from cnnviz.texts import N_

ASKING = N_("Asking about changed copies of the image")

# More than this at once makes a processor slower, not faster: what one layer hands to the next no
# longer fits into its cache. A backward pass keeps all layers' outputs, so it also needs memory.
_MOST_COPIES = 64
_VALUES = VALUES_PER_BATCH // 8


def baseline_option(kind: str) -> Option:
    """The option ``baseline``: a place in ``perturbing.BASELINES``, ``kind`` unless told."""
    return Option(BASELINES.index(kind), 0, len(BASELINES) - 1)


def at_once(task: Task) -> int:
    """Images that go through the network at once, forward and back to the pixels."""
    return max(1, min(_MOST_COPIES, task.batch, _VALUES // task.images[0].size))


@dataclass(frozen=True)
class OneImage:
    """One image of a task.

    ``image`` (h, w, c) float32 0–255; ``target`` and ``against`` are classes, the latter may be
    ``scoring.NONE``; ``score`` and ``share`` the score (less that of ``against``) and the
    probability of the target for the whole image. ``at_once`` copies go through the network
    together. ``step(fraction, so_far)`` is to be called after each batch of them: ``so_far()``
    gives the map (h, w) as it is then; it ends the work by raising.
    """

    keras_model: keras.Model
    image: np.ndarray
    target: np.int32
    against: np.int32
    score: float
    share: float
    options: Mapping[str, float]
    at_once: int
    step: Callable[[float, Callable[[], np.ndarray]], None]

    @property
    def plain(self) -> np.ndarray:
        """The image without content (h, w, c) that the option ``baseline`` names."""
        return baseline(self.image[None], BASELINES[int(self.options["baseline"])])[0]

    def batches(self, count: int) -> Iterator[slice]:
        """Slices of ``count`` copies that go through the network together."""
        return (slice(i, min(i + self.at_once, count)) for i in range(0, count, self.at_once))


class ManyPasses(Explainer):
    """Base of the methods."""

    def explain_one(self, one: OneImage) -> tuple[np.ndarray, dict[str, float]]:
        """The map (h, w) of one image, and figures about it (the same names for every image)."""
        raise NotImplementedError

    def explain(self, task: Task) -> Found:
        size = at_once(task)
        scores, targets, shares = _first_look(task, size)
        raw = np.zeros(task.images.shape[:3], np.float32)
        details: list[dict[str, float]] = []
        for i, image in enumerate(task.images):
            one = OneImage(
                task.keras_model,
                image,
                targets[i],
                task.against[i],
                float(scores[i]),
                float(shares[i]),
                task.options,
                size,
                partial(_step, task, raw, i),
            )
            task.check_cancelled()
            raw[i], figures = self.explain_one(one)
            details.append(figures)
        together = {name: np.array([d[name] for d in details], np.float32) for name in details[0]}
        return Found(raw, targets, shares, together)


def _step(
    task: Task, raw: np.ndarray, i: int, fraction: float, so_far: Callable[[], np.ndarray]
) -> None:
    task.report((i + fraction) / len(raw), ASKING)
    if task.on_frame is not None:
        raw[i] = so_far()
        task.on_frame(raw.copy())
    task.check_cancelled()


def _first_look(task: Task, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, targets and the targets' shares (n,) of the unchanged images."""
    look, parts = compiled_scores(task.keras_model), []
    for start in range(0, len(task.images), size):
        task.check_cancelled()
        part = slice(start, start + size)
        seen = look(task.images[part], task.targets[part], task.against[part])
        scores, targets, probabilities = (values.numpy() for values in seen)
        shares = np.take_along_axis(probabilities, targets[:, None], axis=1)[:, 0]
        parts.append((scores, targets, shares))
    scores, targets, shares = (np.concatenate(values) for values in zip(*parts, strict=True))
    return scores, targets, shares
