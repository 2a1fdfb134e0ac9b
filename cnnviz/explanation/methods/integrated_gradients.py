"""Integrated Gradients (Sundararajan, Taly, Yan 2017, arXiv 1703.01365)."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from cnnviz.explanation.methods.input_gradients import gradients_of
from cnnviz.explanation.methods.many_passes import ManyPasses, OneImage, baseline_option
from cnnviz.explanation.task import Option
from cnnviz.inference.layers import compiled, image_signature

_GOOD_ENOUGH = 0.01  # relative error of the sum up to which no more steps are taken
_MOST_STEPS = 8  # times the steps asked for
_NOTHING = 1e-6  # gains in score below this are none


class IntegratedGradients(ManyPasses):
    """What each pixel adds to the score while the image is faded in from a plain one.

    The integral over the way from the ``baseline`` (a place in ``perturbing.BASELINES``) to the
    image of gradient × (image − baseline), summed over a pixel's channels. Signed. All pixels
    together are the gain in score ("completeness"); ``completeness_error`` says by which share of
    it the sum is off. ``steps`` points of the way are evaluated (trapezoidal rule), closer to each
    other near the plain image, where scores change fastest. The scores at the points tell which
    stretches were estimated worst: while the error is above 1 %, those are halved, up to eight
    times as many points. ``gain`` is the gain in score, ``steps`` the points it took.
    """

    name = "integrated_gradients"
    options = {"steps": Option(32, 2, 256), "baseline": baseline_option("black")}

    def explain_one(self, one: OneImage) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        way = _Way(one)
        steps = one.options["steps"]
        way.go(np.linspace(0, 1, steps) ** 2)
        while way.error > _GOOD_ENOUGH and len(way.amounts) < _MOST_STEPS * steps:
            way.go(way.worst(min(len(way.amounts) // 2, _MOST_STEPS * steps - len(way.amounts))))
        details = {"completeness_error": way.error, "gain": way.gain, "steps": len(way.amounts)}
        return way.map()[None], {name: np.array([value]) for name, value in details.items()}


class _Way:
    """The points of the way evaluated so far, in order."""

    def __init__(self, one: OneImage) -> None:
        self._one, self._plain = one, one.plain
        self._run = compiled(
            one.keras_model, ("integrated_gradients",), lambda: _build(one.keras_model)
        )
        self.amounts = np.zeros(0)
        self._maps = np.zeros((0, *one.image.shape[:2]), np.float32)
        self._scores = np.zeros(0)

    def go(self, amounts: np.ndarray) -> None:
        """Evaluate further points, ``amounts`` (k,) of the image between 0 and 1."""
        one, found = self._one, []

        def so_far() -> np.ndarray:
            return np.concatenate([maps for maps, _ in found]).mean(axis=0)[None]

        for part in one.batches(len(amounts)):
            shown = amounts[part].astype(np.float32)
            seen = self._run(one.image, self._plain, shown, one.targets[0], one.against[0])
            found.append([values.numpy() for values in seen])
            one.step(part.stop / len(amounts), so_far)
        maps, scores = (np.concatenate(values) for values in zip(*found, strict=True))
        amounts = np.concatenate([self.amounts, amounts])
        order = np.argsort(amounts)
        self.amounts = amounts[order]
        self._maps = np.concatenate([self._maps, maps])[order]
        self._scores = np.concatenate([self._scores, scores])[order]

    @property
    def gain(self) -> float:
        """How much more score the image has than the plain one."""
        return float(self._scores[-1] - self._scores[0])

    @property
    def _estimates(self) -> np.ndarray:
        """The gain of each stretch between two points, by the trapezoidal rule."""
        slopes = self._maps.sum(axis=(1, 2), dtype=np.float64)
        return np.diff(self.amounts) * (slopes[1:] + slopes[:-1]) / 2

    @property
    def error(self) -> float:
        """|sum of the map − gain| / |gain|."""
        return float(abs(self._estimates.sum() - self.gain) / max(abs(self.gain), _NOTHING))

    def worst(self, count: int) -> np.ndarray:
        """The middles of the ``count`` stretches whose gain is estimated worst."""
        wrong = np.abs(self._estimates - np.diff(self._scores))
        chosen = np.argsort(-wrong, kind="stable")[:count]
        return (self.amounts[chosen] + self.amounts[chosen + 1]) / 2

    def map(self) -> np.ndarray:
        """The map (h, w): every point counts for half the stretches to its sides."""
        widths = np.pad(np.diff(self.amounts), 1)
        weights = ((widths[1:] + widths[:-1]) / 2).astype(np.float32)
        return np.tensordot(weights, self._maps, axes=1)


def _build(keras_model: keras.Model) -> Callable:
    """(image, plain (h, w, c), amounts (k,), target, against) → gradients × (image − plain) as maps
    (k, h, w), and scores (k,)."""

    def run(
        image: tf.Tensor,
        plain: tf.Tensor,
        amounts: tf.Tensor,
        target: tf.Tensor,
        against: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        whole = image - plain
        shown = plain + amounts[:, None, None, None] * whole
        gradients, scores, _, _ = gradients_of(keras_model, shown, target, against)
        return tf.einsum("khwc,hwc->khw", gradients, whole), scores

    image = tf.TensorSpec(image_signature(keras_model).shape[1:], tf.float32)
    number = tf.TensorSpec((), tf.int32)
    signature = [image, image, tf.TensorSpec((None,), tf.float32), number, number]
    return tf.function(run, input_signature=signature, autograph=False)
