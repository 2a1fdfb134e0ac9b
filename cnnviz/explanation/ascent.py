"""The steps that turn noise into a picture which excites a channel: compiled gradient ascent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from cnnviz.explanation.folding import foldable, folded, folded_weights
from cnnviz.explanation.painting import Canvas
from cnnviz.inference.layers import compiled, ending_of, find_layer, run_through

WAKING_STEPS = 16  # steps in which dead ReLUs let gradients through
_RATE = 0.05  # Adam's step size
_FIRST, _SECOND = 0.9, 0.999  # how much of Adam's two averages remains
_TINY = 3e-7  # added to the root of the second one

State = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class Goal:
    """What is to be excited, in which layer: a key for compiled functions.

    ``objective`` is ``channel`` (its mean), ``neuron`` (one position of it), ``layer`` (the mean of
    the squares of all its values: DeepDream) or ``class`` (a score before the softmax).
    """

    layer: str
    objective: str


class Ascent:
    """Adam on the pictures of one network, goal and canvas, compiled at the first step.

    Every picture has its own gradient, as if it were painted alone.
    """

    def __init__(self, network: keras.Model, goal: Goal, canvas: Canvas) -> None:
        self._network, self._goal, self._canvas = network, goal, canvas
        ending = ending_of(network)
        layer = None if goal.objective == "class" else find_layer(network, goal.layer)
        self._by_score = layer is None or layer is ending.operation
        self._units = ending.classes if layer is None else ending.units
        self._pairs = foldable(network, [] if self._by_score else [layer])
        coefficients = tf.TensorSpec((None, *canvas.shape), tf.float32)
        numbers, scalar = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((), tf.int32)
        place = tf.TensorSpec((2,), tf.int32)
        signature = [*[coefficients] * 3, numbers, place, scalar, scalar, scalar]
        options = {"autograph": False, "input_signature": signature}
        self._climb = tf.function(lambda *x: self._steps(*x, waking=False), **options)
        self._wake = tf.function(lambda *x: self._steps(*x, waking=True), **options)
        self.finish = tf.function(self._finish, autograph=False, input_signature=[coefficients])

    @staticmethod
    def of(network: keras.Model, goal: Goal, canvas: Canvas) -> Ascent:
        """The one that belongs to this network, so that a second question compiles nothing."""
        return compiled(network, ("ascent", goal, canvas), lambda: Ascent(network, goal, canvas))

    def advance(
        self,
        state: State,
        numbers: tf.Tensor,
        place: tf.Tensor,
        done: int,
        count: int,
        seed: int,
    ) -> State:
        """``count`` steps after ``done`` ones.

        While all gradients of a picture are blocked by dead ReLUs, they let gradients through, in
        the first steps. Steps are first taken as usual; pictures that did not move take them again.
        """
        *moved, stuck = self._climb(*state, numbers, place, done, count, seed)
        if done < WAKING_STEPS and stuck.numpy().any():
            (again,) = np.nonzero(stuck.numpy())
            part = [tf.gather(x, again) for x in state]
            woken = self._wake(*part, np.asarray(numbers)[again], place, done, count, seed)
            moved = [
                tf.tensor_scatter_nd_update(x, again[:, None], y)
                for x, y in zip(moved, woken[:3], strict=True)
            ]
        return tuple(moved)

    def _finish(self, coefficients: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.round(self._canvas.paint(coefficients) * 255), tf.uint8)

    def _steps(
        self,
        coefficients: tf.Tensor,
        first: tf.Tensor,
        second: tf.Tensor,
        numbers: tf.Tensor,
        place: tf.Tensor,
        done: tf.Tensor,
        count: tf.Tensor,
        seed: tf.Tensor,
        *,
        waking: bool,
    ) -> tuple[tf.Tensor, ...]:
        weights, paces = folded_weights(self._pairs), self._canvas.paces()

        def gradient(x: tf.Tensor, i: tf.Tensor, rectifier: Callable | None = None) -> tf.Tensor:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                pictures = self._canvas.paint(x)
                if self._canvas.waves:
                    pictures = self._canvas.shake(pictures, tf.stack([seed, i]))
                with folded(self._pairs, weights) if weights else nullcontext():
                    response = self._response(pictures * 255, numbers, place, rectifier)
            return tape.gradient(response, x)  # of their sum

        def still(change: tf.Tensor) -> tf.Tensor:
            return tf.reduce_all(tf.equal(change, 0), axis=list(range(1, len(change.shape))))

        def step(
            i: tf.Tensor, x: tf.Tensor, m: tf.Tensor, v: tf.Tensor, stuck: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            change = gradient(x, i)
            if waking:
                lost = still(change) & (i < WAKING_STEPS)
                lost = tf.reshape(lost, (-1, *[1] * len(self._canvas.shape)))
                change = tf.where(lost, gradient(x, i, _let_through), change)
            else:
                stuck |= tf.cond(
                    i < WAKING_STEPS, lambda: still(change), lambda: tf.zeros_like(stuck)
                )
            # Adam; its two averages are kept as sums, which saves two products a step.
            m = _FIRST * m + change
            v = _SECOND * v + tf.square(change)
            t = tf.cast(i + 1, tf.float32)
            spread = ((1 - _SECOND) / (1 - _SECOND**t)) ** 0.5
            pace = _RATE * (1 - _FIRST) / (1 - _FIRST**t) / spread * paces
            return i + 1, x + pace * (m / (tf.sqrt(v) + _TINY / paces)), m, v, stuck

        state = (done, coefficients, first, second, tf.zeros_like(numbers, tf.bool))
        return tf.while_loop(lambda i, *_: i < done + count, step, state)[1:]

    def _response(
        self,
        images: tf.Tensor,
        numbers: tf.Tensor,
        place: tf.Tensor,
        rectifier: Callable | None,
    ) -> tf.Tensor:
        """(n,) what is to grow: of each image, for its own number."""
        objective = self._goal.objective
        names = [] if self._by_score else [self._goal.layer]
        seen = run_through(
            self._network, images, names, stop=not self._by_score, rectifier=rectifier
        )
        # A sigmoid unit is one channel, whose score is that of the second of its two classes.
        output = seen.scores[:, -self._units :] if self._by_score else seen.outputs[names[0]]
        output = tf.cast(output, tf.float32)
        inner = list(range(1, len(output.shape)))
        if objective == "layer":
            return tf.reduce_mean(tf.square(output), axis=inner)
        if objective == "neuron" and len(output.shape) == 4:
            height, width = tf.shape(output)[1], tf.shape(output)[2]
            row = tf.where(place[0] < 0, height // 2, tf.minimum(place[0], height - 1))
            column = tf.where(place[1] < 0, width // 2, tf.minimum(place[1], width - 1))
            output = output[:, row, column]
        else:
            output = tf.reduce_mean(output, axis=inner[:-1])
        return tf.gather(output, numbers, batch_dims=1)


def _let_through(x: tf.Tensor, relu: Callable) -> tf.Tensor:
    """A rectifier that lets gradients through where all of a picture's would be blocked.

    From lucid's ``redirected_relu_grad``: never so as to push an input further below zero.
    """

    @tf.custom_gradient
    def rectify(x: tf.Tensor) -> tuple:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = relu(x)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            usual = tape.gradient(y, x, upstream)
            axes = list(range(1, len(x.shape)))
            blocked = tf.reduce_all(tf.equal(usual, 0), axis=axes, keepdims=True)
            upwards = tf.where((x < 0) & (upstream < 0), tf.zeros_like(x), upstream)
            return tf.where(blocked, upwards, usual)

        return y, gradient

    return rectify(x)
