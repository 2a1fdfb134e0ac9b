"""What the gradient class activation maps share: a weighted sum of a layer's channels.

They differ in one step, how a channel (or each of its positions) is weighted. A method is a file
with a subclass that overrides ``weights``, and a line in the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf

from cnnviz.errors import NotPossible
from cnnviz.explanation.scoring import chosen, score_of
from cnnviz.explanation.task import Explainer, Found, Task
from cnnviz.inference.layers import compiled, image_signature, run_through


class ClassActivationMap(Explainer):
    """Base of the methods. ``signed`` methods keep the evidence against the class.

    Where a class is held against another, all maps are signed.
    """

    signed: ClassVar[bool] = False
    needs_gradients: ClassVar[bool] = True

    def weights(self, activations: tf.Tensor, gradients: tf.Tensor | None) -> tf.Tensor:
        """The weight of each channel, (n, 1, 1, c), or of each of its positions, (n, h, w, c).

        Args:
            activations: the layer's output, float32 (n, h, w, c).
            gradients: of the class score with respect to it, same shape; None where no method
                needs them.
        """
        raise NotImplementedError

    def maps(
        self, activations: tf.Tensor, gradients: tf.Tensor | None, against: tf.Tensor
    ) -> tf.Tensor:
        """The raw maps (n, h, w)."""
        weights = self.weights(activations, gradients)
        if weights.shape[1:3] == (1, 1):  # twice as fast as multiplying out and adding up
            maps = tf.einsum("nhwc,nc->nhw", activations, weights[:, 0, 0])
        else:
            maps = tf.reduce_sum(weights * activations, axis=-1)
        if self.signed:
            return maps
        return tf.where((against < 0)[:, None, None], tf.nn.relu(maps), maps)

    def explain(self, task: Task) -> Found:
        return explain_together(task, (self,), (task.layer,))[self.name, task.layer]


def explain_together(
    task: Task, methods: Sequence[ClassActivationMap], layers: Sequence[str]
) -> dict[tuple[str, str], Found]:
    """All methods at all layers from one forward and one backward pass for each batch."""
    methods, layers = tuple(methods), tuple(dict.fromkeys(layers))
    run = compiled_maps(task.keras_model, layers, methods)
    parts = []
    for start in range(0, len(task.images), task.batch):
        task.check_cancelled()
        part = slice(start, start + task.batch)
        parts.append(run(task.images[part], task.targets[part], task.against[part]))
    maps = [np.concatenate([p[0][i].numpy() for p in parts]) for i in range(len(parts[0][0]))]
    targets = np.concatenate([found.numpy() for _, found, _ in parts])
    probabilities = np.concatenate([shares.numpy() for _, _, shares in parts])
    shares = probabilities[np.arange(len(targets)), targets]
    keys = [(method.name, layer) for layer in layers for method in methods]
    return {key: Found(raw, targets, shares) for key, raw in zip(keys, maps, strict=True)}


def compiled_maps(
    keras_model: keras.Model, layers: tuple[str, ...], methods: tuple[ClassActivationMap, ...]
) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple]:
    """One forward and one backward pass, shared by all, compiled once per model.

    Returns:
        A function of raw images float32 (n, h, w, c), targets int32 (n,) and the classes they are
        held against int32 (n,) (see :mod:`cnnviz.explanation.scoring`). It returns the raw maps
        (n, h, w), of all methods for the first layer, then for the next; the targets; and the
        probabilities (n, classes). It raises NotPossible where a layer is not on a way to the
        scores.
    """

    def build() -> Callable:
        def run(images: tf.Tensor, targets: tf.Tensor, against: tf.Tensor) -> tuple:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                seen = run_through(keras_model, images, layers, on_output=tape.watch)
                targets = chosen(seen.scores, targets)
                score = score_of(seen.scores, targets, against)
            outputs = [seen.outputs[layer] for layer in layers]
            gradients = [None] * len(layers)
            if any(method.needs_gradients for method in methods):
                gradients = tape.gradient(score, outputs)
                for layer, gradient in zip(layers, gradients, strict=True):
                    if gradient is None:
                        raise NotPossible(
                            "No way leads from the layer “{layer}” to the score of a class, so it "
                            "has no part in the answer. Choose another layer.",
                            layer=layer[:60],
                        )
                gradients = [tf.cast(gradient, tf.float32) for gradient in gradients]
            maps = tuple(
                method.maps(tf.cast(output, tf.float32), gradient, against)
                for output, gradient in zip(outputs, gradients, strict=True)
                for method in methods
            )
            return maps, targets, seen.probabilities

        numbers = tf.TensorSpec((None,), tf.int32)
        signature = [image_signature(keras_model), numbers, numbers]
        function = tf.function(run, input_signature=signature, autograph=False)
        return function.get_concrete_function()  # a call costs a third of a millisecond less

    key = ("cam", layers, tuple(m.name for m in methods))
    return compiled(keras_model, key, build)
