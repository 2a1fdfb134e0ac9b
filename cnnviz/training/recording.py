"""What is written down at a moment of a training: how good the network is, and what it is like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnviz.datasets.dataset import Dataset
from cnnviz.runs.events import EventWriter
from cnnviz.training import keeping
from cnnviz.training.looking import Look, confusion_of
from cnnviz.training.network import Network, score

QUICK_VAL = 1000  # validation images looked at in the middle of the first epoch
SAMPLES = 9


@dataclass(frozen=True)
class Verdict:
    """What validation images said; ``confusion`` (c, c) counts true and predicted classes."""

    loss: float
    accuracy: float
    confusion: np.ndarray


class Recorder:
    """Validates, and keeps weights and insights; the weights must stand still meanwhile.

    Args:
        folder: of the run.
        network: in training.
        val: the validation images.
        writer: of the diary.
    """

    def __init__(self, folder: Path, network: Network, val: Dataset, writer: EventWriter) -> None:
        self._folder, self._network, self._val, self._writer = folder, network, val, writer
        order = np.random.default_rng(0).permutation(len(val))
        self._look = Look(network.model, val.images[np.sort(order[:64])])
        self.samples = pick_samples(val)

    def validate(self, step: int, epoch: int, images: int | None = None) -> Verdict:
        """Look at the validation images, or the first few of them, and show the samples."""
        labels = self._val.labels[:images]
        shares = self._network.probabilities(self._val.images[:images])
        loss, accuracy = (round(x, 6) for x in score(shares, labels))
        if np.isfinite(loss):
            self._writer.write(
                "validation",
                step=step,
                epoch=epoch,
                loss=loss,
                accuracy=accuracy,
                images=len(labels),
            )
            self.show_samples(step)
        return Verdict(loss, accuracy, confusion_of(shares, labels))

    def show_samples(self, step: int) -> None:
        """What the network says about the same nine images."""
        shares = self._network.probabilities(self._val.images[self.samples])
        labels = self._val.labels[self.samples].tolist()
        rounded = np.round(shares.astype(float), 4).tolist()
        self._writer.write("samples", step=step, labels=labels, probabilities=rounded)

    def keep(
        self,
        label: str,
        step: int,
        epoch: int | None = None,
        confusion: np.ndarray | None = None,
        best: bool = False,
    ) -> None:
        """A checkpoint with the insight that belongs to it."""
        keeping.save_checkpoint(self._folder, label, self._network.model.get_weights(), best)
        self._writer.write("checkpoint", label=label, step=step)
        self._look.insight(label, step, epoch, confusion).save(self._folder)
        self._writer.write("insight", label=label, step=step)


def pick_samples(val: Dataset) -> np.ndarray:
    """Indices of nine validation images, of as many classes as there are, always the same."""
    order = np.random.default_rng(0).permutation(len(val))
    _, first = np.unique(val.labels[order], return_index=True)
    chosen = np.concatenate([order[np.sort(first)], order])
    return chosen[np.sort(np.unique(chosen, return_index=True)[1])][:SAMPLES]
