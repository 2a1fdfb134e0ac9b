"""What the methods share that ask about every channel of a layer by passes of its own.

Images that are the same (several classes of one image) share their passes.
"""

from __future__ import annotations

from abc import abstractmethod
from itertools import groupby

import numpy as np

from cnnviz.explanation.task import Explainer, Found, Task
from cnnviz.inference.layers import capture
from cnnviz.texts import N_

ASKING = N_("Asking about each channel")
_ROUNDING = 1e-6  # smaller weights are float32 noise; a map of noise would look like evidence


class ChannelwiseMap(Explainer):
    """Base: a weighted sum of a layer's channels; the weights come from further passes.

    Maps are ReLU'd, except where a class is held against another: those are signed.
    """

    @abstractmethod
    def order(self, activations: np.ndarray, task: Task) -> np.ndarray:
        """The channels to ask about, the most telling first; the others count nothing.

        Args:
            activations: the layer's output for one image, float32 (h, w, c).
        """

    @abstractmethod
    def usual(self, task: Task, image: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """What the changed answers are compared with, (classes,).

        Args:
            image: (1, h, w, c) float32.
            scores: (classes,) before the softmax or sigmoid, of the unchanged image.
        """

    @abstractmethod
    def ask(
        self, task: Task, image: np.ndarray, activations: np.ndarray, channels: np.ndarray
    ) -> np.ndarray:
        """The answers (m, classes) with the image or the layer changed for each of m channels."""

    @abstractmethod
    def weigh(self, asked: np.ndarray, usual: np.ndarray) -> np.ndarray:
        """The weights (k, m) of m channels for k classes, as shares of 1.

        Args:
            asked: (k, m) the changed answers for the classes (less those of their rivals).
            usual: (k, 1) what they are compared with.
        """

    def batch(self, task: Task, activations: np.ndarray) -> int:
        """Channels that are asked about at once."""
        return task.batch

    def explain(self, task: Task) -> Found:
        look = capture(task.keras_model, (task.layer,))
        same = groupby(range(len(task.images)), key=lambda i: task.images[i].tobytes())
        groups = [list(members) for _, members in same]
        targets, raw = task.targets.copy(), np.zeros((len(task.images), 1, 1), np.float32)
        shares, counted = np.zeros((2, len(task.images)), np.float32)
        for done, members in enumerate(groups):
            task.check_cancelled()
            image = task.images[members[:1]]
            seen = look(image)
            activations = np.asarray(seen.outputs[task.layer], np.float32)[0]
            scores = seen.scores.numpy()[0]
            targets[members] = np.where(targets[members] < 0, scores.argmax(), targets[members])
            shares[members] = seen.probabilities.numpy()[0, targets[members]]
            if raw.shape[1:] != activations.shape[:2]:
                raw = np.zeros((len(raw), *activations.shape[:2]), np.float32)

            classes = targets[members], task.against[members]
            usual = _leads(self.usual(task, image, scores)[None], *classes)
            channels = self.order(activations, task)
            counted[members] = len(channels)
            sums = np.zeros((len(members), *raw.shape[1:]), np.float32)
            signed = (task.against[members] >= 0)[:, None, None]
            step = self.batch(task, activations)
            for start in range(0, len(channels), step):
                task.check_cancelled()
                part = channels[start : start + step]
                asked = _leads(self.ask(task, image, activations, part), *classes)
                weights = self.weigh(asked, usual)
                weights = np.where(np.abs(weights) < _ROUNDING, 0, weights)
                sums += np.einsum("km,hwm->khw", weights, activations[:, :, part])
                raw[members] = np.where(signed, sums, np.maximum(sums, 0))
                if task.on_frame is not None:
                    task.on_frame(raw.copy())
                share = min(1.0, (start + step) / len(channels))
                task.report((done + share) / len(groups), ASKING)
        return Found(raw, targets, shares, {"channels": counted})


def _leads(answers: np.ndarray, targets: np.ndarray, against: np.ndarray) -> np.ndarray:
    """What answers (m, classes) hold for k targets, less what for their rivals: (k, m)."""
    rivals = np.where(against < 0, 0, answers[:, np.maximum(against, 0)])
    return (answers[:, targets] - rivals).T
