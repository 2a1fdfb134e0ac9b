"""What the methods share that show a network many changed copies of one image.

Images are taken one by one, each with a few dozen copies at once: the copies fill a batch by
themselves, and no image's map can depend on the others. Several classes of one image (the image
repeated) share its passes where a method allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import keras
import numpy as np

from cnnviz.explanation.perturbing import BASELINES, baseline
from cnnviz.explanation.scoring import compiled_scores
from cnnviz.explanation.task import Explainer, Found, Option, Task
from cnnviz.texts import N_

ASKING = N_("Asking about changed copies of the image")

# More than this at once makes a processor slower, not faster: what one layer hands to the next no
# longer fits into its cache. A backward pass keeps all layers' outputs, so it also needs memory.
_MOST_COPIES = 64
_BACKWARD = 8  # times as much memory as the way forward


def baseline_option(kind: str) -> Option:
    """The option ``baseline``: a place in ``perturbing.BASELINES``, ``kind`` unless told."""
    return Option(BASELINES.index(kind), 0, len(BASELINES) - 1)


def at_once(task: Task) -> int:
    """Images that go through the network at once, forward and back to the pixels."""
    return max(1, min(_MOST_COPIES, task.batch // _BACKWARD))


@dataclass(frozen=True)
class OneImage:
    """One image of a task, and the m classes that are asked about it.

    ``image`` (h, w, c) float32 0–255; ``targets`` and ``against`` (m,) are classes, the latter may
    be ``scoring.NONE``; ``scores`` and ``shares`` (m,) the scores (less those of ``against``) and
    the probabilities of the targets for the whole image. ``at_once`` copies go through the network
    together. ``step(fraction, so_far)`` is to be called after each batch of them: ``so_far()``
    gives the maps (m, h, w) as they are then; it ends the work by raising.
    """

    keras_model: keras.Model
    image: np.ndarray
    targets: np.ndarray
    against: np.ndarray
    scores: np.ndarray
    shares: np.ndarray
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
    """Base of the methods; ``together``: they take several classes of one image at a time."""

    together: ClassVar[bool] = False

    def explain_one(self, one: OneImage) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The maps (m, h, w) of one image, and figures about them (m,), always the same names."""
        raise NotImplementedError

    def explain(self, task: Task) -> Found:
        size = at_once(task)
        scores, targets, shares = _first_look(task, size)
        raw = np.zeros(task.images.shape[:3], np.float32)
        details: list[dict[str, np.ndarray]] = []
        for part in self._groups(task):
            one = OneImage(
                task.keras_model,
                task.images[part.start],
                targets[part],
                task.against[part],
                scores[part],
                shares[part],
                task.options,
                size,
                partial(_step, task, raw, part),
            )
            task.check_cancelled()
            raw[part], figures = self.explain_one(one)
            details.append(figures)
        figures = {name: np.concatenate([d[name] for d in details]) for name in details[0]}
        figures = {name: values.astype(np.float32) for name, values in figures.items()}
        return Found(raw, targets, shares, figures)

    def _groups(self, task: Task) -> Iterator[slice]:
        """Neighbours that are taken at a time: the same image, if the method can."""
        start, images = 0, task.images
        for stop in range(1, len(images) + 1):
            same = self.together and stop < len(images)
            if not (same and np.array_equal(images[stop], images[start])):
                yield slice(start, stop)
                start = stop


def _step(
    task: Task, raw: np.ndarray, part: slice, fraction: float, so_far: Callable[[], np.ndarray]
) -> None:
    done = part.start + fraction * (part.stop - part.start)
    task.report(done / len(raw), ASKING)
    if task.on_frame is not None:
        raw[part] = so_far()
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
