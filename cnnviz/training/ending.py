"""How a training ends: the model and its card, or the reason why there is none."""

from __future__ import annotations

import contextlib
import errno
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.dataset import Dataset
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import CnnvizError, NotPossible, Unexpected
from cnnviz.models.cards import FILE as CARD
from cnnviz.models.cards import Accuracy, Card
from cnnviz.models.references import MODEL_FILE
from cnnviz.models.structure import make_card
from cnnviz.runs.run import OUTCOME
from cnnviz.storage import write_whole
from cnnviz.texts import N_
from cnnviz.training.config import TrainingConfig
from cnnviz.training.network import Network

RESERVE_BYTES = 64 * 1024
TEST_S = 10.0  # a look at the test images may take about this long, else at part of them
LOG = "log.txt"
_FROM_SCRATCH = N_("Trained here, from scratch.")
_TRANSFERRED = N_("Trained here, on top of a network that had learned before.")


class Reserve:
    """Some room on the disk, given up in order to write the outcome of a run on a full one."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / ".reserve"
        with contextlib.suppress(OSError):
            self._file.write_bytes(b"\0" * RESERVE_BYTES)

    def release(self) -> None:
        self._file.unlink(missing_ok=True)


def describe(network: keras.Model, config: TrainingConfig, class_names: Sequence[str]) -> Card:
    """The card of a network in training, without accuracy."""
    known = DATASETS.get(config.dataset)
    return make_card(
        network,
        config.title,
        class_names,
        story=_TRANSFERRED if config.architecture == "transfer" else _FROM_SCRATCH,
        dataset=config.dataset if known else None,
        polarity="light_on_dark" if config.dataset == "mnist" else "any",
        source="cnnviz",
    )


def publish_model(
    folder: Path,
    network: Network,
    best: list[np.ndarray],
    config: TrainingConfig,
    val: Dataset,
    figures: dict,
    measure_test: bool,
) -> dict:
    """Write model.keras and the final card; returns the figures about the test images, if any.

    Args:
        folder: of the run.
        network: the trained network; it ends up with the best weights.
        best: those weights, chosen on ``val``.
        config: checked settings.
        val: the validation images.
        figures: with val_accuracy.
        measure_test: whether to take the time to look at the test images, once.
    """
    network.model.set_weights(best)
    name, measured = config.dataset, {}
    accuracy = [Accuracy(figures["val_accuracy"], name, "val", len(val))]
    test = test_images(network.probabilities, val, config) if measure_test else None
    if test is not None:
        _, right = network.measure(test.images, test.labels)
        right = round(right, 6)
        accuracy.insert(0, Accuracy(right, name, "test", len(test)))
        measured = {"test_accuracy": right, "test_images": len(test)}
    alone = network.without_optimizer()
    card = replace(describe(alone, config, val.class_names), accuracy=tuple(accuracy))
    temporary = folder / f".new-{MODEL_FILE}"
    try:
        alone.save(temporary)
        temporary.replace(folder / MODEL_FILE)
    finally:
        temporary.unlink(missing_ok=True)
    write_whole(folder / CARD, card.to_json().encode())
    return measured


def write_outcome(
    folder: Path,
    reserve: Reserve,
    status: str,
    figures: dict,
    reason: CnnvizError | None = None,
    details: str = "",
) -> None:
    """Write outcome.json, if need be with the room that was kept free, and details to the log."""
    told = reason and {"code": reason.code, "template": reason.template, "values": reason.values}
    outcome = {"status": status, "time": round(time.time(), 3), "reason": told, **figures}
    reserve.release()
    write_whole(folder / OUTCOME, json.dumps(outcome, indent=1).encode())
    if details:
        with contextlib.suppress(OSError), (folder / LOG).open("a", encoding="utf-8") as log:
            log.write(details)


def as_reason(error: Exception) -> CnnvizError:
    """Why a training failed, in a sentence that helps."""
    if isinstance(error, CnnvizError):
        return error
    if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
        return NotPossible(
            "There was not enough memory for this training. Smaller batches, a smaller network "
            "or fewer images need less."
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return NotPossible(
            "The disk is full. Everything up to then is kept; delete old trainings, then start "
            "again."
        )
    return Unexpected(
        "The training broke off for a reason that we did not foresee. Its log says more: “{name}”.",
        name=type(error).__name__,
    )


def test_images(
    probabilities: Callable[[np.ndarray], np.ndarray], val: Dataset, config: TrainingConfig
) -> Dataset | None:
    """The test images, fewer of them for a slow network; None where the data set has none."""
    try:
        test = load_dataset(config.dataset, "test")
    except CnnvizError:
        return None
    part = val.images[:500]
    began = time.monotonic()
    probabilities(part)
    return test.limit(max(500, int(TEST_S * len(part) / (time.monotonic() - began))))
