"""What a method is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import keras
import numpy as np

from cnnviz.errors import BadInput

Report = Callable[[float, str], None]
OnFrame = Callable[[np.ndarray], None]


@dataclass(frozen=True)
class Task:
    """Images to be explained.

    ``images`` (n, h, w, c) float32 raw 0–255 at the network's input size; ``targets`` (n,) int32,
    ``scoring.BEST`` for the class with the highest score; ``against`` (n,) int32, the class that a
    target is held against, ``scoring.NONE`` for none; ``batch`` is how many images the network
    takes at once (``batching.images_at_once``); ``layer`` is None for methods that take none.
    ``options`` are checked and complete. ``report`` is called with the fraction done and a text,
    ``check_cancelled`` between steps (it ends the work by raising), ``on_frame`` with the raw maps
    so far (n, h, w) of methods that take long.
    """

    keras_model: keras.Model
    images: np.ndarray
    targets: np.ndarray
    against: np.ndarray
    batch: int
    layer: str | None = None
    options: Mapping[str, float] = field(default_factory=dict)
    report: Report = lambda fraction, text: None
    check_cancelled: Callable[[], None] = lambda: None
    on_frame: OnFrame | None = None


@dataclass(frozen=True)
class Found:
    """``raw`` (n, h, w) float32, not normalised; ``targets`` (n,) and their ``shares`` (n,).

    ``details`` are numbers a method knows about its own map, an array (n,) each
    (``integrated_gradients``: ``completeness_error``).
    """

    raw: np.ndarray
    targets: np.ndarray
    shares: np.ndarray
    details: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Option:
    """A number that a method can be given: its default, and the limits it must lie between.

    An option with a whole-number default takes whole numbers only.
    """

    default: float
    low: float
    high: float


class Explainer:
    """Base of the methods; ``name`` is the one in the catalogue."""

    name: ClassVar[str]
    options: ClassVar[Mapping[str, Option]] = {}

    def explain(self, task: Task) -> Found:
        raise NotImplementedError


def checked_options(explainer: Explainer, given: Mapping[str, object]) -> dict[str, float]:
    """All options of a method, the given ones checked; raises BadInput."""
    values = {name: option.default for name, option in explainer.options.items()}
    for name, value in given.items():
        option = explainer.options.get(name)
        if option is None:
            raise BadInput(
                "The method “{method}” has no option “{name}”. It has: {known}.",
                method=explainer.name,
                name=str(name)[:40],
                known=", ".join(explainer.options) or "–",
            )
        whole = isinstance(option.default, int)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        right = number and option.low <= value <= option.high  # not so for infinity, or no number
        if not right or (whole and value != int(value)):
            raise BadInput(
                "“{name}” has to be a number from {low} to {high}.",
                name=name,
                low=option.low,
                high=option.high,
            )
        values[name] = int(value) if whole else float(value)
    return values
