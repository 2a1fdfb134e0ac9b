"""Questions about how good a model is: curves, calibration, and how long an image takes."""

from __future__ import annotations

import time

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions.looking import looked_at
from cnnviz.evaluation.measuring import measure
from cnnviz.texts import N_
from cnnviz.training.devices import describe_device

MEASURING = N_("Working out the curves")
TIMING = N_("Measuring the time")
_WARM = 3
_CALLS = 100  # at most, and at least:
_FEWEST = 30
_SECONDS = 6.0  # after the fewest calls, no new one begins later than this
_LONGEST = 60.0


def measures(
    context: Context, model: str, dataset: str, split: str, class_map: list[int | None] | None
) -> dict:
    """Curves, calibration and the order of the classes, as ``Measures.to_message()``."""

    def looking(fraction: float, text: str) -> None:
        context.report(0.8 * fraction, text)

    seen = looked_at(context, model, dataset, split, class_map=class_map, report=looking)
    found = measure(
        seen.probabilities,
        seen.labels,
        separate=seen.model.ending.separate,
        report=lambda fraction: context.report(0.8 + 0.2 * fraction, MEASURING),
    )
    return found.to_message()


def inference_time(context: Context, model: str) -> dict:
    """How long the network takes for an image: one at a time, and 64 together.

    Returns:
        ``single`` and ``batch``: float32 milliseconds an image of every call that counted, after
        some that did not; ``batch_size``; and the device as in a run's diary.
    """
    opened = context.model(model)
    rng = np.random.default_rng(0)
    shape = opened.card.input_shape

    def calls(size: int, begin: float) -> np.ndarray:
        images = rng.integers(0, 256, (size, *shape), np.uint8)
        for _ in range(_WARM):
            context.check_cancelled()
            opened.predict(images)
        taken: list[float] = []
        start = time.perf_counter()
        while len(taken) < _CALLS:
            elapsed = time.perf_counter() - start
            if (len(taken) >= _FEWEST and elapsed > _SECONDS) or (taken and elapsed > _LONGEST):
                break
            context.report(begin + 0.5 * min(1.0, len(taken) / _FEWEST), TIMING)
            before = time.perf_counter()
            opened.predict(images)
            taken.append((time.perf_counter() - before) * 1000 / size)
        return np.array(taken, np.float32)

    single, batch = calls(1, 0.0), calls(64, 0.5)
    return {"single": single, "batch": batch, "batch_size": 64, **describe_device()}
